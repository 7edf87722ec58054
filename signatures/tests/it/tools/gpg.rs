//! gpg: keys and detached signatures.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use loom_signatures::{
    Content, EvidenceKind, SignatureError, ValidSignature, Verifiers, VerifyingKey, verify,
};

use super::{CONTENT, folder, read, run};
use crate::support::{flip_each_byte, flips};

/// A folder with keys of gpg, which nothing else uses.
pub(super) struct Keyring(tempfile::TempDir);

impl Keyring {
    pub(super) fn new() -> Self {
        Self(folder())
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs gpg with these arguments.
    pub(super) fn gpg(&self, arguments: &[&str]) -> String {
        let home = self.path().join("home");
        if !home.exists() {
            loom_base::private_folder::create(&home).unwrap();
        }
        let quiet = ["--homedir", "home", "--batch", "--yes", "--quiet"];
        let no_password = ["--pinentry-mode", "loopback", "--passphrase", ""];
        let output = run(self.path(), "gpg", &[&quiet[..], &no_password, arguments].concat());
        String::from_utf8(output).unwrap()
    }

    /// Makes a key; its fingerprint.
    pub(super) fn generate(
        &self,
        options: &[&str],
        user: &str,
        algorithm: &str,
        expires: &str,
    ) -> String {
        let key = ["--quick-generate-key", user, algorithm, "cert,sign", expires];
        self.gpg(&[options, &key[..]].concat());
        let list = self.gpg(&["--with-colons", "--list-keys", user]);
        let line = list.lines().find(|line| line.starts_with("fpr:")).unwrap();
        line.trim_start_matches("fpr:").trim_matches(':').to_owned()
    }

    /// The certificate of a key.
    pub(super) fn certificate(&self, fingerprint: &str) -> VerifyingKey {
        VerifyingKey::parse(&self.gpg(&["--armor", "--export", fingerprint])).unwrap()
    }

    /// A detached signature.
    pub(super) fn sign(&self, options: &[&str]) -> Vec<u8> {
        let file = ["--output", "signature", "--detach-sign", "content"];
        self.gpg(&[options, &file[..]].concat());
        read(self.path(), "signature")
    }
}

impl Drop for Keyring {
    fn drop(&mut self) {
        let home = self.path().join("home");
        let mut kill = std::process::Command::new("gpgconf");
        let _ = kill.arg("--homedir").arg(home).args(["--kill", "all"]).status();
    }
}

pub(super) fn check_at(
    signature: &[u8],
    mut content: &[u8],
    keys: &[VerifyingKey],
    at: SystemTime,
) -> Result<ValidSignature, SignatureError> {
    let verifiers = Verifiers { keys, ..Verifiers::none(at) };
    verify(EvidenceKind::Gpg, signature, Content::of(&mut content), &verifiers)
}

pub(super) fn check(
    signature: &[u8],
    keys: &[VerifyingKey],
) -> Result<ValidSignature, SignatureError> {
    check_at(signature, CONTENT, keys, SystemTime::now())
}

#[test]
fn its_signatures_are_accepted_by_full_fingerprint() {
    for algorithm in ["ed25519", "rsa3072", "nistp256"] {
        let keyring = Keyring::new();
        let fingerprint = keyring.generate(&[], "ada@example.org", algorithm, "2y");
        let key = keyring.certificate(&fingerprint);
        assert_eq!(key.id(), fingerprint);
        let keys = [key];
        let armoured = keyring.sign(&["--armor"]);
        let valid = check(&armoured, &keys).unwrap();
        assert_eq!((valid.key, valid.names.file()), (Some(fingerprint.clone()), None));
        // A binary signature has the ending that cosign uses too.
        let binary = keyring.sign(&[]);
        let verifiers = Verifiers { keys: &keys, ..Verifiers::none(SystemTime::now()) };
        let mut content = CONTENT;
        let content = Content::of(&mut content);
        let valid = verify(EvidenceKind::Cosign, &binary, content, &verifiers).unwrap();
        assert_eq!(valid.kind, EvidenceKind::Gpg);
        // Every form of the certificate is the same key.
        keyring.gpg(&["--output", "certificate", "--export", &fingerprint]);
        let certificate = read(keyring.path(), "certificate");
        assert_eq!(VerifyingKey::parse_file(&certificate).unwrap().id(), fingerprint);

        let error = check_at(&binary, b"other", &keys, SystemTime::now()).unwrap_err();
        assert!(matches!(error, SignatureError::BadSignature { .. }), "{error}");
        let error = check(&binary, &[]).unwrap_err();
        assert!(matches!(error, SignatureError::UnknownKey { got: Some(_), .. }), "{error}");
        assert_flips(&binary, &keys);
    }
}

/// Every flipped bit is refused, except in the part of the packet that is not signed.
fn assert_flips(binary: &[u8], keys: &[VerifyingKey]) {
    let header = if binary[0] & 3 == 0 { 2 } else { 3 };
    let length = |at: usize| usize::from(u16::from_be_bytes([binary[at], binary[at + 1]]));
    let unhashed = header + 6 + length(header + 4);
    let end = unhashed + 2 + length(unhashed);
    let valid = check(binary, keys).unwrap();
    // Every bit of what comes before the signature's numbers, and one of each of their bytes.
    let numbers = flip_each_byte(binary).filter(|(at, _)| *at >= end);
    for (at, flipped) in flips(binary, 0..end).chain(numbers) {
        let Ok(other) = check(&flipped, keys) else { continue };
        assert!((unhashed..end).contains(&at), "byte {at} of {}", binary.len());
        assert_eq!(other, valid);
    }
}

#[test]
fn a_subkey_signs_for_its_certificate() {
    let keyring = Keyring::new();
    let fingerprint = keyring.generate(&[], "ada@example.org", "ed25519", "never");
    let before = keyring.certificate(&fingerprint);
    keyring.gpg(&["--quick-add-key", &fingerprint, "ed25519", "sign", "1y"]);
    let signature = keyring.sign(&["--armor"]);
    let key = keyring.certificate(&fingerprint);
    assert_eq!(check(&signature, &[key]).unwrap().key, Some(fingerprint));
    // The certificate from before the subkey was made does not know it.
    let error = check(&signature, &[before]).unwrap_err();
    assert!(matches!(error, SignatureError::UnknownKey { .. }), "{error}");
}

#[test]
fn one_of_several_signatures_and_keys_is_enough() {
    let keyring = Keyring::new();
    let ada = keyring.generate(&[], "ada@example.org", "ed25519", "never");
    let bob = keyring.generate(&[], "bob@example.org", "ed25519", "never");
    let (ada_key, bob_key) = (keyring.certificate(&ada), keyring.certificate(&bob));
    let both = keyring.sign(&["--local-user", &ada, "--local-user", &bob]);
    for keys in [
        std::slice::from_ref(&ada_key),
        std::slice::from_ref(&bob_key),
        &[bob_key.clone(), ada_key.clone()],
    ] {
        check(&both, keys).unwrap();
    }
    let one = keyring.sign(&["--local-user", &ada]);
    check(&one, &[bob_key.clone(), ada_key]).unwrap();
    let error = check(&one, &[bob_key]).unwrap_err();
    assert!(
        matches!(&error, SignatureError::UnknownKey { got: Some(id), .. } if *id == ada),
        "{error}"
    );
    // Two certificates in one text are two keys.
    let exported = keyring.gpg(&["--armor", "--export"]);
    VerifyingKey::parse(&exported).unwrap_err();
}

/// 2020-07-01, as seconds and as gpg writes it.
pub(super) const SUMMER: (u64, &str) = (1_593_561_600, "20200701T000000!");

#[test]
fn keys_and_signatures_expire() {
    let summer = SystemTime::UNIX_EPOCH + Duration::from_secs(SUMMER.0);
    let day = Duration::from_secs(24 * 60 * 60);
    let then = ["--faked-system-time", SUMMER.1];
    let keyring = Keyring::new();
    let fingerprint = keyring.generate(&then, "ada@example.org", "ed25519", "1y");
    let signature = keyring.sign(&then);
    let keys = [keyring.certificate(&fingerprint)];
    check_at(&signature, CONTENT, &keys, summer + day).unwrap();
    let error = check(&signature, &keys).unwrap_err();
    assert!(matches!(error, SignatureError::KeyExpired { .. }), "{error}");
    // The key did not exist yet: at that time, no self-signature counts.
    check_at(&signature, CONTENT, &keys, summer - day).unwrap_err();

    let short = keyring.sign(&[&then[..], &["--default-sig-expire", "3d"]].concat());
    check_at(&short, CONTENT, &keys, summer + day).unwrap();
    let error = check_at(&short, CONTENT, &keys, summer + 4 * day).unwrap_err();
    assert!(matches!(error, SignatureError::SignatureExpired { .. }), "{error}");

    // The owner extends the time of the key: the new certificate verifies the old signature.
    let later = ["--faked-system-time", "20200702T000000!"];
    keyring.gpg(&[&later[..], &["--quick-set-expire", &fingerprint, "50y"]].concat());
    check(&signature, &[keyring.certificate(&fingerprint)]).unwrap();
}

#[test]
fn a_revoked_key_is_refused() {
    let keyring = Keyring::new();
    let fingerprint = keyring.generate(&[], "ada@example.org", "ed25519", "never");
    let signature = keyring.sign(&[]);
    let before = keyring.certificate(&fingerprint);
    let file = format!("home/openpgp-revocs.d/{fingerprint}.rev");
    let revocation = String::from_utf8(read(keyring.path(), &file)).unwrap();
    fs::write(keyring.path().join(&file), revocation.replace(":-----BEGIN", "-----BEGIN")).unwrap();
    keyring.gpg(&["--import", &file]);
    let error = check(&signature, &[keyring.certificate(&fingerprint)]).unwrap_err();
    assert!(matches!(error, SignatureError::KeyRevoked { .. }), "{error}");
    check(&signature, &[before]).unwrap();
}

#[test]
fn a_key_signs_only_what_its_certificate_allows() {
    use pgp::{
        composed::{Deserializable as _, DetachedSignature, SignedSecretKey},
        crypto::hash::HashAlgorithm,
        ser::Serialize as _,
    };
    let keyring = Keyring::new();
    keyring.gpg(&["--quick-generate-key", "ada@example.org", "ed25519", "cert", "never"]);
    let public = keyring.gpg(&["--armor", "--export"]);
    let secret = keyring.gpg(&["--armor", "--export-secret-keys"]);
    // gpg would refuse to sign with it.
    let (secret, _) = SignedSecretKey::from_string(&secret).unwrap();
    let random = p256::elliptic_curve::rand_core::OsRng;
    let (password, hash) = ("".into(), HashAlgorithm::Sha256);
    let signature =
        DetachedSignature::sign_binary_data(random, &secret.primary_key, &password, hash, CONTENT);
    let signature = signature.unwrap().to_bytes().unwrap();
    let error = check(&signature, &[VerifyingKey::parse(&public).unwrap()]).unwrap_err();
    assert!(matches!(error, SignatureError::KeyUnusable { .. }), "{error}");
}

#[test]
fn sha_1_is_refused() {
    let keyring = Keyring::new();
    let fingerprint = keyring.generate(&[], "ada@example.org", "rsa2048", "never");
    let signature = keyring.sign(&["--digest-algo", "SHA1"]);
    let error = check(&signature, &[keyring.certificate(&fingerprint)]).unwrap_err();
    assert!(
        matches!(&error, SignatureError::Legacy { algorithm, .. } if algorithm == "SHA1"),
        "{error}"
    );

    // A certificate whose own signatures use it.
    let keyring = Keyring::new();
    let weak = ["--cert-digest-algo", "SHA1"];
    let fingerprint = keyring.generate(&weak, "bob@example.org", "rsa2048", "never");
    let signature = keyring.sign(&["--digest-algo", "SHA256"]);
    let error = check(&signature, &[keyring.certificate(&fingerprint)]).unwrap_err();
    assert!(
        matches!(&error, SignatureError::Legacy { algorithm, .. } if algorithm == "SHA1"),
        "{error}"
    );
}

#[test]
fn other_signatures_are_malformed() {
    let keyring = Keyring::new();
    let fingerprint = keyring.generate(&[], "ada@example.org", "ed25519", "never");
    let keys = [keyring.certificate(&fingerprint)];
    let text = keyring.sign(&["--textmode"]);
    let whole = keyring.gpg(&["--armor", "--output", "-", "--sign", "content"]);
    let notation = ["--sig-notation", "!a@example.org=b"];
    let critical = keyring.sign(&notation);
    let armoured = String::from_utf8(keyring.sign(&["--armor"])).unwrap();
    let cut = &armoured[..armoured.len() / 2];
    for file in [&text[..], whole.as_bytes(), &critical, cut.as_bytes(), b"", b"x", &[0x88]] {
        let error = check(file, &keys).unwrap_err();
        assert!(matches!(error, SignatureError::Malformed { .. }), "{error}");
    }
}
