//! Garbage is removed; what a release, a process or a record that cannot be read may need is not.

use std::fs;

use super::{super::CollectedGarbage, *};

#[test]
fn what_no_release_names_is_removed_unless_a_process_runs_from_it() {
    let home = home();
    let store = &home.store;
    assert_eq!(store.collect_garbage().unwrap(), CollectedGarbage::default());
    let kept = install(store, "0.1.0", b"kept");
    let lost = install(store, "0.2.0", b"lost");
    let objects = || fs::read_dir(store.root().join("objects/sha256")).unwrap().count();
    for path in [
        store.record_path(&lost.release),
        store.verification_path(&lost.release),
        lost.link.clone(),
    ] {
        fs::remove_file(path).unwrap();
    }
    fs::create_dir(store.root().join("store/.new-x")).unwrap();
    fs::write(store.root().join("store/.new-x/0"), b"staged").unwrap();

    let lease = fs::File::create(store.root().join(format!("leases/{}", lost.tree)));
    let lease = lease.or_else(|_| {
        fs::create_dir_all(store.root().join("leases"))?;
        fs::File::create(store.root().join(format!("leases/{}", lost.tree)))
    });
    let lease = lease.unwrap();
    lease.lock_shared().unwrap();
    let collected = store.collect_garbage().unwrap();
    assert!(collected.freed > 0 && collected.left > 0 && !collected.unreadable, "{collected:?}");
    assert!(lost.entry.exists() && store.listing(&lost.tree).unwrap().is_some());
    assert!(!store.root().join("store/.new-x").exists());

    drop(lease);
    let collected = store.collect_garbage().unwrap();
    assert_eq!((collected.left, collected.unreadable), (0, false));
    assert!(!store.tree(&lost.tree).exists() && store.listing(&lost.tree).unwrap().is_none());
    assert_eq!(store.find(&kept.release).unwrap(), Some(kept));
    assert_intact(store);
    let before = objects();
    assert_eq!(store.collect_garbage().unwrap(), CollectedGarbage::default());
    assert_eq!(objects(), before);
}

#[test]
fn a_record_that_cannot_be_read_keeps_all_trees_and_objects() {
    let home = home();
    let store = &home.store;
    let installed = install(store, "0.1.0", b"x");
    fs::remove_file(&installed.link).unwrap();
    fs::write(store.record_path(&installed.release), b"{").unwrap();
    assert!(store.collect_garbage().unwrap().unreadable);
    assert!(installed.entry.exists());
}
