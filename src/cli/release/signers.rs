//! Reads the secret keys that `loom release sign` is given.

use std::path::Path;

use loom_base::bounded_file;
use loom_runtime::release::sign::{GpgSigner, ReleaseSigner};
use loom_signatures::sign::{CosignSecretKey, MinisignSecretKey, SigningError};

use super::password::password;
use crate::cli::{CommandError, Exit, context::Context};

/// The longest key file that is read, in bytes.
const LONGEST: u64 = 64 * 1024;

pub(super) fn minisign(context: &Context, path: &Path) -> Result<ReleaseSigner, CommandError> {
    let text = read(path)?;
    let password =
        if MinisignSecretKey::is_encrypted(&text) { Some(password(context, path)?) } else { None };
    let key = MinisignSecretKey::parse(&text, password.as_ref());
    key.map(ReleaseSigner::Minisign).map_err(|error| unusable(path, &error))
}

pub(super) fn cosign(path: &Path) -> Result<ReleaseSigner, CommandError> {
    let key = CosignSecretKey::parse(&read(path)?);
    key.map(ReleaseSigner::Cosign).map_err(|error| unusable(path, &error))
}

pub(super) fn gpg(key: Option<String>) -> ReleaseSigner {
    ReleaseSigner::Gpg(GpgSigner { program: "gpg".into(), key })
}

/// The error where no key was given.
pub(super) fn none() -> CommandError {
    CommandError::new(Exit::Usage, "no key was given")
        .hint("give --minisign KEY, --cosign KEY or --gpg; `minisign -G` makes a key")
}

fn read(path: &Path) -> Result<String, CommandError> {
    bounded_file::read_text(path, LONGEST).map_err(|error| {
        CommandError::new(
            Exit::Usage,
            format!("could not read the key {}: {error}", path.display()),
        )
    })
}

fn unusable(path: &Path, error: &SigningError) -> CommandError {
    let exit = match error {
        SigningError::WrongPassword { .. } => Exit::Credentials,
        _ => Exit::Usage,
    };
    CommandError::new(exit, format!("the key {} cannot be used: {error}", path.display()))
}
