//! The tool of minisign.

use std::{fs, time::SystemTime};

use loom_signatures::{EvidenceKind, SignatureError, VerifyingKey, sign::MinisignSecretKey};
use secrecy::ExposeSecret as _;

use super::{CONTENT, folder, read, read_text, refuses, run};
use crate::support::{check, flips};

#[test]
fn it_accepts_our_keys_and_signatures() {
    let folder = folder();
    let folder = folder.path();
    let files = MinisignSecretKey::generate(None).unwrap();
    fs::write(folder.join("our.pub"), &files.public).unwrap();
    fs::write(folder.join("our.key"), files.secret.expose_secret()).unwrap();
    let key = MinisignSecretKey::parse(files.secret.expose_secret(), None).unwrap();
    let signature = key.sign(&mut &*CONTENT, "content", SystemTime::now()).unwrap();
    fs::write(folder.join("content.minisig"), signature).unwrap();
    let said = run(folder, "minisign", &["-V", "-p", "our.pub", "-m", "content"]);
    assert!(String::from_utf8_lossy(&said).contains("file:content"), "{said:?}");
    fs::write(folder.join("content"), "other").unwrap();
    assert!(refuses(folder, "minisign", &["-V", "-p", "our.pub", "-m", "content"]));
    // It signs with our key, too.
    fs::write(folder.join("content"), CONTENT).unwrap();
    run(folder, "minisign", &["-S", "-W", "-s", "our.key", "-m", "content", "-x", "again"]);
    let public = VerifyingKey::parse(&files.public).unwrap();
    check(EvidenceKind::Minisign, &read(folder, "again"), CONTENT, &[public]).unwrap();
}

#[test]
fn its_keys_and_signatures_are_accepted() {
    let folder = folder();
    let folder = folder.path();
    run(folder, "minisign", &["-G", "-W", "-p", "its.pub", "-s", "its.key"]);
    run(folder, "minisign", &["-S", "-s", "its.key", "-m", "content"]);
    let key = VerifyingKey::parse(&read_text(folder, "its.pub")).unwrap();
    let signature = read(folder, "content.minisig");
    let keys = [key];
    let valid = check(EvidenceKind::Minisign, &signature, CONTENT, &keys).unwrap();
    assert_eq!(valid.names.file(), Some("content"));
    let secret = MinisignSecretKey::parse(&read_text(folder, "its.key"), None).unwrap();
    assert_eq!(secret.public().unwrap(), keys[0]);

    let first = signature.iter().position(|byte| *byte == b'\n').unwrap();
    for (at, flipped) in flips(&signature, first..signature.len() - 1) {
        assert!(check(EvidenceKind::Minisign, &flipped, CONTENT, &keys).is_err(), "byte {at}");
    }
}

#[test]
fn its_legacy_signature_is_refused() {
    let folder = folder();
    let folder = folder.path();
    run(folder, "minisign", &["-G", "-W", "-p", "its.pub", "-s", "its.key"]);
    run(folder, "minisign", &["-S", "-l", "-s", "its.key", "-m", "content"]);
    let key = VerifyingKey::parse(&read_text(folder, "its.pub")).unwrap();
    let signature = read(folder, "content.minisig");
    let error = check(EvidenceKind::Minisign, &signature, CONTENT, &[key]).unwrap_err();
    assert!(matches!(error, SignatureError::Legacy { .. }), "{error}");
}
