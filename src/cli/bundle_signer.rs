//! Whether the key that signed a bundle is one that the user trusts.

use std::{fmt, time::SystemTime};

use loom_base::bounded_file;
use loom_mirror::bundle::signer_key;
use loom_runtime::config::{self, Resolved};
use loom_signatures::{EvidenceKind, VerifyingKey};
use serde_json::{Value, json};

use super::{CommandError, Exit, context::Context};

/// The largest file with a public key that is read, in bytes.
const LONGEST: u64 = 64 * 1024;

/// Who signed a bundle, whose signature holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BundleSigner {
    /// No key signed it.
    Unsigned {
        /// Whether a signature is required.
        required: bool,
    },
    /// A key that the user trusts; its id.
    Trusted(String),
    /// Another key than the ones that the user trusts.
    Other {
        /// The id of the key.
        key: String,
        /// The ids of the keys that the user trusts.
        expected: Vec<String>,
    },
    /// A key, where the user trusts none.
    Unknown(String),
}

/// Judges the key that signed a bundle. `given` is the key that the user named for this run, instead of those of the
/// configuration.
pub(crate) fn judge(
    context: &Context,
    resolved: &Resolved,
    signer: Option<&str>,
    given: Option<&str>,
) -> Result<BundleSigner, CommandError> {
    let trusted = match given {
        Some(given) => vec![read_key(context, given)?],
        None => configured(resolved)?,
    };
    let Some(signer) = signer else {
        return Ok(BundleSigner::Unsigned { required: !trusted.is_empty() });
    };
    let key = signer_key(signer).map_err(|error| CommandError::of(Exit::Integrity, &error))?;
    if trusted.contains(&key) {
        return Ok(BundleSigner::Trusted(key.id()));
    }
    let expected: Vec<String> = trusted.iter().map(VerifyingKey::id).collect();
    let key = key.id();
    Ok(match expected.is_empty() {
        true => BundleSigner::Unknown(key),
        false => BundleSigner::Other { key, expected },
    })
}

/// The minisign keys of the configuration that count for a bundle: any authority and source, and not revoked.
fn configured(resolved: &Resolved) -> Result<Vec<VerifyingKey>, CommandError> {
    let keyring = config::keyring(&resolved.trust)?;
    Ok(keyring.keys_for_documents(EvidenceKind::Minisign, SystemTime::now()))
}

/// A public key as the user names it: its text, or a file.
fn read_key(context: &Context, given: &str) -> Result<VerifyingKey, CommandError> {
    if let Ok(key) = VerifyingKey::parse(given) {
        return Ok(key);
    }
    let path = context.cwd()?.join(given);
    let failed = |why: String| {
        let message = format!("{given:?} is neither a public key nor the file of one");
        CommandError { causes: vec![why], ..CommandError::new(Exit::Usage, message) }
    };
    let text =
        bounded_file::read_text(&path, LONGEST).map_err(|error| failed(error.to_string()))?;
    VerifyingKey::parse(&text).map_err(|error| failed(error.to_string()))
}

impl BundleSigner {
    /// What is wrong, as a path in the bundle and a sentence.
    pub(crate) fn finding(&self) -> Option<(String, String)> {
        let why = match self {
            Self::Unsigned { required: true } => "the bundle is not signed".to_owned(),
            Self::Other { key, expected } => {
                format!("signed with the minisign key {key}; expected {}", expected.join(" or "))
            }
            Self::Unsigned { required: false } | Self::Trusted(_) | Self::Unknown(_) => {
                return None;
            }
        };
        Some(("bundle.json.minisig".to_owned(), why))
    }

    /// What the user has to know where no signature was checked.
    pub(crate) fn notice(&self) -> Option<&'static str> {
        match self {
            Self::Unknown(_) => Some(
                "the signature says nothing about who made the bundle, because no key is known here: give the public key \
                 with --key, or set it in [trust] keys",
            ),
            Self::Unsigned { required: false } => Some(
                "no signature was checked: the bundle has none, and no key is known here (--key, or [trust] keys)",
            ),
            Self::Unsigned { required: true } | Self::Trusted(_) | Self::Other { .. } => None,
        }
    }

    pub(crate) fn json(&self) -> Value {
        match self {
            Self::Unsigned { .. } => Value::Null,
            Self::Trusted(key) => json!({"key": key, "trusted": true}),
            Self::Other { key, .. } | Self::Unknown(key) => json!({"key": key, "trusted": false}),
        }
    }
}

impl fmt::Display for BundleSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned { .. } => f.write_str("not signed"),
            Self::Trusted(key) => write!(f, "signed with the trusted minisign key {key}"),
            Self::Other { key, .. } => write!(f, "signed with the minisign key {key}"),
            Self::Unknown(key) => write!(
                f,
                "signed with the minisign key {key}, which no setting names: this shows that the file is whole, and not \
                 who made it"
            ),
        }
    }
}
