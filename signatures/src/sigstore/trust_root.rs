//! Reads trust roots, when one is needed.

use std::path::Path;

use loom_base::bounded_file;
use sigstore_verify::{
    Verifier,
    trust_root::{SIGSTORE_GITHUB_TRUSTED_ROOT, SIGSTORE_PRODUCTION_TRUSTED_ROOT, TrustedRoot},
};

use crate::{
    error::{SignatureError, clean},
    evidence::KEY_LIMIT,
    identity::TrustRoot,
};

/// What a trust root can prove.
pub(super) struct Vouching {
    /// The library's verifier with the trust root's certificates and keys.
    pub(super) verifier: Verifier,
    /// Whether the instance has a transparency log; where it has none, a timestamp authority proves the time.
    pub(super) has_log: bool,
    /// Whether its certificates are logged.
    pub(super) has_certificate_log: bool,
}

/// The shipped trust root: that of GitHub's instance for a bundle without a log entry, since it has no log; otherwise that of
/// the public instance.
pub(super) fn shipped(github: bool) -> Result<Vouching, SignatureError> {
    let json = if github { SIGSTORE_GITHUB_TRUSTED_ROOT } else { SIGSTORE_PRODUCTION_TRUSTED_ROOT };
    parse(json, "shipped with loom")
}

/// A trust root that the configuration names.
pub(super) fn configured(root: &TrustRoot) -> Result<Vouching, SignatureError> {
    match root {
        TrustRoot::Shipped => shipped(false),
        TrustRoot::File(path) => parse(&read(path)?, &path.display().to_string()),
        TrustRoot::Text(text) => parse(text, "given as text"),
    }
}

fn read(path: &Path) -> Result<String, SignatureError> {
    bounded_file::read_text(path, KEY_LIMIT as u64)
        .map_err(|error| unusable(&path.display().to_string(), &error.to_string()))
}

fn parse(json: &str, at: &str) -> Result<Vouching, SignatureError> {
    super::provider::install();
    let root = TrustedRoot::from_json(json).map_err(|error| unusable(at, &error.to_string()))?;
    let verifier = Verifier::new(&root).map_err(|error| unusable(at, &error.to_string()))?;
    Ok(Vouching {
        verifier,
        has_log: !root.tlogs.is_empty(),
        has_certificate_log: !root.ctlogs.is_empty(),
    })
}

fn unusable(at: &str, why: &str) -> SignatureError {
    SignatureError::TrustRoot { at: clean(at), why: clean(why) }
}
