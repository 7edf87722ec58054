//! [`ReleaseCheck`]: downloads each platform's asset, and verifies and unpacks it.

use std::{
    io::{self, BufReader, Read},
    time::SystemTime,
};

use loom_source::{
    ArchiveFormat, DigestSource, Offer, Packaging, Platform, Product, Release, Source, Version,
};

use super::{
    CheckProblem, PlatformReport, ReleaseSigners, download,
    published_files::{self, PublishedSums},
    recorded_evidence::RecordedEvidence,
    signatures::{SignatureCheck, SignedFile},
};
use crate::{
    release::checksum_files::SUMS,
    store::{Received, Store, TreeLimits, UnpackError},
    trust::{Channel, Expected, OfferSignatures, Pins, Policy},
};

/// A check of a published release.
pub struct ReleaseCheck<'a> {
    /// The source that has the release.
    pub source: &'a dyn Source,
    /// How the source is reached.
    pub channel: Channel,
    /// The binary, on any platform.
    pub product: Product,
    /// The version.
    pub version: Version,
    /// The keys and identities by which it is verified.
    pub signers: &'a ReleaseSigners,
    /// The time at which the keys have to be valid.
    pub at: SystemTime,
    /// A temporary store.
    pub store: &'a Store,
}

impl ReleaseCheck<'_> {
    /// Checks the release of one platform: the offer by the default policy, the checksum files, the signatures, the
    /// archive by unpacking it, and the program by its first bytes.
    pub async fn check(&self, platform: Platform) -> PlatformReport {
        let mut report = PlatformReport::new(platform);
        if let Err(problem) = self.check_platform(platform, &mut report).await {
            let file = report.asset.clone().unwrap_or_else(|| platform.to_string());
            report.wrong(file, problem);
        }
        report
    }

    async fn check_platform(
        &self,
        platform: Platform,
        report: &mut PlatformReport,
    ) -> Result<(), CheckProblem> {
        let product = Product { platform, ..self.product.clone() };
        let release = product.at_version(self.version.clone());
        let offer = self.source.find(&release).await?.ok_or(CheckProblem::Absent(platform))?;
        let expected = self.expected(&release, &offer)?;
        let asset = &expected.artifact.asset;
        let name = asset.as_str().rsplit('/').next().unwrap_or_default().to_owned();
        report.asset = Some(name.clone());
        let received = download::asset(self.source, self.store, asset).await?;
        (report.sha256, report.size) = (Some(received.digest()), Some(received.size()));
        self.unpack(&release, &expected, &received, report)?;
        report.right(name.clone(), "asset");
        // The store layout has statements instead.
        if expected.artifact.claims.iter().any(|claim| claim.by == DigestSource::Statement) {
            let evidence = RecordedEvidence {
                source: self.source,
                check: self.signature_check(),
                release: &release,
                offer: &offer,
                asset,
            };
            let signed = evidence.check(&received, report).await?;
            self.signers.report_missing(&name, &signed, report);
            return Ok(());
        }
        self.check_files(&expected, &name, &received, report).await
    }

    fn signature_check(&self) -> SignatureCheck<'_> {
        SignatureCheck { signers: self.signers, version: &self.version, at: self.at }
    }

    /// The archive or the program that the default policy accepts first.
    fn expected(&self, release: &Release, offer: &Offer) -> Result<Expected, CheckProblem> {
        // Signatures are verified one by one later, so that each one that is wrong is named.
        let signatures = OfferSignatures::none(release);
        let (policy, pins) = (Policy::default(), Pins::default());
        let judged = policy.judge(release, self.channel, offer, &pins, &signatures)?;
        let mut all = std::iter::once(judged.first).chain(judged.others);
        all.find(|expected| !matches!(expected.artifact.packaging, Packaging::Loose { .. }))
            .ok_or(CheckProblem::NoArchive)
    }

    fn unpack(
        &self,
        release: &Release,
        expected: &Expected,
        received: &Received,
        report: &mut PlatformReport,
    ) -> Result<(), CheckProblem> {
        let mut staged = self.store.stage(TreeLimits::default())?;
        let file = BufReader::new(received.open()?.ok_or(CheckProblem::Missing)?);
        let size = received.size();
        match &expected.artifact.packaging {
            Packaging::Archive { format: ArchiveFormat::Zip, strip } => {
                staged.unpack_zip(file, *strip)?;
            }
            Packaging::Archive { format, strip } => {
                let tar: Box<dyn Read> = match format {
                    ArchiveFormat::TarZst => {
                        Box::new(zstd::Decoder::new(file).map_err(UnpackError::Read)?)
                    }
                    _ => Box::new(flate2::bufread::MultiGzDecoder::new(file)),
                };
                staged.unpack_tar(tar, *format, *strip, &|| size)?;
            }
            _ => drop(staged.bare(file, &release.executable())?),
        }
        let checked = self.store.admit(staged, &expected.expectation, Some(received))?;
        report.tree = Some(checked.tree());
        match checked.program_kind()? {
            Some(kind) if kind.is_program_of(release.platform) != Some(true) => {
                Err(CheckProblem::Program { platform: release.platform, kind })
            }
            _ => Ok(()),
        }
    }

    /// Checks the checksum files and the signatures.
    async fn check_files(
        &self,
        expected: &Expected,
        name: &str,
        received: &Received,
        report: &mut PlatformReport,
    ) -> Result<(), CheckProblem> {
        let (source, asset) = (self.source, &expected.artifact.asset);
        let sums = published_files::sums(source, asset).await?;
        let sha256 = received.digest();
        published_files::check_checksums(source, asset, name, sha256, &sums, report).await;
        let signatures = published_files::signatures(source, asset, name).await?;
        let check = self.signature_check();
        let mut open = || -> io::Result<Box<dyn Read>> {
            let file = received.open().map_err(io::Error::other)?;
            Ok(Box::new(file.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?))
        };
        let names = [name.to_owned()];
        let mut file = SignedFile { name, names: &names, sha256, open: &mut open };
        let mut signed = check.check(&mut file, &signatures, report);
        signed.extend(check_sums(check, &sums, report));
        self.signers.report_missing(name, &signed, report);
        Ok(())
    }
}

/// Verifies the signatures of `SHA256SUMS`.
fn check_sums(
    check: SignatureCheck<'_>,
    sums: &PublishedSums,
    report: &mut PlatformReport,
) -> Vec<String> {
    let Some(bytes) = sums.bytes.clone() else { return Vec::new() };
    let sha256 = loom_source::Digest::of(&bytes);
    let mut open = || -> io::Result<Box<dyn Read>> { Ok(Box::new(io::Cursor::new(bytes.clone()))) };
    let names = [SUMS.to_owned()];
    let mut file = SignedFile { name: SUMS, names: &names, sha256, open: &mut open };
    check.check(&mut file, &sums.signatures, report)
}
