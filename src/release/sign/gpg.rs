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

    /// Whether the user's keyring verifies `signature` over `file`.
    pub(super) fn verifies(&self, file: &Path, signature: &Path) -> Result<bool, SignError> {
        let mut command = Command::new(&self.program);
        command.args(["--batch", "--verify", "--"]).arg(signature).arg(file);
        Ok(self.run(&mut command, file)?.status.success())
    }

    fn run(&self, command: &mut Command, file: &Path) -> Result<Output, SignError> {
        // gpg asks for the passphrase at the terminal, not on standard input.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
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
