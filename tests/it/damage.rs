//! Damage by other programs is detected when the release is used, and repaired as store-format.md specifies.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use crate::support::{self, Plain, Sandbox, Server};

fn overwrite(path: &Path, bytes: &[u8]) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(path, bytes).unwrap();
}

/// A sandbox with this version installed, and its mirror.
fn installed(version: &str) -> (Sandbox, Plain) {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&[version]));
    sandbox.loom(&["get", "--source", &mirror.url(), "--version", version]).ok();
    (sandbox, mirror)
}

#[test]
fn removing_the_version_folder_repairs_a_damaged_tree() {
    let (sandbox, mirror) = installed("0.2.0");
    let program = sandbox.link("0.2.0").canonicalize().unwrap();
    let original = fs::read(&program).unwrap();
    overwrite(&program, b"#!/bin/sh\necho damaged\n");
    fs::remove_dir_all(sandbox.cache().join("bin/0.2.0")).unwrap();

    let server = Server::serve(mirror.path());
    let run = sandbox.loom(&["get", "--source", &server.url(), "--version", "0.2.0"]).ok();
    assert_eq!(fs::read(run.path()).unwrap(), original);
    assert_eq!(server.gets(".tar.gz"), 1, "it was fetched again");
    assert!(run.stderr().contains("damage"), "the reason is printed: {}", run.stderr());
    sandbox.verify();
}

#[test]
fn removing_the_version_folder_of_an_undamaged_tree_fetches_nothing() {
    let (sandbox, mirror) = installed("0.2.0");
    fs::remove_dir_all(sandbox.cache().join("bin/0.2.0")).unwrap();
    let server = Server::serve(mirror.path());
    sandbox.loom(&["get", "--source", &server.url(), "--version", "0.2.0"]).ok();
    assert_eq!(server.gets(".tar.gz"), 0, "{:#?}", server.requests());
    sandbox.verify();
}

#[test]
fn removing_all_of_bin_loses_no_release() {
    let (sandbox, _mirror) = installed("0.2.0");
    fs::remove_dir_all(sandbox.cache().join("bin")).unwrap();
    sandbox.loom(&["get", "--offline", "--version", "0.2.0"]).ok();
    sandbox.verify();
}

#[test]
fn a_damaged_tree_that_another_release_shares_is_not_adopted() {
    use crate::support::{Packing, Sums, program};
    let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
    for version in ["0.1.0", "0.2.0"] {
        mirror.add(version, Packing::TarGz, &program::small("either"), Sums::Sidecar);
    }
    sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.1.0"]).ok();
    let program = sandbox.link("0.1.0").canonicalize().unwrap();
    let original = fs::read(&program).unwrap();
    overwrite(&program, b"#!/bin/sh\necho damaged\n");
    let run = sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.2.0"]).ok();
    assert_eq!(fs::read(run.path()).unwrap(), original);
    sandbox.verify();
}

#[test]
fn a_damaged_record_is_treated_as_absent_or_reported() {
    let (sandbox, mirror) = installed("0.2.0");
    let platform = support::platform();
    let record = sandbox
        .cache()
        .join("releases/loom-os")
        .join(support::BINARY)
        .join(format!("0.2.0/{platform}.json"));
    overwrite(&record, b"{");
    fs::remove_dir_all(sandbox.cache().join("bin/0.2.0")).unwrap();
    sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.2.0"]).ok();
    sandbox.verify();
}
