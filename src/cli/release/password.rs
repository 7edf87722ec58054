//! Passwords of secret keys: from a file or a prompt, never from the command line, which other users see.

use std::path::Path;

use loom_base::bounded_file;
use secrecy::SecretString;

use crate::cli::{CommandError, Exit, context::Context};

/// The variable that names a file with the password.
pub(super) const FILE_VARIABLE: &str = "LOOM_SIGN_PASSWORD_FILE";

/// The longest password file that is read, in bytes.
const LONGEST: u64 = 4096;

/// The password of a secret key.
pub(super) fn password(context: &Context, key: &Path) -> Result<SecretString, CommandError> {
    if let Some(file) = context.env().get(FILE_VARIABLE) {
        let file = context.cwd()?.join(file);
        let text = bounded_file::read_text(&file, LONGEST).map_err(|error| {
            let message = format!("could not read the password file {}: {error}", file.display());
            CommandError::new(Exit::Failure, message).hint(format!("check {FILE_VARIABLE}"))
        })?;
        // One line, as editors and `echo` write it.
        let line = text.strip_suffix('\n').unwrap_or(&text);
        return Ok(line.strip_suffix('\r').unwrap_or(line).into());
    }
    let question = format!("password of {}: ", key.display());
    let answer = rpassword::prompt_password(loom_base::clean::text(&question));
    answer.map(SecretString::from).map_err(|error| {
        CommandError::new(
            Exit::Usage,
            format!(
                "{} is encrypted, and its password cannot be asked for: {error}",
                key.display()
            ),
        )
        .hint(format!("set {FILE_VARIABLE} to a file with the password"))
    })
}
