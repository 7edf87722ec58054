//! [`SignatureError`]: why a signature is not accepted, and [`KeyError`]: why a key is not.

use std::io;

use loom_base::time::format_rfc3339;
use loom_source::{Digest, EvidenceKind};

use crate::evidence::scheme;

/// Why a signature is not accepted. Each reason is a variant: a caller can tell an unknown key from a bad signature.
///
/// The texts in it are cleaned of control characters before they are kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// None of the given keys made the signature.
    #[error(
        "unknown {} key: the signature is by {}, expected {}",
        scheme(*.kind), .got.as_deref().unwrap_or("a key that it does not name"), list(.expected)
    )]
    UnknownKey {
        /// The scheme.
        kind: EvidenceKind,
        /// The key that the signature names; `None` where it names none.
        got: Option<String>,
        /// The keys of the scheme that were given.
        expected: Vec<String>,
    },
    /// The signature is by a known key, and is not a signature of this content.
    #[error("bad {} signature: it does not verify with {}", scheme(*.kind), list(.keys))]
    BadSignature {
        /// The scheme.
        kind: EvidenceKind,
        /// The keys that it was verified with.
        keys: Vec<String>,
    },
    /// The signature is about content with another digest.
    #[error("the {} signature is about another file: expected SHA-256 {expected}, got {got}", scheme(*.kind))]
    AnotherDigest {
        /// The scheme.
        kind: EvidenceKind,
        /// The SHA-256 of the content.
        expected: Digest,
        /// The SHA-256 that was signed, or of the bytes that were read.
        got: String,
    },
    /// The signature is by an accepted identity, for another release.
    #[error("the signature is for another release: expected {expected}, got {got}")]
    AnotherRelease {
        /// What an accepted signature names.
        expected: String,
        /// What the signature names.
        got: String,
    },
    /// The certificate of the signature is for no accepted identity.
    #[error("unknown identity: the signature is by {got}, expected {}", list(.expected))]
    UnknownIdentity {
        /// The identity and issuer that signed.
        got: String,
        /// The accepted identities with their issuers.
        expected: Vec<String>,
    },
    /// The signature uses an algorithm that is no longer safe.
    #[error("the {} signature uses {algorithm}, which is refused: it is no longer safe; sign again with a current version", scheme(*.kind))]
    Legacy {
        /// The scheme.
        kind: EvidenceKind,
        /// The algorithm.
        algorithm: String,
    },
    /// The file is not a signature of its scheme.
    #[error("not a {} signature: {why}", scheme(*.kind))]
    Malformed {
        /// The scheme.
        kind: EvidenceKind,
        /// What is wrong.
        why: String,
    },
    /// The file is larger than a signature can be.
    #[error("not a {} signature: it has {size} bytes, at most {limit} are read", scheme(*.kind))]
    TooLarge {
        /// The scheme.
        kind: EvidenceKind,
        /// The size in bytes.
        size: usize,
        /// The most bytes.
        limit: usize,
    },
    /// The key was not valid any more, or not yet.
    #[error("the key {key} is valid from {} to {}; the signature is judged at {}", time(.from), time(.until), format_rfc3339(*.at))]
    KeyExpired {
        /// The key.
        key: String,
        /// The begin of its validity.
        from: Option<std::time::SystemTime>,
        /// The end of its validity.
        until: Option<std::time::SystemTime>,
        /// The time at which it had to be valid.
        at: std::time::SystemTime,
    },
    /// The signature itself has expired.
    #[error("the signature by {key} expired at {}", format_rfc3339(*.until))]
    SignatureExpired {
        /// The key.
        key: String,
        /// The end of its validity.
        until: std::time::SystemTime,
    },
    /// The owner of the key revoked it.
    #[error("the key {key} is revoked{}", .why.as_deref().map(|why| format!(": {why}")).unwrap_or_default())]
    KeyRevoked {
        /// The key.
        key: String,
        /// The reason that its owner gave.
        why: Option<String>,
    },
    /// The key must not sign files.
    #[error("the key {key} must not be used for signatures of files: {why}")]
    KeyUnusable {
        /// The key.
        key: String,
        /// What its certificate says.
        why: String,
    },
    /// The signature's certificate, its log entry or its timestamp is not vouched for by the trust root.
    #[error("the Sigstore bundle is not vouched for by the trust root: {why}")]
    Unproven {
        /// What could not be proven.
        why: String,
    },
    /// The trust root cannot be used.
    #[error("cannot use the trust root {at}: {why}")]
    TrustRoot {
        /// The file, or `shipped with loom`.
        at: String,
        /// What is wrong with it.
        why: String,
    },
    /// The signed bytes could not be read.
    #[error("cannot read the file that is signed")]
    Content(#[source] io::Error),
}

/// Why a text is not a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text has none of the known forms.
    #[error(
        "not a public key: expected minisign (minisign:RW…), a PEM block (BEGIN PUBLIC KEY), or an OpenPGP certificate \
         (BEGIN PGP PUBLIC KEY BLOCK)"
    )]
    Unrecognized,
    /// The text begins like a key of the scheme, and is none.
    #[error("not a {} key: {why}", scheme(*.kind))]
    Malformed {
        /// The scheme.
        kind: EvidenceKind,
        /// What is wrong.
        why: String,
    },
    /// A secret key was given where a public one is expected.
    #[error("this is a secret key; expected the public key that belongs to it")]
    Secret,
    /// The text is longer than a key can be.
    #[error("not a key: it has {size} bytes, at most {limit} are read")]
    TooLarge {
        /// The size in bytes.
        size: usize,
        /// The most bytes.
        limit: usize,
    },
}

/// Names in a message: `A, B`, or that there is none.
fn list(names: &[String]) -> String {
    if names.is_empty() { "none (no key is configured)".to_owned() } else { names.join(", ") }
}

/// A time that may be unknown.
fn time(time: &Option<std::time::SystemTime>) -> String {
    time.map_or_else(|| "any time".to_owned(), format_rfc3339)
}

/// An error for a file that is no signature of its scheme.
pub(crate) fn malformed(kind: EvidenceKind, why: impl ToString) -> SignatureError {
    SignatureError::Malformed { kind, why: clean(&why.to_string()) }
}

/// The text of others, on one line without control characters, at most 400 characters long.
pub(crate) fn clean(text: &str) -> String {
    const LONGEST: usize = 400;
    let mut cleaned = loom_base::clean::blanked(text);
    if let Some((end, _)) = cleaned.char_indices().nth(LONGEST) {
        cleaned.truncate(end);
        cleaned.push('…');
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn messages_say_what_was_expected_and_what_was_found() {
        let kind = EvidenceKind::Minisign;
        let key = || "ABCD".to_owned();
        let day = |days: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(days * 24 * 60 * 60);
        for (error, expected) in [
            (
                SignatureError::UnknownKey {
                    kind,
                    got: Some("EF01".to_owned()),
                    expected: vec![key()],
                },
                "unknown minisign key: the signature is by EF01, expected ABCD",
            ),
            (
                SignatureError::UnknownKey { kind, got: None, expected: Vec::new() },
                "unknown minisign key: the signature is by a key that it does not name, expected none (no key is configured)",
            ),
            (
                SignatureError::BadSignature { kind, keys: vec![key(), key()] },
                "bad minisign signature: it does not verify with ABCD, ABCD",
            ),
            (
                SignatureError::AnotherRelease {
                    expected: "v0.2.0".to_owned(),
                    got: "v0.1.0".to_owned(),
                },
                "the signature is for another release: expected v0.2.0, got v0.1.0",
            ),
            (
                SignatureError::UnknownIdentity {
                    got: "a".to_owned(),
                    expected: vec!["b".to_owned()],
                },
                "unknown identity: the signature is by a, expected b",
            ),
            (
                SignatureError::TooLarge { kind, size: 70_000, limit: 65_536 },
                "not a minisign signature: it has 70000 bytes, at most 65536 are read",
            ),
            (
                SignatureError::KeyExpired {
                    key: key(),
                    from: Some(day(1)),
                    until: None,
                    at: day(0),
                },
                "the key ABCD is valid from 1970-01-02T00:00:00Z to any time; the signature is judged at 1970-01-01T00:00:00Z",
            ),
            (
                SignatureError::KeyRevoked { key: key(), why: Some("stolen".to_owned()) },
                "the key ABCD is revoked: stolen",
            ),
            (SignatureError::KeyRevoked { key: key(), why: None }, "the key ABCD is revoked"),
            (malformed(kind, "a\u{1b}[31mb\nc"), "not a minisign signature: a [31mb c"),
        ] {
            assert_eq!(error.to_string(), expected);
        }
        let long = malformed(kind, "x".repeat(1000)).to_string();
        assert!(long.ends_with("x…") && long.chars().count() < 450, "{long}");
    }
}
