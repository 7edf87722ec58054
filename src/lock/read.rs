//! From text to a [`LockDocument`].

use std::collections::BTreeMap;

use loom_source::{Authority, Digest, Name, PinnedImage, Platform, Selector, Version};
use serde::Deserialize;

use super::{LockDocument, LockError, LockedBinary, LockedEvidence, LockedPlatform};
use crate::trust::{DigestSubject, Grade, LockedArchive, Voucher};

/// The name and number of the format.
pub(super) const SCHEMA: &str = "loom-lock 1";

/// The largest number of binaries.
const MAX_BINARIES: usize = 64;
/// The largest number of archives of a release for one platform, and of its evidence.
const MAX_ITEMS: usize = 64;

/// Only the schema, to tell a newer format from a mistake.
#[derive(Deserialize)]
struct SchemaText {
    schema: String,
}

// A key that this version does not know could narrow what is accepted, so it is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LockText {
    #[serde(rename = "schema")]
    _schema: String,
    #[serde(default)]
    binary: Vec<BinaryText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BinaryText {
    name: Name,
    authority: Authority,
    requested: String,
    version: String,
    oci: Option<String>,
    #[serde(default)]
    platform: BTreeMap<String, PlatformText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlatformText {
    tree: Option<Digest>,
    statement: Option<Digest>,
    #[serde(default)]
    archives: Vec<ArchiveText>,
    #[serde(default)]
    evidence: Vec<EvidenceText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ArchiveText {
    file: String,
    sha256: Digest,
    size: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EvidenceText {
    of: DigestSubject,
    by: Voucher,
    at: String,
    grade: Grade,
    signature: Option<String>,
}

fn malformed(why: impl ToString) -> LockError {
    LockError::Malformed(why.to_string().trim_end().to_owned())
}

/// The message alone: the text of the file is not repeated, because the file may be a link to another one.
fn not_toml(error: &toml::de::Error) -> LockError {
    malformed(error.message())
}

impl LockDocument {
    /// Reads the text of a lock file.
    ///
    /// # Errors
    /// [`LockError::Newer`] for a newer schema, [`LockError::Malformed`] for everything else that is no lock file, such as
    /// an entry for a cargo build.
    pub fn parse(text: &str) -> Result<Self, LockError> {
        let SchemaText { schema } = toml::from_str(text).map_err(|error| not_toml(&error))?;
        if schema != SCHEMA {
            return Err(LockError::Newer(schema));
        }
        let LockText { binary, .. } = toml::from_str(text).map_err(|error| not_toml(&error))?;
        at_most(binary.len(), MAX_BINARIES, "binaries")?;
        let mut lock = Self::default();
        for entry in binary {
            let binary = read_binary(entry)?;
            if lock.binary(&binary.authority, &binary.name).is_some() {
                return Err(malformed(format!("{} is there twice", binary.name)));
            }
            lock.binaries.push(binary);
        }
        Ok(lock)
    }
}

fn at_most(count: usize, limit: usize, what: &str) -> Result<(), LockError> {
    if count <= limit {
        return Ok(());
    }
    Err(malformed(format!("expected at most {limit} {what}, got {count}")))
}

fn read_binary(entry: BinaryText) -> Result<LockedBinary, LockError> {
    let BinaryText { name, authority, requested, version, oci, platform } = entry;
    let wrong = |key: &str, text: &str, expected: &str| {
        malformed(format!("{key} of {name}: expected {expected}, got {text:?}"))
    };
    let version: Version = match version.parse() {
        Ok(version) => version,
        Err(_) => return Err(wrong("version", &version, "a version such as 0.2.0")),
    };
    let requested: Selector = match requested.parse() {
        Ok(Selector::Dev) | Err(_) => {
            return Err(wrong("requested", &requested, "latest, a version or a range"));
        }
        Ok(selector) => selector,
    };
    let oci = oci.map(|text| match text.parse::<PinnedImage>() {
        Ok(image) => Ok(image),
        Err(_) => Err(wrong("oci", &text, "REPOSITORY@sha256:DIGEST")),
    });
    let oci = oci.transpose()?;
    let mut platforms = BTreeMap::new();
    for (text, entry) in platform {
        let Ok(platform) = text.parse::<Platform>() else {
            return Err(wrong("platform", &text, "the name of a platform"));
        };
        platforms.insert(platform, read_platform(entry)?);
    }
    Ok(LockedBinary { name, authority, requested, version, oci, platforms })
}

fn read_platform(entry: PlatformText) -> Result<LockedPlatform, LockError> {
    let PlatformText { tree, statement, archives, evidence } = entry;
    at_most(archives.len(), MAX_ITEMS, "archives of a platform")?;
    at_most(evidence.len(), MAX_ITEMS, "entries of evidence of a platform")?;
    let archive = |ArchiveText { file, sha256, size }| LockedArchive { file, sha256, size };
    let vouched = |EvidenceText { of, by, at, grade, signature }| LockedEvidence {
        of,
        by,
        at,
        grade,
        signature,
    };
    Ok(LockedPlatform {
        tree,
        statement,
        archives: archives.into_iter().map(archive).collect(),
        evidence: evidence.into_iter().map(vouched).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BINARY: &str =
        "[[binary]]\nname = 'b'\nauthority = 'a'\nrequested = 'latest'\nversion = '0.2.0'\n";

    fn parse(rest: &str) -> Result<LockDocument, LockError> {
        LockDocument::parse(&format!("schema = 'loom-lock 1'\n{rest}"))
    }

    #[test]
    fn lock_files_are_read() {
        let digest = Digest::of(b"x");
        for (rest, expected) in [
            (String::new(), 0),
            (BINARY.to_owned(), 1),
            (format!("{BINARY}{}", BINARY.replace("'b'", "'c'")), 2),
            (format!("{BINARY}[binary.platform.linux-x86_64]\ntree = '{digest}'\n"), 1),
            (
                format!(
                    "{BINARY}[binary.platform.windows-x86_64]\n\
                     archives = [{{ file = 'x.zip', sha256 = '{digest}', size = 1 }}]\n\
                     evidence = [{{ of = 'archive', by = 'sums', at = 'SHA256SUMS', grade = 'transfer' }}]\n"
                ),
                1,
            ),
        ] {
            assert_eq!(parse(&rest).unwrap().binaries.len(), expected, "{rest}");
        }
    }

    #[test]
    fn what_is_no_lock_file_is_refused() {
        let platform = format!("{BINARY}[binary.platform.linux-x86_64]\n");
        let digest = Digest::of(b"x");
        let many = format!("{{ file = 'x', sha256 = '{digest}' }},").repeat(MAX_ITEMS + 1);
        for (rest, expected) in [
            ("x = 1".to_owned(), "unknown field `x`"),
            (BINARY.replace("0.2.0", "dev"), "version of b: expected a version"),
            (BINARY.replace("latest", "dev"), "requested of b: expected latest"),
            (BINARY.replace("0.2.0", "0.2"), "version of b"),
            (format!("{BINARY}{BINARY}"), "b is there twice"),
            (format!("{BINARY}y = 2\n"), "unknown field `y`"),
            (format!("{BINARY}[binary.platform.amiga]\n"), "the name of a platform"),
            (format!("{platform}tree = 'abc'\n"), "not a SHA-256 digest"),
            (format!("{platform}archives = [{{ file = 'x' }}]\n"), "sha256"),
            (format!("{platform}archives = [{many}]\n"), "at most 64 archives"),
            (BINARY.repeat(MAX_BINARIES + 1), "at most 64 binaries"),
            ("[[binary]]\n".to_owned(), "missing field"),
        ] {
            let error = parse(&rest).unwrap_err().to_string();
            assert!(error.contains(expected), "{rest}: {error}");
        }
        let newer = LockDocument::parse("schema = 'loom-lock 2'\nfuture = 1\n").unwrap_err();
        assert!(matches!(newer, LockError::Newer(_)), "{newer}");
        assert!(matches!(LockDocument::parse("").unwrap_err(), LockError::Malformed(_)));
        assert!(matches!(LockDocument::parse("schema =").unwrap_err(), LockError::Malformed(_)));
    }
}
