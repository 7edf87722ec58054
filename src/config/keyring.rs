//! Makes the [`Keyring`] of `trust.keys` and `trust.revoked`; files with keys are read here.

use std::path::Path;

use loom_base::{bounded_file, time::parse_rfc3339};
use loom_signatures::{SigstoreIdentity, TrustRoot, VerifyingKey, evidence::KEY_LIMIT};

use super::{ConfigError, TrustKey, TrustedSigner, keys::trust::TrustSettings};
use crate::trust::{Keyring, Signer, TrustedKey};

/// The keys and identities whose signatures count.
///
/// # Errors
/// [`ConfigError::Read`] for a file that cannot be read, [`ConfigError::TrustKey`] for one that has no key.
pub fn keyring(settings: &TrustSettings) -> Result<Keyring, ConfigError> {
    let keys = &settings.keys.value;
    let revoked = &settings.revoked.value;
    if keys.is_empty() && revoked.is_empty() {
        return Ok(Keyring::default());
    }
    let keys = keys.iter().map(trusted).collect::<Result<_, _>>()?;
    Ok(Keyring::new(keys, revoked.clone()))
}

fn trusted(key: &TrustKey) -> Result<TrustedKey, ConfigError> {
    let signer = match &key.signer {
        TrustedSigner::Key(text) => Signer::Key(parse("trust.keys", text)?),
        TrustedSigner::KeyFile(file) => Signer::Key(read(file)?),
        TrustedSigner::Identity { san, issuer, trust_root } => {
            let trust_root = trust_root.clone().map_or(TrustRoot::Shipped, TrustRoot::File);
            let (san, issuer) = (san.clone(), issuer.clone());
            Signer::Identity(SigstoreIdentity { san, issuer, trust_root })
        }
    };
    Ok(TrustedKey {
        signer,
        authority: key.authority.clone(),
        source: key.source.clone(),
        expires: key.expires.as_deref().and_then(parse_rfc3339),
    })
}

/// The key in a file.
fn read(file: &Path) -> Result<VerifyingKey, ConfigError> {
    let unread = |source| ConfigError::Read { file: file.to_owned(), source };
    let bytes = bounded_file::read(file, KEY_LIMIT as u64).map_err(unread)?;
    parse(&file.display().to_string(), &String::from_utf8_lossy(&bytes))
}

fn parse(at: &str, text: &str) -> Result<VerifyingKey, ConfigError> {
    VerifyingKey::parse(text).map_err(|source| ConfigError::TrustKey { at: at.to_owned(), source })
}
