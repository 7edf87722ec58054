//! Which fingerprints count, and where they are kept.
#![cfg(unix)]

use std::fs;

use super::*;
use crate::store::{InstalledCheck, durable::set_mode};

#[test]
fn a_restored_time_of_modification_does_not_hide_a_change() {
    let home = home();
    let store = &home.store;
    let installed = install(store, "0.1.0", b"program");
    let before = fs::metadata(&installed.entry).unwrap().modified().unwrap();
    damage(&installed.entry, b"Program");
    fs::File::options().append(true).open(&installed.entry).unwrap().set_modified(before).unwrap();
    set_mode(&installed.entry, 0o555).unwrap();
    assert!(store.damage(&installed).unwrap().is_some());
    assert!(store.check_installed(&installed).is_err());
}

#[test]
fn what_others_can_write_does_not_count() {
    let home = home();
    let store = &home.store;
    let installed = install(store, "0.1.0", b"program");
    let folder = store.root().join("fingerprints");
    let file = folder.join(installed.tree.to_string());
    for (path, mode) in [(&file, 0o664), (&file, 0o646), (&folder, 0o777), (&folder, 0o775)] {
        let before = fs::metadata(path).unwrap().permissions();
        assert_eq!(store.check_installed(&installed).unwrap(), InstalledCheck::Unchanged);
        set_mode(path, mode).unwrap();
        assert_eq!(store.check_installed(&installed).unwrap(), InstalledCheck::Rehashed);
        fs::set_permissions(path, before).unwrap();
    }
}

#[test]
fn the_fingerprint_of_a_store_that_cannot_be_written_is_in_the_state_folder() {
    let home = home();
    let state = home.folder.path().join("state");
    let store = home.store.clone().with_state(&state);
    let installed = install(&store, "0.1.0", b"program");
    let folder = store.root().join("fingerprints");
    fs::remove_dir_all(&folder).unwrap();
    // No file can be made below a file, not even by root.
    fs::write(&folder, "").unwrap();
    assert_eq!(store.check_before_launch(&installed).unwrap(), InstalledCheck::Rehashed);
    assert_eq!(names(&state.join("fingerprints")).len(), 1);
    assert_eq!(store.check_before_launch(&installed).unwrap(), InstalledCheck::Unchanged);
    assert_eq!(store.damage(&installed).unwrap(), None);
    // Another store may have the same tree.
    let other = Store::open(&home.folder.path().join("other")).unwrap().with_state(&state);
    let twin = install(&other, "0.1.0", b"program");
    assert_eq!(twin.tree, installed.tree);
    fs::remove_dir_all(other.root().join("fingerprints")).unwrap();
    assert_eq!(other.check_before_launch(&twin).unwrap(), InstalledCheck::Rehashed);
    super::super::durable::remove_tree(other.root()).unwrap();
}
