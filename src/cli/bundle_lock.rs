//! The lock file in a bundle: `--locked` uses it where the project has none, once the signature of the bundle holds.

use loom_mirror::bundle::OpenBundle;
use loom_runtime::{
    config::Resolved,
    lock::LockFile,
    mirror::bundle::{BundleTaskError, LOCK},
    trust::SignatureOrigin,
};

use super::{
    CommandError, Exit,
    bundle_signer::{self, BundleSigner},
    context::Context,
};

/// A lock file in a bundle whose signer the user trusts.
pub(crate) struct SignedLock {
    pub(crate) file: LockFile,
    pub(crate) signature: SignatureOrigin,
}

/// The lock file of the first configured source that is a bundle with one; `None` where no source is.
///
/// # Errors
/// Where the bundle is damaged, or its signature is not one by a key that the user trusts.
pub(crate) fn find(
    context: &Context,
    resolved: &Resolved,
) -> Result<Option<SignedLock>, CommandError> {
    for spec in &resolved.sources.value {
        let Some(path) = spec.kind.bundle() else { continue };
        let read = |source| BundleTaskError::Read { path: path.clone(), source };
        let bundle = OpenBundle::open(&path).map_err(read)?;
        let Some(bytes) = bundle.read(LOCK).map_err(read)? else { continue };
        let signer = bundle_signer::judge(context, resolved, bundle.signer(), None)?;
        let BundleSigner::Trusted(key) = &signer else {
            let message = format!("the lock file in {} does not count: {signer}", path.display());
            return Err(CommandError::new(Exit::Integrity, message).hint(
                "name the key of whoever made the bundle in trust.keys, or give a lock file with --lock",
            ));
        };
        let text = String::from_utf8(bytes).map_err(|error| {
            let message = format!("{LOCK} in {} is not UTF-8", path.display());
            CommandError {
                causes: vec![error.to_string()],
                ..CommandError::new(Exit::Integrity, message)
            }
        })?;
        let scheme = "minisign".to_owned();
        let signature = SignatureOrigin { scheme, key: key.clone(), identity: None };
        return Ok(Some(SignedLock { file: LockFile::of_text(path.join(LOCK), text)?, signature }));
    }
    Ok(None)
}
