//! A store with many small releases, written file by file as store-format.md describes: acquiring thousands of them would
//! take longer than the measurement.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
};

use loom_source::Digest;

use crate::setup::Outcome;

const BINARY: &str = "loom-bridge-server";

/// Writes a store with `count` trees of one file with `size` bytes. Every second tree belongs to a version, the others to
/// none.
pub(crate) fn write_store(root: &Path, count: usize, size: usize) -> Outcome {
    for folder in ["locks", "tmp", "leases", "fingerprints", "store"] {
        fs::create_dir_all(root.join(folder))?;
    }
    fs::write(root.join("format"), "loom-store 1\n")?;
    for number in 0..count {
        let tree = write_tree(root, &body(number, size))?;
        if number % 2 == 0 {
            write_release(root, &format!("0.{number}.0"), tree)?;
        }
    }
    Ok(())
}

/// Writes `count` folders with the files that the trees have.
pub(crate) fn write_folders(root: &Path, count: usize, size: usize) -> Outcome {
    for number in 0..count {
        let folder = root.join(format!("tree-{number}/bin"));
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(BINARY), body(number, size))?;
    }
    Ok(())
}

fn body(number: usize, size: usize) -> Vec<u8> {
    let mut body = format!("#!/bin/sh\n# {number}\n").into_bytes();
    body.resize(size.max(body.len()), b'x');
    body
}

/// Writes a tree and its listing; answers its name.
fn write_tree(root: &Path, body: &[u8]) -> Outcome<Digest> {
    let line = format!("x {} {} bin/{BINARY}\n", Digest::of(body), body.len());
    let tree = write_object(root, format!("loom-tree 1\n{line}").as_bytes())?;
    let folder = root.join(format!("store/{tree}"));
    fs::create_dir_all(folder.join("bin"))?;
    fs::write(folder.join("bin").join(BINARY), body)?;
    for path in [&*format!("bin/{BINARY}"), "bin", ""] {
        fs::set_permissions(folder.join(path), fs::Permissions::from_mode(0o555))?;
    }
    Ok(tree)
}

fn write_object(root: &Path, bytes: &[u8]) -> Outcome<Digest> {
    let digest = Digest::of(bytes);
    let name = digest.to_string();
    write_file(&root.join("objects/sha256").join(&name[..2]).join(&name), bytes)?;
    Ok(digest)
}

/// Writes the statement, record, link and verification of a version.
fn write_release(root: &Path, version: &str, tree: Digest) -> Outcome {
    let statement = format!(
        "{{\"schema\":\"loom-statement 1\",\"authority\":\"loom-os\",\"binary\":\"{BINARY}\",\"version\":\"{version}\",\
         \"platform\":\"linux-x86_64\",\"tree\":\"{tree}\",\"entry\":\"bin/{BINARY}\",\"archives\":[]}}\n"
    );
    let statement = write_object(root, statement.as_bytes())?;
    let record = format!(
        "{{\"schema\":\"loom-record 1\",\"statement\":\"{statement}\",\"carriers\":[{{\"form\":\"loose\"}}],\
         \"evidence\":[]}}\n"
    );
    let place = format!("loom-os/{BINARY}/{version}/linux-x86_64.json");
    write_file(&root.join("releases").join(&place), record.as_bytes())?;
    let links = root.join(format!("bin/{version}/linux-x86_64"));
    fs::create_dir_all(&links)?;
    symlink(format!("../../../store/{tree}/bin/{BINARY}"), links.join(BINARY))?;
    let verification = format!(
        "{{\"schema\":\"loom-verification 1\",\"authority\":\"loom-os\",\"binary\":\"{BINARY}\",\"slot\":\"{version}\",\
         \"platform\":\"linux-x86_64\",\"tree\":\"{tree}\",\"statement\":\"{statement}\",\"class\":\"mirror\",\
         \"source\":\"m\",\"digests\":[{{\"of\":\"tree\",\"digest\":\"{tree}\",\"by\":\"given\",\"at\":\"x\",\
         \"grade\":\"identity\"}}],\"evidence\":[]"
    );
    let own = Digest::of(verification.as_bytes());
    let verification = format!("{verification},\"self\":\"{own}\"}}\n");
    write_file(&root.join("verifications").join(&place), verification.as_bytes())
}

fn write_file(path: &Path, bytes: &[u8]) -> Outcome {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(fs::write(path, bytes)?)
}
