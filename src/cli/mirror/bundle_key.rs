//! Reads the minisign key that signs a bundle.

use std::path::Path;

use loom_base::bounded_file;
use loom_signatures::sign::{MinisignSecretKey, SigningError};
use secrecy::SecretString;

use crate::cli::{CommandError, Exit, context::Context};

/// The variable that names a file with the password.
const PASSWORD_FILE: &str = "LOOM_SIGN_PASSWORD_FILE";

/// The longest key file and password file that are read, in bytes.
const LONGEST: u64 = 64 * 1024;

/// The key in the file at `path`.
pub(super) fn read(context: &Context, path: &Path) -> Result<MinisignSecretKey, CommandError> {
    let text = text(&context.cwd()?.join(path), "key")?;
    let password = match context.env().get(PASSWORD_FILE) {
        Some(file) => Some(text_of_one_line(&context.cwd()?.join(file))?),
        None => None,
    };
    MinisignSecretKey::parse(&text, password.as_ref()).map_err(|error| {
        let exit = match error {
            SigningError::WrongPassword { .. } => Exit::Credentials,
            _ => Exit::Usage,
        };
        let message = format!("the key {} cannot be used", path.display());
        let error =
            CommandError { causes: vec![error.to_string()], ..CommandError::new(exit, message) };
        error.hint(format!("{PASSWORD_FILE} names the file with the password of an encrypted key"))
    })
}

fn text(path: &Path, what: &str) -> Result<String, CommandError> {
    bounded_file::read_text(path, LONGEST).map_err(|error| {
        let message = format!("could not read the {what} {}", path.display());
        CommandError { causes: vec![error.to_string()], ..CommandError::new(Exit::Usage, message) }
    })
}

fn text_of_one_line(path: &Path) -> Result<SecretString, CommandError> {
    let text = text(path, "password file")?;
    // One line, as editors and `echo` write it.
    Ok(text.trim_end_matches(['\r', '\n']).into())
}
