//! What others have left in a store: unknown files and keys, half deleted folders, lost permissions.

use std::fs;

use super::{
    super::{InstalledCheck, StoreError, StoreNotice},
    *,
};

#[test]
fn unknown_files_and_keys_are_ignored_at_every_level() {
    let home = home();
    let store = &home.store;
    let installed = install(store, "0.1.0", b"x");
    let statement = store.record(&installed.release).unwrap().unwrap().statement;
    for folder in [
        "",
        "bin",
        "bin/0.1.0",
        "bin/0.1.0/linux-x86_64",
        "store",
        "releases",
        "releases/loom-os",
        "releases/loom-os/loom-bridge-server/0.1.0",
        "verifications/loom-os/loom-bridge-server/0.1.0",
        "receipts/loom-os/loom-bridge-server/0.1.0",
        "fingerprints",
        "leases",
        "locks",
        "tmp",
    ] {
        fs::create_dir_all(store.root().join(folder)).unwrap();
        fs::write(store.root().join(folder).join("Unknown File.txt"), b"?").unwrap();
        fs::create_dir_all(store.root().join(folder).join("Unknown Folder/x")).unwrap();
    }
    for name in [".hidden", "x.json", "linux-x86_64.json.bak", "linux-x86_64"] {
        let folder = store.root().join("releases/loom-os/loom-bridge-server/0.1.0");
        fs::write(folder.join(name), b"?").unwrap();
    }
    // A key that a later version may add, in each document that is read.
    let more = |path: &Path, key: &str| {
        let text = fs::read_to_string(path).unwrap();
        let with = format!("{{{key},{}", text.strip_prefix('{').unwrap());
        fs::write(path, &with).unwrap();
        with
    };
    let key = r#""later":{"a":[1,{"b":null}]}"#;
    let object = store.object(&statement);
    let old = fs::read_to_string(&object).unwrap();
    let text = more(&store.root().join(loom_source::Record::path(&installed.release)), key);
    let new = format!("{{{key},{}", old.strip_prefix('{').unwrap());
    let digest = Digest::of(new.as_bytes());
    fs::create_dir_all(store.object(&digest).parent().unwrap()).unwrap();
    fs::write(store.object(&digest), new).unwrap();
    let record = text.replace(&statement.to_string(), &digest.to_string());
    fs::write(store.root().join(loom_source::Record::path(&installed.release)), record).unwrap();
    more(&store.root().join("receipts/loom-os/loom-bridge-server/0.1.0/linux-x86_64.json"), key);

    let store = Store::open(store.root()).unwrap();
    assert_eq!(store.find(&installed.release).unwrap(), Some(installed.clone()));
    assert_eq!(store.list().unwrap().len(), 1);
    assert!(store.receipt(&installed.release).unwrap().is_some());
    assert_eq!(store.recorded(&installed.release).unwrap().unwrap().tree, installed.tree);
    assert_eq!(store.check_installed(&installed).unwrap(), InstalledCheck::Unchanged);
    assert!(store.du().unwrap().total > 0);
    assert_intact(&store);
    install(&store, "0.2.0", b"y");
    assert!(store.remove(&installed.release).unwrap());
}

#[test]
fn garbage_collection_mends_a_half_deleted_store() {
    let home = home();
    install(&home.store, "0.1.0", b"first");
    let version = "loom-os/loom-bridge-server/0.1.0/linux-x86_64.json";
    for name in ["format", &format!("releases/{version}"), &format!("verifications/{version}")] {
        fs::remove_file(home.store.root().join(name)).unwrap();
    }
    fs::remove_dir_all(home.store.root().join("bin")).unwrap();
    let store = Store::open(home.store.root()).unwrap();
    assert!(!store.exists() && store.has_remains());
    assert!(collect(&store).freed >= 5);
    assert_eq!(trees(&store).len(), 0);
    assert_intact(&store);
}

#[test]
fn a_half_deleted_store_is_counted_and_mended() {
    let home = home();
    let store = &home.store;
    install(store, "0.1.0", b"first");
    let kept = install(store, "0.2.0", b"second");
    // As `rm -rf` of an ordinary user leaves it: read-only trees, and what comes after them.
    let version = "loom-os/loom-bridge-server/0.1.0/linux-x86_64.json";
    let (record, verification) =
        (format!("releases/{version}"), format!("verifications/{version}"));
    for name in ["format", "CACHEDIR.TAG", &record, &verification] {
        fs::remove_file(store.root().join(name)).unwrap();
    }
    fs::remove_dir_all(store.root().join("bin/0.1.0")).unwrap();
    let store = Store::open(store.root()).unwrap();
    assert!(!store.exists());
    let usage = store.du().unwrap();
    assert_eq!(usage.trees, 11);
    assert!(usage.total > 11 && usage.garbage >= 11, "{usage:?}");
    let findings = store.verify().unwrap().findings;
    assert!(findings.len() == 1 && findings[0].path.ends_with("format"), "{findings:?}");

    install(&store, "0.3.0", b"third");
    assert_eq!(store.notices(), [StoreNotice::Remains { trees: 1 }]);
    assert_eq!(store.find(&kept.release).unwrap(), Some(kept), "what is named stays");
    assert_eq!(trees(&store).len(), 2);
    assert!(names(store.root()).iter().all(|name| !name.starts_with("bin.foreign")));
    assert_intact(&store);
}

#[cfg(unix)]
#[test]
fn a_lost_permission_to_execute_is_restored_before_a_launch() {
    use super::super::durable::set_mode;
    use std::os::unix::fs::PermissionsExt as _;
    let home = home();
    let store = &home.store;
    let installed = install(store, "0.1.0", b"x");
    for keep in [true, false] {
        set_mode(&installed.entry, 0o444).unwrap();
        assert!(!store.verify().unwrap().findings.is_empty());
        if !keep {
            fs::remove_dir_all(store.root().join("fingerprints")).unwrap();
        }
        // Permissions change the time of the last change, which the fingerprint has.
        assert_eq!(store.check_installed(&installed).unwrap(), InstalledCheck::Rehashed);
        assert_eq!(store.check_installed(&installed).unwrap(), InstalledCheck::Unchanged);
        let mode = fs::metadata(&installed.entry).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o555);
        assert_intact(store);
    }
    // The bytes come first.
    damage(&installed.entry, b"evil");
    set_mode(&installed.entry, 0o444).unwrap();
    assert!(matches!(store.check_installed(&installed), Err(StoreError::Damaged { .. })));
}

#[test]
fn a_marked_tree_is_absent_and_replaced() {
    let home = home();
    let store = &home.store;
    let installed = install(store, "0.1.0", b"x");
    // As a process leaves it that was killed while it deleted the tree where it is.
    let mark = store.root().join(format!("store/.trash-{}", installed.tree));
    fs::write(&mark, b"").unwrap();
    damage(&installed.entry, b"");
    assert_eq!(store.find(&installed.release).unwrap(), None);
    assert_eq!(store.recorded(&installed.release).unwrap(), None);
    assert!(matches!(
        store.recover(&installed.release, &lax()).unwrap(),
        super::super::Recovery::Nothing
    ));
    assert_intact(store);
    let again = install(store, "0.1.0", b"x");
    assert_eq!(fs::read(&again.link).unwrap(), b"x");
    assert!(!mark.exists());
    assert_intact(store);
    // The next run completes the deletion of one that is not replaced, if it has begun.
    fs::write(&mark, b"").unwrap();
    damage(&again.entry, b"");
    store.sweep().unwrap();
    assert!(!mark.exists() && !again.entry.exists());
    // The record is left; the tree that it names is reported.
    let findings = store.verify().unwrap().findings;
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].what.contains("it is missing"), "{findings:?}");
}

#[test]
fn several_processes_may_delete_the_same_tree() {
    let home = home();
    let store = &home.store;
    store.prepare().unwrap();
    for round in 0..20_u8 {
        let tree = Digest::of(&[round]);
        let folder = store.tree(&tree);
        for name in 0..20 {
            fs::create_dir_all(folder.join(format!("{name}/a/b"))).unwrap();
        }
        store.condemn(&tree).unwrap();
        std::thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| store.delete_trash(&tree).unwrap());
            }
        });
        assert!(!store.trash_path(&tree).exists());
    }
}
