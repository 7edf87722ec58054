//! Identical files share their blocks, and nothing shares with a damaged file.
#![cfg(unix)]

use std::{fs, os::unix::fs::MetadataExt as _};

use super::*;
use crate::store::{InstalledCheck, TreePath};

/// A file that releases have in common.
const COMMON: &[u8] = &[7; 9000];

/// Installs a version with a program of its own, and a file that all versions have.
fn install_pair(store: &Store, version: &str) -> Installed {
    let release = release(version);
    let mut staged = store.stage(TreeLimits::default()).unwrap();
    let program: TreePath = release.executable().parse().unwrap();
    staged.file(&program, true, version.repeat(2000).as_bytes()).unwrap();
    staged.file(&"common".parse().unwrap(), false, COMMON).unwrap();
    let checked = store.admit(staged, &waived(&release), None).unwrap();
    store.publish(vec![(checked, Some(Receipt::new(&release)))]).unwrap().remove(0)
}

fn common(installed: &Installed) -> std::path::PathBuf {
    installed.entry.parent().unwrap().join("common")
}

fn inode(path: &Path) -> u64 {
    fs::metadata(path).unwrap().ino()
}

/// Gives a file an inode of its own, with these bytes.
fn detach(path: &Path, bytes: &[u8]) {
    super::super::durable::set_mode(path.parent().unwrap(), 0o755).unwrap();
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
    super::super::durable::set_mode(path, 0o444).unwrap();
    super::super::durable::set_mode(path.parent().unwrap(), 0o555).unwrap();
}

#[test]
fn a_published_tree_shares_files_with_the_last_trees_of_its_program() {
    let home = home();
    let store = &home.store;
    let one = install_pair(store, "0.1.0");
    let two = install_pair(store, "0.2.0");
    // On a file system with reflinks the inodes differ.
    if fs::metadata(common(&one)).unwrap().nlink() > 1 {
        assert_eq!(inode(&common(&one)), inode(&common(&two)));
        let usage = store.du().unwrap();
        assert_eq!(usage.trees, 2 * 5 * 2000 + COMMON.len() as u64, "counted once");
    }
    assert_eq!(fs::metadata(common(&two)).unwrap().mode() & 0o777, 0o444);
    assert_intact(store);
    for installed in [&one, &two] {
        assert_eq!(store.check_installed(installed).unwrap(), InstalledCheck::Unchanged);
    }
    // The inode of the other tree changes when one of them is removed.
    assert!(store.remove(&two.release).unwrap());
    assert_eq!(store.check_installed(&one).unwrap(), InstalledCheck::Unchanged);
    assert_intact(store);
}

#[test]
fn files_that_do_not_share_yet_are_found() {
    let home = home();
    let store = &home.store;
    let installed = ["0.1.0", "0.2.0", "0.3.0"].map(|version| install_pair(store, version));
    for one in &installed {
        detach(&common(one), COMMON);
        store.check_installed(one).unwrap();
    }
    let done = store.deduplicate().unwrap();
    assert_eq!((done.files, done.saved, done.damaged), (2, 2 * COMMON.len() as u64, 0));
    for one in &installed {
        assert_eq!(store.check_installed(one).unwrap(), InstalledCheck::Unchanged);
        let folder = common(one).parent().unwrap().to_owned();
        assert_eq!(fs::metadata(folder).unwrap().mode() & 0o777, 0o555);
    }
    assert_eq!(store.deduplicate().unwrap().files, 0, "nothing is left to do");
    assert_intact(store);
}

#[test]
fn nothing_shares_with_a_damaged_file() {
    let home = home();
    let store = &home.store;
    let installed = ["0.1.0", "0.2.0", "0.3.0"].map(|version| install_pair(store, version));
    for one in &installed[1..] {
        detach(&common(one), COMMON);
    }
    let bad: Vec<u8> = [&COMMON[1..], b"x"].concat();
    detach(&common(&installed[0]), &bad);
    let done = store.deduplicate().unwrap();
    assert_eq!((done.files, done.damaged), (1, 1));
    assert_ne!(inode(&common(&installed[0])), inode(&common(&installed[1])));
    assert_eq!(fs::read(common(&installed[1])).unwrap(), COMMON);
    assert_eq!(store.verify().unwrap().findings.len(), 1);
}

#[test]
fn files_with_other_permissions_are_not_linked() {
    let home = home();
    let store = &home.store;
    let installed = ["0.1.0", "0.2.0"].map(|version| install_pair(store, version));
    detach(&common(&installed[0]), COMMON);
    // Permissions belong to the inode.
    super::super::durable::set_mode(&common(&installed[0]), 0o644).unwrap();
    assert_eq!(store.deduplicate().unwrap().files, 0);
    assert_ne!(inode(&common(&installed[0])), inode(&common(&installed[1])));
}

#[test]
fn a_damaged_inode_is_named_in_all_trees_and_mended_in_all() {
    let home = home();
    let store = &home.store;
    let installed = ["0.1.0", "0.2.0"].map(|version| install_pair(store, version));
    if fs::metadata(common(&installed[0])).unwrap().nlink() == 1 {
        return;
    }
    let extra = install_pair(store, "0.3.0");
    detach(&common(&extra), COMMON);
    damage(&common(&installed[0]), &[8; 9000]);
    let findings = store.verify().unwrap().findings;
    assert_eq!(findings.len(), 2, "{findings:?}");
    for one in &installed {
        assert!(store.damage(one).is_ok());
        let tree = store.tree_of(one).unwrap();
        let limits = TreeLimits::default();
        assert!(store.rebuild_from_copies(&one.release, &tree.tree, &tree.entry, limits).unwrap());
        assert_eq!(fs::read(common(one)).unwrap(), COMMON);
    }
    assert_intact(store);
    for one in installed.iter().chain([&extra]) {
        store.check_installed(one).unwrap();
        assert_eq!(store.check_installed(one).unwrap(), InstalledCheck::Unchanged);
    }
}

#[test]
fn a_change_beside_a_link_is_not_covered_by_a_new_fingerprint() {
    let home = home();
    let store = &home.store;
    let one = install_pair(store, "0.1.0");
    damage(&one.entry, "0.1.1".repeat(2000).as_bytes());
    install_pair(store, "0.2.0");
    assert!(matches!(store.check_installed(&one), Err(super::super::StoreError::Damaged { .. })));
}
