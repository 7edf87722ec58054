//! [`Signer`]: a key that signs the files of a mirror, and a configuration that names it.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use loom_signatures::sign::{CosignSecretKey, MinisignSecretKey};
use loom_source::{
    Digest, Record,
    record::{RecordEvidence, RecordEvidenceKind, object_path},
};
use secrecy::ExposeSecret as _;

use super::Sandbox;

/// A minisign key.
#[derive(Debug)]
pub struct Signer {
    key: MinisignSecretKey,
    /// The text for `trust.keys`.
    pub public: String,
    /// The id of the key.
    pub id: String,
}

impl Signer {
    /// A new key.
    pub fn new() -> Self {
        let files = MinisignSecretKey::generate(None).unwrap();
        let key = MinisignSecretKey::parse(files.secret.expose_secret(), None).unwrap();
        let line = files.public.lines().nth(1).unwrap();
        Self { id: key.public().unwrap().id(), key, public: format!("minisign:{line}") }
    }

    /// Writes the `.minisig` of a file beside it, with the file's own name in the trusted comment.
    pub fn sign(&self, file: &Path) -> PathBuf {
        let name = file.file_name().unwrap().to_str().unwrap();
        self.sign_as(file, name)
    }

    /// Writes the `.minisig` of a file beside it, with this name in the trusted comment.
    pub fn sign_as(&self, file: &Path, name: &str) -> PathBuf {
        let bytes = fs::read(file).unwrap();
        let text = self.key.sign(&mut &bytes[..], name, SystemTime::now()).unwrap();
        let signature = beside(file, ".minisig");
        fs::write(&signature, text).unwrap();
        signature
    }
}

/// Writes the `.sig` of a file beside it, by a new cosign key; returns the PEM block of the key.
pub fn cosign(file: &Path) -> String {
    let key = CosignSecretKey::generate().unwrap();
    let signature = key.sign(Digest::of(&fs::read(file).unwrap())).unwrap();
    fs::write(beside(file, ".sig"), signature).unwrap();
    key.public_pem().unwrap()
}

/// The path of a file with this ending.
pub fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

/// Writes the user's configuration: a mirror, and these lines of `[trust]`.
pub fn trust(sandbox: &Sandbox, url: &str, lines: &str) {
    let text = format!("sources = [\"{url}\"]\n[trust]\n{lines}\n");
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), &text);
}

/// The lines of `[trust]` that require a signature by one of these keys.
pub fn required(keys: &[&str]) -> String {
    let keys: Vec<_> = keys.iter().map(|key| format!("'''{key}'''")).collect();
    format!("signature = \"required\"\nkeys = [{}]", keys.join(", "))
}

/// Adds a signature of the statement to a record of a mirror, whose file is `path`.
pub fn sign_statement(
    mirror: &Path,
    signer: &Signer,
    (path, mut record): (PathBuf, Record),
) -> RecordEvidence {
    let signature = signer.sign(&mirror.join(object_path(&record.statement)));
    let bytes = fs::read(&signature).unwrap();
    fs::remove_file(&signature).unwrap();
    let digest = Digest::of(&bytes);
    let kept = mirror.join(object_path(&digest));
    fs::create_dir_all(kept.parent().unwrap()).unwrap();
    fs::write(kept, bytes).unwrap();
    let evidence =
        RecordEvidence { kind: RecordEvidenceKind::Minisign, digest, of: record.statement };
    record.evidence.push(evidence.clone());
    fs::write(path, record.to_bytes()).unwrap();
    evidence
}
