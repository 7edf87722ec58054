//! Keys and subkeys of OpenPGP: which may sign, when they end, and who belongs to whom.

use std::{
    io::Write as _,
    process::{Command, Stdio},
    time::{Duration, SystemTime},
};

use loom_signatures::{SignatureError, VerifyingKey};
use pgp::{
    composed::{
        ArmorOptions, Deserializable as _, DetachedSignature, KeyType, SecretKeyParamsBuilder,
        SignedPublicKey, SubkeyParamsBuilder,
    },
    crypto::hash::HashAlgorithm,
    ser::Serialize as _,
    types::KeyVersion,
};

use super::{
    CONTENT,
    gpg::{Keyring, SUMMER, check, check_at},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The options of gpg for a day of 2020.
fn on(day: &str) -> [String; 2] {
    ["--faked-system-time".to_owned(), format!("2020{day}T000000!")]
}

fn texts(options: &[String]) -> Vec<&str> {
    options.iter().map(String::as_str).collect()
}

fn summer() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(SUMMER.0)
}

impl Keyring {
    /// Runs gpg with answers to its questions.
    fn answer(&self, options: &[&str], args: &[&str], answers: &str) {
        let mut gpg = Command::new("gpg");
        gpg.current_dir(self.path()).env("LC_ALL", "C");
        gpg.args(["--homedir", "home", "--no-tty", "--yes", "--quiet", "--command-fd", "0"]);
        gpg.args(["--pinentry-mode", "loopback", "--passphrase", ""]).args(options).args(args);
        let (input, output) = (Stdio::piped(), Stdio::piped());
        let mut gpg = gpg.stdin(input).stdout(output).stderr(Stdio::piped()).spawn().unwrap();
        gpg.stdin.take().unwrap().write_all(answers.as_bytes()).unwrap();
        let output = gpg.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "gpg {args:?}: {text}");
    }

    /// The fingerprints of the subkeys.
    fn subkeys(&self) -> Vec<String> {
        let list = self.gpg(&["--with-colons", "--with-subkey-fingerprint", "--list-keys"]);
        let lines: Vec<&str> = list.lines().filter(|line| line.starts_with("fpr:")).collect();
        let fingerprint =
            |line: &&str| line.trim_start_matches("fpr:").trim_matches(':').to_owned();
        lines[1..].iter().map(fingerprint).collect()
    }

    /// A signature by one key, on a day of 2020.
    fn sign_on(&self, day: &str, key: &str) -> Vec<u8> {
        let (day, key) = (on(day), format!("{key}!"));
        self.sign(&[&texts(&day)[..], &["--local-user", &key]].concat())
    }

    /// Revokes the key on a day of 2020, for a reason as gpg numbers them.
    fn revoke(&self, day: &str, fingerprint: &str, reason: &str) {
        let out = ["--output", "revocation", "--gen-revoke", fingerprint];
        self.answer(&texts(&on(day)), &out, &format!("y\n{reason}\n\ny\n"));
        self.gpg(&["--import", "revocation"]);
    }

    /// Revokes the first subkey on a day of 2020, for a reason as gpg numbers them.
    fn revoke_subkey(&self, day: &str, fingerprint: &str, reason: &str) {
        let answers = format!("key 1\nrevkey\ny\n{reason}\n\ny\nsave\n");
        self.answer(&texts(&on(day)), &["--edit-key", fingerprint], &answers);
    }
}

/// The kind of an error, or `accepted`.
fn outcome<T>(result: &Result<T, SignatureError>) -> String {
    match result {
        Ok(_) => "accepted".to_owned(),
        Err(error) => {
            format!("{error:?}").split([' ', '{', '(']).next().unwrap_or_default().to_owned()
        }
    }
}

#[test]
fn a_revocation_counts_for_what_was_signed_after_it_unless_the_key_was_lost() {
    // gpg's numbers: 0 no reason, 1 compromised, 2 superseded, 3 no longer used.
    for (reason, before) in
        [("0", "KeyRevoked"), ("1", "KeyRevoked"), ("2", "accepted"), ("3", "accepted")]
    {
        for of_subkey in [false, true] {
            let keyring = Keyring::new();
            let first = on("0701");
            let fingerprint =
                keyring.generate(&texts(&first), "ada@example.org", "ed25519", "never");
            let mut signer = fingerprint.clone();
            if of_subkey {
                let add = ["--quick-add-key", &fingerprint, "ed25519", "sign", "never"];
                keyring.gpg(&[&texts(&first)[..], &add].concat());
                signer = keyring.subkeys().remove(0);
            }
            let (early, late) =
                (keyring.sign_on("0702", &signer), keyring.sign_on("0901", &signer));
            let intact = [keyring.certificate(&fingerprint)];
            assert_eq!(outcome(&check(&early, &intact)), "accepted");
            if of_subkey {
                keyring.revoke_subkey("0801", &fingerprint, reason);
            } else {
                keyring.revoke("0801", &fingerprint, reason);
            }
            let keys = [keyring.certificate(&fingerprint)];
            let context = format!("reason {reason}, of a subkey: {of_subkey}");
            assert_eq!(outcome(&check(&early, &keys)), before, "{context}");
            assert_eq!(outcome(&check(&late, &keys)), "KeyRevoked", "{context}");
            // The primary key still signs where only the subkey is revoked.
            if of_subkey {
                let signature = keyring.sign_on("0901", &fingerprint);
                assert_eq!(outcome(&check(&signature, &keys)), "accepted", "{context}");
            }
        }
    }
}

#[test]
fn a_subkey_ends_with_its_own_time_and_with_that_of_the_certificate() {
    for (primary, subkey, later) in [
        ("never", "1y", "KeyExpired"),
        ("1y", "never", "KeyExpired"),
        ("never", "never", "accepted"),
    ] {
        let keyring = Keyring::new();
        let first = on("0701");
        let fingerprint = keyring.generate(&texts(&first), "ada@example.org", "ed25519", primary);
        let add = ["--quick-add-key", &fingerprint, "ed25519", "sign", subkey];
        keyring.gpg(&[&texts(&first)[..], &add].concat());
        let signature = keyring.sign_on("0702", &keyring.subkeys()[0]);
        let keys = [keyring.certificate(&fingerprint)];
        let context = format!("primary {primary}, subkey {subkey}");
        let early = check_at(&signature, CONTENT, &keys, summer() + 2 * DAY);
        assert_eq!(outcome(&early), "accepted", "{context}");
        assert_eq!(outcome(&check(&signature, &keys)), later, "{context}");
    }
}

#[test]
fn each_of_several_subkeys_signs_if_it_may() {
    let keyring = Keyring::new();
    let fingerprint = keyring.generate(&[], "ada@example.org", "ed25519", "never");
    for (algorithm, usage) in [("ed25519", "sign"), ("rsa2048", "sign"), ("cv25519", "encr")] {
        keyring.gpg(&["--quick-add-key", &fingerprint, algorithm, usage, "1y"]);
    }
    let keys = [keyring.certificate(&fingerprint)];
    let subkeys = keyring.subkeys();
    assert_eq!(subkeys.len(), 3);
    for signer in [&fingerprint, &subkeys[0], &subkeys[1]] {
        let signature = keyring.sign(&["--local-user", &format!("{signer}!")]);
        let valid = check(&signature, &keys).unwrap();
        // The certificate is what the configuration names.
        assert_eq!(valid.key.as_ref(), Some(&fingerprint));
    }
}

#[test]
fn a_subkey_that_has_not_signed_that_it_belongs_to_the_key_is_refused() {
    let keyring = Keyring::new();
    let fingerprint = keyring.generate(&[], "ada@example.org", "ed25519", "never");
    keyring.gpg(&["--quick-add-key", &fingerprint, "ed25519", "sign", "1y"]);
    let signature = keyring.sign(&[]);
    let public = keyring.gpg(&["--armor", "--export", &fingerprint]);
    check(&signature, &[VerifyingKey::parse(&public).unwrap()]).unwrap();
    // gpg writes the back-signature into the part that the primary key does not sign: an attacker who takes the
    // subkey of another person into a certificate can leave it out, and cannot make one.
    let (mut certificate, _) = SignedPublicKey::from_string(&public).unwrap();
    let binding = &mut certificate.public_subkeys[0].signatures[0];
    assert!(binding.embedded_signature().is_some());
    while binding.embedded_signature().is_some() {
        binding.unhashed_subpacket_remove(0).unwrap();
    }
    let without = certificate.to_armored_string(ArmorOptions::default()).unwrap();
    let error = check(&signature, &[VerifyingKey::parse(&without).unwrap()]).unwrap_err();
    assert!(matches!(error, SignatureError::KeyUnusable { .. }), "{error}");
}

#[test]
fn keys_of_version_6_sign_themselves_and_by_a_subkey() {
    // gpg 2.2 knows no such keys; these are made by rPGP.
    let random = || p256::elliptic_curve::rand_core::OsRng;
    let subkey = SubkeyParamsBuilder::default()
        .version(KeyVersion::V6)
        .key_type(KeyType::Ed25519)
        .can_sign(true)
        .build()
        .unwrap();
    let params = SecretKeyParamsBuilder::default()
        .version(KeyVersion::V6)
        .key_type(KeyType::Ed25519)
        .can_certify(true)
        .can_sign(true)
        .primary_user_id("ada@example.org".into())
        .subkey(subkey)
        .build()
        .unwrap();
    let secret = params.generate(random()).unwrap();
    let public = secret.to_public_key().to_armored_string(ArmorOptions::default()).unwrap();
    let keys = [VerifyingKey::parse(&public).unwrap()];
    assert_eq!(keys[0].id().len(), 64, "a fingerprint of version 6 is a SHA-256");
    let (password, hash) = ("".into(), HashAlgorithm::Sha512);
    let by_primary = DetachedSignature::sign_binary_data(
        random(),
        &secret.primary_key,
        &password,
        hash,
        CONTENT,
    );
    let by_subkey = DetachedSignature::sign_binary_data(
        random(),
        &secret.secret_subkeys[0].key,
        &password,
        hash,
        CONTENT,
    );
    for signature in [by_primary, by_subkey] {
        let signature = signature.unwrap().to_bytes().unwrap();
        assert_eq!(signature[if signature[1] < 192 { 2 } else { 3 }], 6, "the version");
        assert_eq!(check(&signature, &keys).unwrap().key, Some(keys[0].id()));
        let error = check_at(&signature, b"other", &keys, SystemTime::now()).unwrap_err();
        assert!(matches!(error, SignatureError::BadSignature { .. }), "{error}");
        let mut flipped = signature.clone();
        *flipped.last_mut().unwrap() ^= 1;
        assert!(check(&flipped, &keys).is_err());
    }
}
