//! Keys and signatures that the programs of others make: `gpg` and `openssl`.

use std::{fs, path::Path, process::Command};

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// A key of gpg, in a folder that nothing else uses.
#[derive(Debug)]
pub struct GpgKey {
    home: tempfile::TempDir,
    /// The certificate, for `trust.keys`.
    pub public: String,
    /// The fingerprint.
    pub id: String,
}

/// An ECDSA key of openssl, as cosign uses it.
#[derive(Debug)]
pub struct OpensslKey {
    folder: tempfile::TempDir,
    /// The PEM block, for `trust.keys`.
    pub public: String,
}

/// Runs a program; its output.
fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output();
    let output = output
        .unwrap_or_else(|error| panic!("{command:?}: {error}; `cargo xtask test` installs it"));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {text}");
    output.stdout
}

impl GpgKey {
    /// A new key.
    pub fn new() -> Self {
        let home = tempfile::Builder::new().prefix("loom-gpg-").tempdir().unwrap();
        let mut key = Self { home, public: String::new(), id: String::new() };
        let user = "ada@example.org";
        key.gpg(&["--quick-generate-key", user, "ed25519", "cert,sign", "never"]);
        let list = key.gpg(&["--with-colons", "--list-keys"]);
        let line = list.lines().find(|line| line.starts_with("fpr:")).unwrap();
        key.id = line.trim_start_matches("fpr:").trim_matches(':').to_owned();
        key.public = key.gpg(&["--armor", "--export"]);
        key
    }

    fn gpg(&self, args: &[&str]) -> String {
        let mut gpg = Command::new("gpg");
        gpg.arg("--homedir").arg(self.home.path()).args(["--batch", "--yes", "--quiet"]);
        gpg.args(["--pinentry-mode", "loopback", "--passphrase", ""]).args(args);
        String::from_utf8(run(&mut gpg)).unwrap()
    }

    /// The signature of a file, armoured or binary.
    pub fn sign(&self, file: &Path, armoured: bool) -> Vec<u8> {
        let out = self.home.path().join("signature");
        let form = if armoured { "--armor" } else { "--no-armor" };
        let (out_text, file) = (out.to_str().unwrap(), file.to_str().unwrap());
        self.gpg(&[form, "--output", out_text, "--detach-sign", file]);
        fs::read(out).unwrap()
    }
}

impl Drop for GpgKey {
    fn drop(&mut self) {
        // The agent of this folder alone.
        let mut kill = Command::new("gpgconf");
        let _ = kill.arg("--homedir").arg(self.home.path()).args(["--kill", "all"]).output();
    }
}

impl OpensslKey {
    /// A new key.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key.pem");
        let curve = "ec_paramgen_curve:P-256";
        let mut make = Command::new("openssl");
        make.args(["genpkey", "-algorithm", "ec", "-pkeyopt", curve, "-out"]).arg(&file);
        run(&mut make);
        let mut public = Command::new("openssl");
        let public = run(public.args(["pkey", "-pubout", "-in"]).arg(&file));
        Self { folder, public: String::from_utf8(public).unwrap() }
    }

    /// The signature of a file in base64, as `cosign sign-blob` writes it.
    pub fn sign(&self, file: &Path) -> Vec<u8> {
        let mut sign = Command::new("openssl");
        let key = self.folder.path().join("key.pem");
        let signature = run(sign.args(["dgst", "-sha256", "-sign"]).arg(key).arg(file));
        STANDARD.encode(signature).into_bytes()
    }
}
