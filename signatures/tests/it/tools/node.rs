//! The libraries of the Sigstore project.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    time::SystemTime,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use loom_signatures::{
    Content, EvidenceKind, SignatureError, Verifiers, VerifyingKey, sign::CosignSecretKey,
    sign::sigstore_bundle, verify,
};
use loom_source::Digest;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::CONTENT;
use crate::support::{changed_fields, flips};

/// What `tests/node/sigstore.mjs` answers.
fn script(input: &Value) -> Value {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
    let script = Path::new(&manifest).join("../tests/node/sigstore.mjs");
    let packages = std::env::var_os("LOOM_TEST_NODE").expect("`cargo xtask test` sets it");
    let mut command = Command::new("node");
    command.arg(script).arg(packages).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut node = command.spawn().unwrap();
    node.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

fn check(bundle: &[u8], keys: &[VerifyingKey]) -> Result<(), SignatureError> {
    let verifiers = Verifiers { keys, ..Verifiers::none(SystemTime::now()) };
    let content = Content::digest(Digest::of(CONTENT));
    verify(EvidenceKind::Sigstore, bundle, content, &verifiers).map(|_| ())
}

#[test]
fn they_accept_our_bundles() {
    let key = CosignSecretKey::generate().unwrap();
    let bundle = sigstore_bundle(&key, Digest::of(CONTENT)).unwrap();
    let verified = |content: &[u8], key: &CosignSecretKey| {
        let (content, key) = (STANDARD.encode(content), key.public_pem().unwrap());
        script(&json!({ "bundle": bundle, "content": content, "key": key }))["verified"].clone()
    };
    assert_eq!(verified(CONTENT, &key), true);
    assert_eq!(verified(b"other", &key), false);
    assert_eq!(verified(CONTENT, &CosignSecretKey::generate().unwrap()), false);
}

#[test]
fn their_bundles_are_accepted() {
    let key = CosignSecretKey::generate().unwrap();
    let keys = [key.public().unwrap()];
    let secret = key.to_pem().unwrap();
    let statement = |sha256: Digest| {
        json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{ "name": "content", "digest": { "sha256": sha256.to_string() } }],
            "predicateType": "https://slsa.dev/provenance/v1",
            "predicate": {},
        })
        .to_string()
    };
    let make = |content: &[u8], r#type: Option<&str>| {
        let content = STANDARD.encode(content);
        let secret = secret.expose_secret();
        script(&json!({ "content": content, "secret": secret, "type": r#type })).to_string()
    };
    let in_toto = Some("application/vnd.in-toto+json");
    for bundle in [make(CONTENT, None), make(statement(Digest::of(CONTENT)).as_bytes(), in_toto)] {
        check(bundle.as_bytes(), &keys).unwrap();
        for (at, flipped) in flips(bundle.as_bytes(), 0..bundle.len()) {
            if check(&flipped, &keys).is_err() {
                continue;
            }
            for field in changed_fields(bundle.as_bytes(), &flipped) {
                assert!(UNSIGNED.contains(&&*field), "byte {at}: {field} is not signed");
            }
        }
    }
    let other = make(statement(Digest::of(b"other")).as_bytes(), in_toto);
    let error = check(other.as_bytes(), &keys).unwrap_err();
    assert!(matches!(error, SignatureError::AnotherDigest { .. }), "{error}");
    let error = check(make(b"{}", Some("text/plain")).as_bytes(), &keys).unwrap_err();
    assert!(matches!(error, SignatureError::Malformed { .. }), "{error}");
}

/// The fields of a bundle with a key that nothing signs.
const UNSIGNED: &[&str] = &[
    // Another spelling of the same algorithm, `sHA2_256`.
    ".messageSignature.messageDigest.algorithm",
    ".mediaType",
    ".dsseEnvelope.signatures[].keyid",
    ".verificationMaterial.publicKey.hint",
    ".verificationMaterial.timestampVerificationData",
    ".verificationMaterial.timestampVerificationData.rfc3161Timestamps",
    ".verificationMaterial.tlogEntries",
];
