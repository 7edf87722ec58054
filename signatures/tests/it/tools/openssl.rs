//! openssl: cosign's form of a signature with a key, and the keys of documents.

use std::fs;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use loom_signatures::{
    EvidenceKind, VerifyingKey,
    document::{DocumentPublicKey, DocumentSecretKey},
    sign::CosignSecretKey,
};
use loom_source::Digest;
use secrecy::ExposeSecret as _;

use super::{CONTENT, folder, read, read_text, refuses, run};
use crate::support::{check, flips};

#[test]
fn it_accepts_our_signatures() {
    let folder = folder();
    let folder = folder.path();
    let key = CosignSecretKey::generate().unwrap();
    fs::write(folder.join("our.pub"), key.public_pem().unwrap()).unwrap();
    let signature = key.sign(Digest::of(CONTENT)).unwrap();
    fs::write(folder.join("content.sig"), &signature).unwrap();
    run(folder, "openssl", &["base64", "-d", "-in", "content.sig", "-out", "content.der", "-A"]);
    let verify = ["dgst", "-sha256", "-verify", "our.pub", "-signature", "content.der", "content"];
    run(folder, "openssl", &verify);
    fs::write(folder.join("content"), "other").unwrap();
    assert!(refuses(folder, "openssl", &verify));
    // It reads our secret key.
    fs::write(folder.join("our.key"), key.to_pem().unwrap().expose_secret()).unwrap();
    let public = run(folder, "openssl", &["pkey", "-in", "our.key", "-pubout"]);
    assert_eq!(String::from_utf8(public).unwrap(), key.public_pem().unwrap());
}

#[test]
fn its_signatures_are_accepted() {
    let folder = folder();
    let folder = folder.path();
    let curve = ["genpkey", "-algorithm", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    run(folder, "openssl", &[&curve[..], &["-out", "its.key"]].concat());
    run(folder, "openssl", &["pkey", "-in", "its.key", "-pubout", "-out", "its.pub"]);
    let der = run(folder, "openssl", &["dgst", "-sha256", "-sign", "its.key", "content"]);
    let signature = STANDARD.encode(der).into_bytes();
    let keys = [VerifyingKey::parse(&read_text(folder, "its.pub")).unwrap()];
    check(EvidenceKind::Cosign, &signature, CONTENT, &keys).unwrap();
    for (at, flipped) in flips(&signature, 0..signature.len()) {
        assert!(check(EvidenceKind::Cosign, &flipped, CONTENT, &keys).is_err(), "byte {at}");
    }
    let secret = CosignSecretKey::parse(&read_text(folder, "its.key")).unwrap();
    assert_eq!(secret.public().unwrap(), keys[0]);
}

#[test]
fn holders_of_document_keys_can_use_it() {
    let folder = folder();
    let folder = folder.path();
    run(folder, "openssl", &["genpkey", "-algorithm", "ed25519", "-out", "its.key"]);
    run(folder, "openssl", &["pkey", "-in", "its.key", "-pubout", "-out", "its.pub"]);
    let secret = DocumentSecretKey::from_pem(&read_text(folder, "its.key")).unwrap();
    let public = DocumentPublicKey::from_pem(&read_text(folder, "its.pub")).unwrap();
    assert_eq!(secret.public(), public);
    assert_eq!(public.to_pem().unwrap(), read_text(folder, "its.pub"));
    assert_eq!(secret.to_pem().unwrap().expose_secret(), read_text(folder, "its.key"));

    let payload = br#"{"number":2}"#;
    fs::write(folder.join("signed"), [b"loom-root 1\n", &payload[..]].concat()).unwrap();
    let sign = ["pkeyutl", "-sign", "-rawin", "-inkey", "its.key", "-in", "signed"];
    run(folder, "openssl", &[&sign[..], &["-out", "signature"]].concat());
    public.verify("loom-root 1", payload, &read(folder, "signature")).unwrap();

    fs::write(folder.join("ours"), secret.sign("loom-root 1", payload)).unwrap();
    let verify = ["pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", "its.pub", "-in", "signed"];
    run(folder, "openssl", &[&verify[..], &["-sigfile", "ours"]].concat());
}
