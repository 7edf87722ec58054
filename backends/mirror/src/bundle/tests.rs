//! Bundles that were changed: no byte of one can change unseen.

use std::{fs, path::PathBuf, sync::OnceLock};

use loom_signatures::sign::MinisignSecretKey;
use secrecy::{ExposeSecret as _, SecretString};

use super::{BundleCheck, BundleContent, BundleError, BundleManifest, BundleWriter, OpenBundle};

/// A small bundle in a folder of its own.
struct Written {
    _folder: tempfile::TempDir,
    path: PathBuf,
    bytes: Vec<u8>,
}

fn writer() -> BundleWriter {
    let mut writer = BundleWriter::default();
    writer.add("format", BundleContent::Bytes(b"loom-store 1\n".to_vec()));
    writer.add("empty", BundleContent::Bytes(Vec::new()));
    writer.add("objects/sha256/ab/full", BundleContent::Bytes(vec![7; 512]));
    writer.add_program("loom", BundleContent::Bytes(b"#!/bin/sh\n".to_vec()));
    writer
}

/// A bundle that is signed with the key of all these tests.
fn signed() -> Written {
    static SECRET: OnceLock<SecretString> = OnceLock::new();
    let secret = SECRET.get_or_init(|| MinisignSecretKey::generate(None).unwrap().secret);
    let mut writer = writer();
    writer.set_key(MinisignSecretKey::parse(secret.expose_secret(), None).unwrap());
    write(&writer)
}

fn written() -> Written {
    write(&writer())
}

fn write(writer: &BundleWriter) -> Written {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = Vec::new();
    writer.write(&mut bytes).unwrap();
    let path = folder.path().join("x.loombundle");
    fs::write(&path, &bytes).unwrap();
    Written { _folder: folder, path, bytes }
}

#[test]
fn the_same_files_make_the_same_bytes() {
    let first = written();
    assert!(first.bytes == written().bytes);
    assert!(signed().bytes == signed().bytes);
    let mut later = writer();
    later.set_time(1_700_000_000);
    let mut bytes = Vec::new();
    later.write(&mut bytes).unwrap();
    assert!(bytes != first.bytes);
}

#[test]
fn every_changed_byte_is_found() {
    let (plain, signed) = (written(), signed());
    assert!(signed.bytes.len() > plain.bytes.len());
    [plain, signed].iter().for_each(every_change_is_found);
}

fn every_change_is_found(Written { path, bytes, .. }: &Written) {
    let intact = BundleCheck::run(path).unwrap();
    assert!(intact.damages.is_empty(), "{:?}", intact.damages);
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        fs::write(path, &changed).unwrap();
        let found = BundleCheck::run(path);
        assert!(found.is_err() || !found.unwrap().damages.is_empty(), "byte {at} of {path:?}");
    }
}

#[test]
fn a_bundle_has_exactly_its_bytes() {
    let Written { path, bytes, .. } = &written();
    for changed in [&bytes[..bytes.len() - 1], &bytes[..1000], b"", &[&bytes[..], b"\0"].concat()] {
        fs::write(path, changed).unwrap();
        assert!(OpenBundle::open(path).is_err(), "{} bytes", changed.len());
    }
}

#[test]
fn a_file_is_compared_when_it_is_read() {
    let Written { path, bytes, .. } = &written();
    let bundle = OpenBundle::open(path).unwrap();
    assert_eq!(bundle.read("format").unwrap().unwrap(), b"loom-store 1\n");
    assert_eq!(bundle.read("empty").unwrap().unwrap(), b"");
    assert!(bundle.read("form").unwrap().is_none());
    let at = bytes.windows(4).position(|four| four == [7; 4]).unwrap();
    let mut changed = bytes.clone();
    changed[at + 511] ^= 0x80;
    fs::write(path, &changed).unwrap();
    let bundle = OpenBundle::open(path).unwrap();
    assert!(bundle.read("format").is_ok());
    let error = bundle.read("objects/sha256/ab/full").unwrap_err();
    assert!(matches!(error, BundleError::Digest { .. }), "{error}");
}

#[test]
fn files_that_no_bundle_can_have_are_refused() {
    for path in
        ["", "/a", "a//b", "../a", "a/..", "a\\b", "\u{e4}", "bundle.json", "bundle.json.minisig"]
    {
        let mut writer = writer();
        writer.add(path, BundleContent::Bytes(Vec::new()));
        assert!(writer.write(&mut Vec::new()).is_err(), "{path:?}");
    }
    let mut nested = writer();
    nested.add("format/x", BundleContent::Bytes(Vec::new()));
    assert!(nested.write(&mut Vec::new()).is_err());
}

#[test]
fn a_manifest_has_one_form() {
    let mut bytes = Vec::new();
    let manifest = writer().write(&mut bytes).unwrap();
    let text = String::from_utf8(manifest.to_bytes()).unwrap();
    assert!(BundleManifest::parse(text.as_bytes()).is_ok());
    for (from, to) in [
        ("loom-bundle 1", "loom-bundle 2"),
        ("[\n", "[ \n"),
        ("\"time\":", "\"x\":1,\"time\":"),
        ("\"path\":\"empty\"", "\"path\":\"zzz\""),
        ("315532800", "315532800.0"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        assert!(BundleManifest::parse(changed.as_bytes()).is_err(), "{to}");
    }
}
