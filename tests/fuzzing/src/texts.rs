//! Texts: what is written of what was read is read as the same.

use std::{fmt::Display, str::FromStr};

use loom_base::{HostPort, clean, redact, time};
use loom_runtime::{config, lock::LockDocument, sources::netrc::Netrc, store::TreePath};
use loom_source::{
    AssetNames, Authority, Digest, Name, Platform, Selector, Slot, Version, checksum,
};

use crate::input::text;

/// Reads a text as a `T`; what it is written as is read as the same, and written the same way.
fn again<T: FromStr + Display>(input: &str) {
    let Ok(read) = input.parse::<T>() else { return };
    let written = read.to_string();
    let Ok(read) = written.parse::<T>() else { panic!("{input:?} is written as {written:?}") };
    assert_eq!(read.to_string(), written);
}

/// Names, versions, digests, paths, addresses and times.
pub(crate) fn names(data: &[u8]) {
    let Some(input) = text(data) else { return };
    again::<Name>(input);
    again::<Authority>(input);
    again::<Version>(input);
    again::<Slot>(input);
    again::<Selector>(input);
    again::<Platform>(input);
    again::<Digest>(input);
    again::<TreePath>(input);
    again::<HostPort>(input);
    let _ = input.parse::<AssetNames>();
    if let Some(at) = time::parse_rfc3339(input) {
        assert!(time::parse_rfc3339(&time::format_rfc3339(at)).is_some());
    }
    if let Ok(path) = input.parse::<TreePath>() {
        assert!(path.as_str().len() <= 120 && !path.as_str().contains(['\\', ':']));
        assert!(path.as_str().split('/').all(|part| !["", ".", ".."].contains(&part)));
    }
}

/// Checksum files.
pub(crate) fn checksums(data: &[u8]) {
    const ASSET: &str = "a-0.1.0-linux-x86_64.tar.gz";
    let _ = checksum::sidecar(data, ASSET);
    let named = checksum::named(data);
    assert!(named.len() <= data.len() / 64);
    if let Ok(Some(digest)) = checksum::sums(data, ASSET) {
        assert!(named.iter().any(|(_, one)| *one == digest));
    }
}

/// What is printed of the texts of others: nothing that controls a terminal, and the same when it is cleaned again.
pub(crate) fn cleaned(data: &[u8]) {
    let Some(input) = text(data) else { return };
    for cleaned in [clean::text(input).into_owned(), clean::line(input).into_owned()] {
        let left = cleaned.chars().find(|c| clean::is_unsafe(*c) && !"\n\t".contains(*c));
        assert_eq!(left, None, "{cleaned:?}");
        assert_eq!(clean::text(&cleaned), cleaned);
    }
    assert!(!clean::line(input).contains('\n'));
    let redacted = redact::text(input);
    assert_eq!(redact::text(&redacted), redacted, "of {input:?}");
}

/// A `.netrc`.
pub(crate) fn netrc(data: &[u8]) {
    let Some(input) = text(data) else { return };
    match Netrc::parse(input) {
        Ok(netrc) => {
            let login = netrc.login("mirror.example", "");
            assert!(login.is_none_or(|login| login.user.len() <= input.len()));
        }
        Err(error) => assert!(error.line <= input.lines().count() + 1),
    }
}

/// A lock file.
pub(crate) fn lock(data: &[u8]) {
    let Some(Ok(lock)) = text(data).map(LockDocument::parse) else { return };
    assert!(lock.binaries.len() <= 64);
    for binary in &lock.binaries {
        assert_eq!(lock.binary(&binary.authority, &binary.name), Some(binary));
    }
}

/// A `loom.toml`.
pub(crate) fn config(data: &[u8]) {
    if let Some(input) = text(data) {
        config::fuzzing::document(input);
    }
}

/// A `.env`.
pub(crate) fn dotenv(data: &[u8]) {
    if let Some(input) = text(data) {
        config::fuzzing::env(input);
    }
}
