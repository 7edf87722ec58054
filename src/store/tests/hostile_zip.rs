//! Zip files that must be refused.

use std::io::{Cursor, Write as _};

use zip::{ZipWriter, write::SimpleFileOptions};

use super::*;

fn unpacked(zip: &[u8]) -> (Home, Result<Staged, UnpackError>) {
    let home = home();
    let mut staged = home.store.stage(TreeLimits::default()).unwrap();
    let result = staged.unpack_zip(Cursor::new(zip), None).map(|()| staged);
    (home, result)
}

fn refused(zip: &[u8]) -> String {
    let (home, result) = unpacked(zip);
    let error = match result {
        Err(e) => format!("{e} {:?}", std::error::Error::source(&e).map(ToString::to_string)),
        Ok(staged) => {
            home.store.admit(staged, &waived(&release("0.1.0")), None).unwrap_err().to_string()
        }
    };
    assert_eq!(trees(&home.store), [] as [&str; 0]);
    assert_eq!(names(home.folder.path()), ["cache"]);
    error
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(vec![]));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Replaces a name by another one of the same length, in the local and in the central header.
fn renamed(zip: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = zip.to_vec();
    let at =
        |bytes: &[u8], from: &str| bytes.windows(from.len()).position(|w| w == from.as_bytes());
    while let Some(start) = at(&bytes, from) {
        bytes[start..start + to.len()].copy_from_slice(to.as_bytes());
    }
    bytes
}

/// Offsets of all occurrences of a four-byte signature.
fn headers(zip: &[u8], signature: &[u8; 4]) -> Vec<usize> {
    zip.windows(4).enumerate().filter(|(_, w)| w == signature).map(|(at, _)| at).collect()
}

const LOCAL: &[u8; 4] = b"PK\x03\x04";
const CENTRAL: &[u8; 4] = b"PK\x01\x02";
const END: &[u8; 4] = b"PK\x05\x06";

fn server<'a>() -> (&'a str, &'a [u8]) {
    ("loom-bridge-server", b"#!/bin/true\n")
}

#[test]
fn a_plain_zip_is_unpacked_and_its_top_folder_stripped() {
    let (home, staged) = unpacked(&zip(&[("top/loom-bridge-server", b"#!"), ("top/a.txt", b"a")]));
    let staged = staged.unwrap();
    assert_eq!(staged.stripped(), Some(true));
    let checked = home.store.admit(staged, &waived(&release("0.1.0")), None).unwrap();
    assert_eq!(checked.entry().as_str(), "loom-bridge-server");
    assert!(checked.listing().get("a.txt").is_some());
}

#[test]
fn paths_that_leave_the_tree() {
    for path in [
        "../evil1",
        "/etc/pas",
        "a/../../",
        "a\\..\\..x",
        "c:/evil1",
        "nul.evil",
        "a//evil1",
        "\u{e9}\u{e9}\u{e9}\u{e9}",
    ] {
        let archive = renamed(&zip(&[server(), ("harmless", b"x")]), "harmless", path);
        let error = refused(&archive);
        assert!(error.contains("refused"), "{path}: {error}");
    }
}

#[test]
fn names_that_collide() {
    let archive = renamed(&zip(&[server(), ("first", b"1"), ("other", b"2")]), "other", "first");
    assert!(refused(&archive).contains("twice"));
    let archive = renamed(&zip(&[server(), ("first", b"1"), ("other", b"2")]), "other", "FIRST");
    assert!(refused(&archive).contains("upper and lower case"));
    let archive = zip(&[server(), ("d", b"1"), ("d/f", b"2")]);
    assert!(refused(&archive).contains("also a folder"));
}

#[test]
fn links_that_leave_the_tree() {
    for target in ["/etc/passwd", "../../x", "missing"] {
        let mut zip = ZipWriter::new(Cursor::new(vec![]));
        zip.start_file("loom-bridge-server", SimpleFileOptions::default()).unwrap();
        zip.add_symlink("link", target, SimpleFileOptions::default()).unwrap();
        let error = refused(&zip.finish().unwrap().into_inner());
        assert!(error.contains("refused"), "{target}: {error}");
    }
}

#[test]
fn wrong_sizes() {
    for size in [1_u32, 200] {
        let mut archive = zip(&[server()]);
        let local = headers(&archive, LOCAL)[0];
        let central = headers(&archive, CENTRAL)[0];
        archive[local + 22..local + 26].copy_from_slice(&size.to_le_bytes());
        archive[central + 24..central + 28].copy_from_slice(&size.to_le_bytes());
        assert!(!refused(&archive).is_empty());
    }
    // Local and central header disagree.
    let mut archive = zip(&[server()]);
    let local = headers(&archive, LOCAL)[0];
    archive[local + 22..local + 26].copy_from_slice(&1_u32.to_le_bytes());
    assert!(!refused(&archive).is_empty());
}

#[test]
fn wrong_checksums() {
    let mut archive = zip(&[server()]);
    for at in [headers(&archive, LOCAL)[0] + 14, headers(&archive, CENTRAL)[0] + 16] {
        archive[at] ^= 1;
    }
    assert!(refused(&archive).contains("could not read"));
}

#[test]
fn encrypted_entries() {
    let mut archive = zip(&[server()]);
    for at in [headers(&archive, LOCAL)[0] + 6, headers(&archive, CENTRAL)[0] + 8] {
        archive[at] |= 1;
    }
    let error = refused(&archive);
    assert!(error.contains("encrypted"), "{error}");
}

#[test]
fn entries_that_overlap() {
    let mut archive = zip(&[server(), ("other", b"#!/bin/true\n")]);
    let centrals = headers(&archive, CENTRAL);
    // The second entry points to the first one's data.
    archive[centrals[1] + 42..centrals[1] + 46].copy_from_slice(&0_u32.to_le_bytes());
    assert!(!refused(&archive).is_empty());
}

#[test]
fn data_around_the_archive() {
    let whole = zip(&[server()]);
    let mut trailing = whole.clone();
    trailing.extend_from_slice(b"more");
    assert!(refused(&trailing).contains("after the archive"));
    let mut leading = b"#!/bin/sh\n".to_vec();
    leading.extend_from_slice(&whole);
    assert!(refused(&leading).contains("before the archive"));
    assert!(refused(&whole[..whole.len() - 8]).contains("could not read"));
    assert!(refused(b"").contains("could not read"));
}

/// The zip file with `bytes` inserted at an offset, and all offsets in the directory adjusted.
fn inserted(zip: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut archive = zip.to_vec();
    let mut moved = |field: usize| {
        let mut offset = u32::from_le_bytes(archive[field..field + 4].try_into().unwrap());
        if offset as usize >= at {
            offset += bytes.len() as u32;
            archive[field..field + 4].copy_from_slice(&offset.to_le_bytes());
        }
    };
    headers(zip, CENTRAL).into_iter().for_each(|header| moved(header + 42));
    headers(zip, END).into_iter().for_each(|record| moved(record + 16));
    archive.splice(at..at, bytes.iter().copied());
    archive
}

#[test]
fn data_between_the_entries() {
    let whole = zip(&[server(), ("other", b"x")]);
    let locals = headers(&whole, LOCAL);
    let (central, end) = (headers(&whole, CENTRAL)[0], headers(&whole, END)[0]);
    for (what, at, why) in [
        ("before the first", 0, "before the archive"),
        ("between two entries", locals[1], "between the entries"),
        ("before the directory", central, "between the entries"),
        ("after the directory", end, "between the entries"),
    ] {
        let error = refused(&inserted(&whole, at, b"sixteen bytes..."));
        assert!(error.contains(why), "{what}: {error}");
    }
    // An entry that the directory does not list.
    let hidden = inserted(&zip(&[server()]), locals[1], &whole[locals[1]..central]);
    assert!(!refused(&hidden).is_empty());
}

#[test]
fn data_descriptors_and_comments_belong_to_the_archive() {
    let mut zip = ZipWriter::new_stream(vec![]);
    for (name, bytes) in [server(), ("empty", b""), ("other", &[7; 1000])] {
        zip.start_file(name, SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.set_comment("a comment").unwrap();
    let archive = zip.finish().unwrap().into_inner();
    assert!(!headers(&archive, b"PK\x07\x08").is_empty());
    unpacked(&archive).1.unwrap();
    // The data descriptor states another checksum.
    let mut other = archive.clone();
    other[headers(&archive, b"PK\x07\x08")[0] + 4] ^= 1;
    assert!(refused(&other).contains("between the entries"));
    let mut zip = ZipWriter::new(Cursor::new(vec![]));
    zip.start_file("loom-bridge-server", SimpleFileOptions::default().large_file(true)).unwrap();
    zip.write_all(b"#!").unwrap();
    unpacked(&zip.finish().unwrap().into_inner()).1.unwrap();
}

#[test]
fn bombs() {
    let zeros = vec![0; 80 << 20];
    let error = refused(&zip(&[("loom-bridge-server", &zeros)]));
    assert!(error.contains("per packed byte"), "{error}");
    // The free bytes are those of the archive, not of each entry.
    let half = &zeros[..40 << 20];
    let error = refused(&zip(&[("loom-bridge-server", half), ("other", half)]));
    assert!(error.contains("per packed byte"), "{error}");
    // Little is written before the limit is noticed.
    let archive = zip(&[("loom-bridge-server", &vec![0; 200 << 20])]);
    let home = home();
    let mut staged = home.store.stage(TreeLimits::default()).unwrap();
    staged.unpack_zip(Cursor::new(&archive[..]), None).unwrap_err();
    let written = std::fs::metadata(staged.folder.path().join("0")).unwrap().len();
    let allowed = (64 << 20) + 200 * archive.len() as u64;
    assert!(written <= allowed, "{written} of {allowed}");
}

#[test]
fn devices_by_mode() {
    let mut archive = zip(&[server(), ("pipe", b"")]);
    let central = headers(&archive, CENTRAL)[1];
    archive[central + 38..central + 42].copy_from_slice(&(0o010_644_u32 << 16).to_le_bytes());
    assert!(refused(&archive).contains("neither file"));
}
