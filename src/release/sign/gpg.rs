//! [`GpgSigner`]: signatures by the user's `gpg`, which has the key and asks for its passphrase.

use std::{
    ffi::{OsStr, OsString},
    path::Path,
    process::{Command, Output, Stdio},
};

use super::SignError;

/// The user's `gpg`.
#[derive(Debug, Clone)]
pub struct GpgSigner {
    /// The program.
    pub program: OsString,
    /// The key by fingerprint or address; gpg's default key where `None`.
    pub key: Option<String>,
}

impl GpgSigner {
    /// Makes a detached, armoured signature of `file` in `signature`.
    pub(super) fn sign(&self, file: &Path, signature: &Path) -> Result<(), SignError> {
        let mut command = Command::new(&self.program);
        command.args(["--armor", "--yes", "--output"]).arg(signature);
        if let Some(key) = &self.key {
            command.arg("--local-user").arg(key);
        }
        let output = self.run(command.arg("--detach-sign").arg("--").arg(file), file)?;
        if output.status.success() { Ok(()) } else { Err(self.failed(file, &output)) }
    }

    /// Whether the user's keyring verifies `signature` over `file`, and it is one of the key that was named.
    pub(super) fn verifies(&self, file: &Path, signature: &Path) -> Result<bool, SignError> {
        let mut command = Command::new(&self.program);
        command.args(["--batch", "--status-fd", "1", "--verify", "--"]).arg(signature).arg(file);
        let output = self.run(&mut command, file)?;
        let Some(key) = &self.key else { return Ok(output.status.success()) };
        let status = String::from_utf8_lossy(&output.stdout);
        // `VALIDSIG` names the key that signed, then, as the last word, its primary key.
        let valid = status.lines().find_map(|line| line.strip_prefix("[GNUPG:] VALIDSIG "));
        let primary = valid.and_then(|line| line.split_whitespace().last());
        let named = self.fingerprints(key, file)?;
        Ok(primary.is_some_and(|primary| named.iter().any(|fingerprint| fingerprint == primary)))
    }

    /// The fingerprints of the keys that `key` names, subkeys included.
    fn fingerprints(&self, key: &str, file: &Path) -> Result<Vec<String>, SignError> {
        let mut command = Command::new(&self.program);
        command.args(["--batch", "--with-colons", "--list-keys", "--"]).arg(key);
        let output = self.run(&mut command, file)?;
        if !output.status.success() {
            return Err(self.failed(file, &output));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let lines = text.lines().filter(|line| line.starts_with("fpr:"));
        Ok(lines.filter_map(|line| line.split(':').nth(9)).map(str::to_owned).collect())
    }

    fn run(&self, command: &mut Command, file: &Path) -> Result<Output, SignError> {
        // gpg asks for the passphrase at the terminal, not on standard input.
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let program = self.program.to_string_lossy().into_owned();
        command.output().map_err(|error| SignError::Gpg {
            program,
            name: name(file.file_name()),
            said: error.to_string(),
        })
    }

    fn failed(&self, file: &Path, output: &Output) -> SignError {
        let text = String::from_utf8_lossy(&output.stderr);
        let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        SignError::Gpg {
            program: self.program.to_string_lossy().into_owned(),
            name: name(file.file_name()),
            said: last.chars().take(300).collect(),
        }
    }
}

fn name(file: Option<&OsStr>) -> String {
    file.unwrap_or_default().to_string_lossy().into_owned()
}
