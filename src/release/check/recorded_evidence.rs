//! [`RecordedEvidence`]: verifies the signatures that the record of a release in a mirror names.

use std::io::{self, Cursor, Read};

use loom_source::{
    AssetRef, Digest, Evidence, EvidenceSubject, Offer, Release, Source, asset, checksum,
};

use super::{
    CheckProblem, download,
    published_files::{LONGEST, PublishedSignature},
    report::PlatformReport,
    signatures::{SignatureCheck, SignedFile},
};
use crate::{release::checksum_files::SUMS, store::Received};

/// The signatures of a release in the layout of a store: about the archive, `SHA256SUMS` and the statement.
pub(super) struct RecordedEvidence<'a> {
    pub(super) source: &'a dyn Source,
    pub(super) check: SignatureCheck<'a>,
    pub(super) release: &'a Release,
    pub(super) offer: &'a Offer,
    /// The archive or the program that was downloaded.
    pub(super) asset: &'a AssetRef,
}

impl RecordedEvidence<'_> {
    /// Verifies all of them. Returns the names of the keys and identities that signed.
    pub(super) async fn check(
        &self,
        received: &Received,
        report: &mut PlatformReport,
    ) -> Result<Vec<String>, CheckProblem> {
        let mut signed = Vec::new();
        for evidence in &self.offer.evidence {
            let Some(signature) = self.signature(evidence).await? else {
                report.wrong(name(&evidence.asset), CheckProblem::Missing);
                continue;
            };
            signed.extend(match &evidence.of {
                EvidenceSubject::Artifact(asset) if asset == self.asset => {
                    self.over_asset(received, signature, report)
                }
                EvidenceSubject::Artifact(_) => Vec::new(),
                EvidenceSubject::Statement => self.over_statement(signature, report),
                EvidenceSubject::Sums(sums) => {
                    self.over_sums(sums, received.digest(), signature, report).await?
                }
            });
        }
        Ok(signed)
    }

    async fn signature(
        &self,
        evidence: &Evidence,
    ) -> Result<Option<PublishedSignature>, CheckProblem> {
        let (name, kind) = (name(&evidence.asset), evidence.kind);
        let bytes = download::small(self.source, &evidence.asset, LONGEST).await?;
        Ok(bytes.map(|bytes| PublishedSignature { name, kind, bytes }))
    }

    /// The names that the archive or the program can have where it was published.
    fn names(&self) -> Vec<String> {
        asset::names(self.release).into_iter().map(|name| name.name).collect()
    }

    fn over_asset(
        &self,
        received: &Received,
        signature: PublishedSignature,
        report: &mut PlatformReport,
    ) -> Vec<String> {
        let mut open = || -> io::Result<Box<dyn Read>> {
            let file = received.open().map_err(io::Error::other)?;
            Ok(Box::new(file.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?))
        };
        let (name, names) = (name(self.asset), self.names());
        let sha256 = received.digest();
        let mut file = SignedFile { name: &name, names: &names, sha256, open: &mut open };
        self.check.check(&mut file, &[signature], report)
    }

    fn over_statement(
        &self,
        signature: PublishedSignature,
        report: &mut PlatformReport,
    ) -> Vec<String> {
        let bytes = self.offer.statement.clone().unwrap_or_default();
        self.over_bytes(("statement", &[]), &bytes, signature, report)
    }

    /// A signature over `SHA256SUMS` counts if a line of it is about the asset.
    async fn over_sums(
        &self,
        sums: &AssetRef,
        asset: Digest,
        signature: PublishedSignature,
        report: &mut PlatformReport,
    ) -> Result<Vec<String>, CheckProblem> {
        let Some(bytes) = download::small(self.source, sums, LONGEST).await? else {
            report.wrong(SUMS, CheckProblem::Missing);
            return Ok(Vec::new());
        };
        let names = self.names();
        let lists = |(name, digest): &(String, Digest)| *digest == asset && names.contains(name);
        if !checksum::named(&bytes).iter().any(lists) {
            let why = format!("no line for {} with the digest {asset}", names[0]);
            report.wrong(SUMS, CheckProblem::NoDigest(why));
            return Ok(Vec::new());
        }
        Ok(self.over_bytes((SUMS, &[SUMS.to_owned()]), &bytes, signature, report))
    }

    fn over_bytes(
        &self,
        (name, names): (&str, &[String]),
        bytes: &[u8],
        signature: PublishedSignature,
        report: &mut PlatformReport,
    ) -> Vec<String> {
        let sha256 = Digest::of(bytes);
        let mut open =
            || -> io::Result<Box<dyn Read>> { Ok(Box::new(Cursor::new(bytes.to_vec()))) };
        let mut file = SignedFile { name, names, sha256, open: &mut open };
        self.check.check(&mut file, &[signature], report)
    }
}

/// The file name of an asset.
fn name(asset: &AssetRef) -> String {
    asset.as_str().rsplit('/').next().unwrap_or_default().to_owned()
}
