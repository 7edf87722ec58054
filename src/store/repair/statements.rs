//! Statements and kept checksums whose objects are lost: what names them by their digest and what is in them is here, so
//! the same bytes can be written again. Their digest shows that they are the same.

use loom_source::{
    Digest, Release, Slot, Statement,
    record::{RecordEvidenceKind, StatementArchive},
};

use super::{RepairScope, Repaired};
use crate::store::{Receipt, Store, StoreError, durable::replace, evidence::checksum_line};

/// The endings of the assets of a release.
const ENDINGS: [&str; 5] = [".tar.gz", ".tar.zst", ".zip", "", ".exe"];

impl Store {
    /// Writes the statements again that this machine wrote and that receipts tell.
    pub(super) fn repair_statements(
        &self,
        scope: RepairScope<'_>,
        repaired: &mut Vec<Repaired>,
    ) -> Result<(), StoreError> {
        let releases = self.releases_below("receipts")?;
        for release in releases.into_iter().filter(|release| scope.covers(release)) {
            // A receipt that cannot be read tells nothing.
            let Some(receipt) = self.receipt(&release).ok().flatten() else { continue };
            let Some(digest) = receipt.statement.filter(|_| self.is_left(&release)) else {
                continue;
            };
            if matches!(self.statement(&digest), Ok(Some(_))) {
                continue;
            }
            if let Some(statement) = statement_of(&release, &receipt) {
                let how = "made again from the receipt";
                self.repair_object_with(&digest, &statement.to_bytes(), how, repaired)?;
            }
        }
        Ok(())
    }

    /// Writes the kept checksums again that records and verifications name.
    pub(super) fn repair_checksums(
        &self,
        scope: RepairScope<'_>,
        repaired: &mut Vec<Repaired>,
    ) -> Result<(), StoreError> {
        let releases = self.installed_versions()?;
        for release in releases.into_iter().filter(|release| scope.covers(release)) {
            for (object, of, at) in self.checksums_of(&release) {
                if matches!(self.object_bytes(&object), Ok(Some(_))) {
                    continue;
                }
                let how = "made again from what names it";
                for file in files_of(&release, &at) {
                    let line = checksum_line(&release, &of, &file);
                    self.repair_object_with(&object, &line, how, repaired)?;
                }
            }
        }
        Ok(())
    }

    /// The kept checksums of a release: the object, the digest in it, and where it was read.
    fn checksums_of(&self, release: &Release) -> Vec<(Digest, Digest, String)> {
        let verification = self.verification(release).ok().flatten();
        let verified = verification.iter().flat_map(|verification| &verification.digests);
        let verified = verified.filter(|digest| digest.signature.is_none());
        let verified = verified.filter_map(|it| Some((it.evidence?, it.digest, it.at.clone())));
        let record = self.record(release).ok().flatten();
        let recorded = record.iter().flat_map(|record| &record.evidence);
        let recorded = recorded.filter(|it| it.kind == RecordEvidenceKind::Checksum);
        let recorded = recorded.map(|it| (it.digest, it.of, String::new()));
        verified.chain(recorded).collect()
    }

    /// Writes an object again if these are its bytes.
    fn repair_object_with(
        &self,
        digest: &Digest,
        bytes: &[u8],
        how: &str,
        repaired: &mut Vec<Repaired>,
    ) -> Result<(), StoreError> {
        if Digest::of(bytes) == *digest {
            let path = self.object(digest);
            replace(&self.root, &self.tmp(), &path, bytes)?;
            repaired.push(Repaired::new(path, how));
        }
        Ok(())
    }
}

/// The statement that was written for the release of a receipt.
fn statement_of(release: &Release, receipt: &Receipt) -> Option<Statement> {
    let Slot::Version(version) = &release.slot else { return None };
    let archive = receipt.archive.as_ref().and_then(|archive| {
        let (digest, size, strip) = (archive.digest, archive.size, archive.strip);
        Some(StatementArchive { digest, size, format: archive.format?, strip })
    });
    Some(Statement {
        authority: release.authority.clone(),
        binary: release.binary.clone(),
        version: version.clone(),
        platform: release.platform,
        tree: receipt.tree?,
        entry: receipt.entry.clone(),
        archives: archive.into_iter().collect(),
        published: None,
        critical: vec![],
    })
}

/// The file names that the kept checksum of a release may have; `at` is where the checksum was read.
fn files_of(release: &Release, at: &str) -> Vec<String> {
    let stem = release.asset_stem().unwrap_or_default();
    let mut files: Vec<String> = ENDINGS.iter().map(|ending| format!("{stem}{ending}")).collect();
    let name = at.rsplit('/').next().unwrap_or_default();
    let name = name.strip_suffix(".sha256").unwrap_or(name);
    files.extend(["archive", "listing", name].map(str::to_owned));
    files
}
