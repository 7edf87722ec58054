//! Checksums that are kept as evidence, so that a lost verification can be made again without a network.

use loom_source::{
    Digest, Record, Release,
    record::{RecordEvidenceKind, StatementArchive, object_path},
};

use super::Store;
use crate::trust::{DigestSubject, Grade, TrustedDigest, Voucher};

/// The text of a kept checksum, in the form of `sha256sum`: `<digest>  <authority>/<binary>/<slot>/<platform>/<file>`.
///
/// The release is part of the line, so that evidence of one release proves nothing of another.
pub(super) fn checksum_line(release: &Release, digest: &Digest, file: &str) -> Vec<u8> {
    let Release { authority, binary, slot, platform } = release;
    format!("{digest}  {authority}/{binary}/{slot}/{platform}/{file}\n").into_bytes()
}

/// Whether `line` is a kept checksum that gives `digest` to a file of `release`.
fn states(line: &[u8], release: &Release, digest: &Digest) -> bool {
    let prefix = checksum_line(release, digest, "");
    let Some(prefix) = prefix.strip_suffix(b"\n") else { return false };
    let file = line.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(b"\n"));
    file.is_some_and(|file| !file.is_empty() && !file.iter().any(|b| matches!(b, b'/' | b'\n')))
}

/// The release and the digest of a kept checksum; `None` for other bytes.
pub(super) fn parse_checksum(line: &[u8]) -> Option<(Release, Digest)> {
    let text = std::str::from_utf8(line).ok()?;
    let (digest, path) = text.strip_suffix('\n')?.split_once("  ")?;
    let digest: Digest = digest.parse().ok()?;
    let [authority, binary, slot, platform, _] = path.split('/').collect::<Vec<_>>()[..] else {
        return None;
    };
    let release = Release {
        authority: authority.parse().ok()?,
        binary: binary.parse().ok()?,
        slot: slot.parse().ok()?,
        platform: platform.parse().ok()?,
    };
    states(line, &release, &digest).then_some((release, digest))
}

impl Store {
    /// The digests that kept evidence of `release` vouches for: those of trees by statements that a source served,
    /// and those of archives, bare programs or trees by kept checksums.
    ///
    /// The record only leads to the evidence. The record itself proves nothing, nor does a statement that this machine
    /// wrote. Evidence that is missing, damaged or of another release is skipped.
    pub fn kept_evidence(&self, release: &Release) -> Vec<TrustedDigest> {
        let mut kept = vec![];
        let Some(record) = self.record(release).ok().flatten() else { return kept };
        for evidence in &record.evidence {
            let (object, of) = (&evidence.digest, evidence.of);
            match evidence.kind {
                RecordEvidenceKind::Statement => {
                    let statement = self.statement(object).ok().flatten();
                    if statement.is_some_and(|s| s.release() == *release && s.tree == of) {
                        kept.push(kept_digest(DigestSubject::Tree, of, Voucher::Statement, object));
                    }
                }
                RecordEvidenceKind::Checksum => {
                    let line = self.object_bytes(object).ok().flatten();
                    if line.is_some_and(|line| states(&line, release, &of)) {
                        let archive = DigestSubject::Archive;
                        kept.push(kept_digest(archive, of, Voucher::Checksum, object));
                    }
                }
                _ => {}
            }
        }
        kept
    }

    /// The archives of a release that are kept as objects, with how the statement says that they unpack.
    pub fn kept_archives(&self, release: &Release) -> Vec<StatementArchive> {
        let Some(Record { statement, .. }) = self.record(release).ok().flatten() else {
            return vec![];
        };
        let statement = self.statement(&statement).ok().flatten();
        let mut archives = statement.map(|statement| statement.archives).unwrap_or_default();
        archives.retain(|archive| self.object(&archive.digest).is_file());
        archives
    }
}

fn kept_digest(of: DigestSubject, digest: Digest, by: Voucher, object: &Digest) -> TrustedDigest {
    TrustedDigest {
        of,
        digest,
        by,
        at: object_path(object),
        grade: Grade::Transfer,
        signature: None,
        index: None,
        evidence: Some(*object),
    }
}

#[cfg(test)]
mod tests {
    use loom_source::{Authority, Name, Platform, Product};

    use super::*;

    #[test]
    fn a_checksum_counts_for_its_own_release_only() {
        let (authority, binary) = (Authority::default(), Name::default());
        let product = Product { authority, binary, platform: Platform::LinuxX86_64 };
        let release = product.at_version("0.2.0".parse().unwrap());
        let digest = Digest::of(b"archive");
        let line = checksum_line(&release, &digest, "x.tar.gz");
        assert_eq!(
            String::from_utf8(line.clone()).unwrap(),
            format!("{digest}  loom-os/loom-bridge-server/0.2.0/linux-x86_64/x.tar.gz\n")
        );
        assert!(states(&line, &release, &digest));
        assert!(!states(&line, &release, &Digest::of(b"")));
        assert!(!states(&line, &product.at_version("0.2.1".parse().unwrap()), &digest));
        for bad in [&line[1..], &line[..line.len() - 1], &[&line[..], b"\n"].concat()] {
            assert!(!states(bad, &release, &digest), "{}", String::from_utf8_lossy(bad));
        }
        for file in ["", "a/b", "a\nb"] {
            assert!(!states(&checksum_line(&release, &digest, file), &release, &digest), "{file}");
        }
    }
}
