//! Who may write a store, and who may lock its files.
#![cfg(unix)]

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    time::Duration,
};

use super::{
    super::{RepairScope, StoreError, StoreNotice, StoreWriters, TransferSubject, locks},
    *,
};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn lock_files_stay_and_only_writers_can_open_those_that_block() {
    let home = home();
    let store = &home.store;
    let installed = install(store, "0.1.0", b"x");
    drop(store.lease(&installed, home.folder.path()).unwrap());
    let before = (names(&store.root().join("locks")), names(&store.root().join("leases")));
    assert!(before.0.len() >= 2 && before.1.len() == 1, "{before:?}");
    // Those of an older version could be opened by all.
    chmod(&store.root().join("locks/collect"), 0o666);
    assert!(store.remove(&installed.release).unwrap());
    for (folder, bits) in [("locks", 0o600), ("leases", 0o644)] {
        for name in names(&store.root().join(folder)) {
            assert_eq!(mode(&store.root().join(folder).join(&name)), bits, "{folder}/{name}");
        }
    }
    for (folder, before) in [("locks", before.0), ("leases", before.1)] {
        let now = names(&store.root().join(folder));
        assert!(before.iter().all(|name| now.contains(name)), "{folder}: {before:?} {now:?}");
    }
}

#[test]
fn a_store_that_everybody_can_write_is_refused_for_reading_too() {
    let home = home();
    install(&home.store, "0.1.0", b"x");
    let root = home.store.root();
    for bits in [0o777, 0o1777, 0o757] {
        chmod(root, bits);
        let refused = Store::open(root);
        assert!(matches!(refused, Err(StoreError::OpenToAll { .. })), "{bits:o} {refused:?}");
    }
    chmod(root, 0o755);
    assert!(Store::open(root).is_ok());
}

#[test]
fn a_store_that_its_group_can_write_is_closed_unless_it_is_shared() {
    let home = home();
    install(&home.store, "0.1.0", b"x");
    let root = home.store.root();
    for folder in [root.join("locks"), root.join("store"), root.to_owned()] {
        chmod(&folder, 0o775);
    }
    let store = Store::open(root).unwrap();
    assert_eq!(mode(root), 0o775, "reading changes nothing");
    install(&store, "0.2.0", b"y");
    assert_eq!(store.notices(), [StoreNotice::Closed { root: root.to_owned() }]);
    for folder in ["", "locks", "store"] {
        assert_eq!(mode(&root.join(folder)), 0o755, "{folder}");
    }
    assert_intact(&store);
}

#[test]
fn a_folder_with_other_files_keeps_them_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let file = |path: &str| {
        fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
        fs::write(root.join(path), b"mine").unwrap();
        chmod(&root.join(path), 0o664);
    };
    file("notes/today");
    file("notes/locked");
    chmod(&root.join("notes/locked"), 0);
    chmod(&root.join("notes"), 0o775);
    chmod(root, 0o775);
    // A `bin`, and a `tmp` whose old files a store removes, are not the store's.
    for (path, named) in [("bin/tool", "bin"), ("tmp/old", "tmp"), ("store/mine", "store")] {
        file(path);
        let before = names(root);
        let store = Store::open(root).unwrap();
        let refused = store.stage(TreeLimits::default());
        let is_named = matches!(&refused, Err(StoreError::ForeignFolder { path, .. }) if path.ends_with(named));
        assert!(is_named, "{path}: {refused:?}");
        let repaired = store.repair_foundation(RepairScope::Everything);
        let is_left = repaired.map_or_else(
            |error| matches!(error, StoreError::ForeignFolder { .. }),
            |repaired| repaired.is_empty(),
        );
        assert!(is_left && store.repair_readability().unwrap().is_empty(), "{path}");
        assert_eq!((names(root), mode(root)), (before, 0o775), "{path}");
        fs::remove_dir_all(root.join(path).parent().unwrap()).unwrap();
    }
    // Beside files that are in no place of its own, a store can be; only its folder is closed.
    let home = Home { store: Store::open(root).unwrap(), folder };
    install(&home.store, "0.1.0", b"x");
    let root = home.store.root();
    assert_eq!((mode(root), mode(&root.join("notes"))), (0o755, 0o775));
    assert_eq!(mode(&root.join("notes/today")), 0o664);
    assert_eq!(mode(&root.join("notes/locked")), 0);
}

#[test]
fn a_file_in_the_place_of_the_store_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cache");
    fs::write(&file, b"x").unwrap();
    let store = Store::open(&file).unwrap();
    let refused = store.stage(TreeLimits::default());
    assert!(matches!(refused, Err(StoreError::NotAFolder { .. })), "{refused:?}");
}

#[test]
fn a_shared_store_needs_a_folder_that_gives_its_group() {
    let home = home();
    let root = home.store.root();
    fs::create_dir(root).unwrap();
    for bits in [0o755, 0o775, 0o2755] {
        chmod(root, bits);
        let store = Store::open(root).unwrap().written_by(StoreWriters::Group);
        let refused = store.stage(TreeLimits::default());
        assert!(matches!(refused, Err(StoreError::NotShared { .. })), "{bits:o} {refused:?}");
    }
    chmod(root, 0o2775);
    let store = Store::open(root).unwrap().written_by(StoreWriters::Group);
    let installed = install(&store, "0.1.0", b"x");
    drop(store.lease(&installed, home.folder.path()).unwrap());
    for (path, bits) in [
        ("locks", 0o2775),
        ("store", 0o2775),
        ("releases/loom-os/loom-bridge-server/0.1.0", 0o2775),
        ("bin/0.1.0/linux-x86_64", 0o2775),
        ("locks/collect", 0o660),
        (&format!("leases/{}", installed.tree), 0o664),
        (&format!("store/{}", installed.tree), 0o555),
    ] {
        assert_eq!(mode(&root.join(path)), bits, "{path}");
    }
    assert_intact(&store);
}

#[test]
fn a_new_store_is_its_owners_whatever_the_folder_above_is() {
    let home = home();
    let above = home.folder.path().join("team");
    fs::create_dir(&above).unwrap();
    chmod(&above, 0o2775);
    for (name, writers, bits) in
        [("own", StoreWriters::Owner, 0o755), ("shared", StoreWriters::Group, 0o2775)]
    {
        let store = Store::open(&above.join(name)).unwrap().written_by(writers);
        install(&store, "0.1.0", b"x");
        for folder in ["", "store", "locks"] {
            assert_eq!(mode(&store.root().join(folder)), bits, "{name}/{folder}");
        }
        assert_eq!(store.notices(), []);
        super::super::durable::remove_tree(store.root()).unwrap();
    }
}

#[test]
fn a_lease_that_another_process_holds_goes_to_the_state_folder() {
    let home = home();
    let (store, state) = (&home.store, home.folder.path().join("state"));
    let installed = install(store, "0.1.0", b"x");
    let path = store.root().join(format!("leases/{}", installed.tree));
    let held = locks::open(&path, 0o644).unwrap();
    held.try_lock().unwrap();
    let (told, waits) = std::sync::mpsc::channel();
    store.on_wait(move |wait| told.send(wait.to_string()).unwrap());
    let lease = store.lease(&installed, &state).unwrap();
    assert!(lease.path().starts_with(&state));
    let notices = store.notices();
    let [StoreNotice::LeaseHeld { lease, holder, .. }] = &notices[..] else {
        panic!("{notices:?}")
    };
    assert_eq!(lease, &path);
    let waits: Vec<String> = waits.try_iter().collect();
    assert!(waits.len() == 1 && waits[0].contains("leases/"), "{waits:?}");
    if cfg!(target_os = "linux") {
        let pid = std::process::id();
        assert_eq!(holder.as_ref().unwrap().pid, pid);
        assert!(waits[0].contains(&format!("process {pid}")), "{waits:?}");
    }
    let busy = store.remove(&installed.release).unwrap_err();
    assert!(busy.is_busy() && busy.to_string().contains("is in use"), "{busy}");
}

#[test]
fn a_wait_for_the_collection_lock_is_reported_and_ends() {
    let home = home();
    let store = &home.store;
    let installed = install(store, "0.1.0", b"x");
    let path = store.root().join("locks/collect");
    let held = locks::open(&path, 0o600).unwrap();
    held.try_lock_shared().unwrap();
    let (told, waits) = std::sync::mpsc::channel();
    store.on_wait(move |wait| told.send(wait.clone()).unwrap());
    std::thread::scope(|scope| {
        let removing = scope.spawn(|| store.remove(&installed.release).unwrap());
        let wait = waits.recv().unwrap();
        assert_eq!((wait.path, wait.longest), (path.clone(), Duration::from_secs(60)));
        drop(held);
        assert!(removing.join().unwrap());
    });
    // With another patience: the wait has an end, and the error names the holder.
    let held = locks::open(&path, 0o600).unwrap();
    held.try_lock().unwrap();
    let other = locks::open(&path, 0o600).unwrap();
    let longest = Duration::from_millis(20);
    let patience = loom_base::file_lock::LockPatience { quiet: Duration::ZERO, longest };
    let error = locks::wait(&path, || other.try_lock(), patience, &mut || {}).unwrap_err();
    assert!(matches!(&error, StoreError::Held { waited, .. } if *waited == longest), "{error:?}");
    assert!(error.is_busy());
}

#[test]
fn a_download_keeps_nobody_from_removing() {
    let home = home();
    let store = &home.store;
    let installed = install(store, "0.1.0", b"x");
    let _lock = store.lock_release(&release("0.2.0"), &mut || {}).unwrap();
    let staged = store.stage(TreeLimits::default()).unwrap();
    let asset = loom_source::AssetRef::new("x");
    let source = "https://mirror.example";
    let subject = TransferSubject { source, asset: &asset, archive: None, size: None };
    let mut partial = Partial::open(store, &subject).unwrap();
    assert!(partial.take(store).unwrap());
    partial.push(b"a part").unwrap();
    store.on_wait(|wait| panic!("{wait}"));
    assert!(store.remove(&installed.release).unwrap());
    drop((staged, partial));
}
