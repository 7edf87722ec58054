//! Several releases, processes and users of one store.

use std::fs;

use loom_source::EvidenceKind;

use super::{super::StoreError, *};

#[test]
fn releases_with_one_tree_share_it() {
    let home = home();
    let store = &home.store;
    let first = install(store, "0.1.0", b"same");
    let second = install(store, "0.1.1", b"same");
    assert_eq!(first.tree, second.tree);
    assert_eq!(trees(store).len(), 1);
    assert!(store.du().unwrap().releases.iter().all(|usage| usage.shared));
    assert!(store.remove(&first.release).unwrap());
    assert_eq!(store.find(&first.release).unwrap(), None);
    assert_eq!(store.find(&second.release).unwrap(), Some(second.clone()));
    assert_intact(store);
    assert!(store.remove(&second.release).unwrap());
    assert!(!store.remove(&second.release).unwrap());
    assert_eq!(trees(store), [] as [&str; 0]);
    assert_eq!(store.du().unwrap().objects, 0);
    assert_eq!(store.list().unwrap(), []);
    assert_eq!(names(&store.root().join("releases/loom-os/loom-bridge-server")), [] as [&str; 0]);
}

#[test]
fn a_damaged_tree_is_not_shared() {
    let home = home();
    let store = &home.store;
    let first = install(store, "0.1.0", b"same");
    damage(&first.entry, b"evil");
    let second = install(store, "0.1.1", b"same");
    assert_eq!(fs::read(&second.entry).unwrap(), b"same");
    assert_eq!(fs::read(&first.link).unwrap(), b"same");
    assert!(trees(store)[0].starts_with(".damaged-"), "{:?}", trees(store));
    assert_intact(store);
    assert!(store.du().unwrap().garbage >= 4);
}

#[test]
fn the_newest_damaged_folder_of_each_tree_is_kept() {
    let home = home();
    let store = &home.store;
    let mut other = install(store, "0.2.0", b"other");
    damage(&other.entry, b"wrong");
    other = install(store, "0.2.0", b"other");
    for evil in ["first", "second", "third"] {
        let installed = install(store, "0.1.0", b"same");
        damage(&installed.entry, evil.as_bytes());
        let lease = store.lease(&installed, home.folder.path()).unwrap();
        install(store, "0.1.0", b"same");
        store.sweep().unwrap();
        let leased = trees(store).len();
        drop(lease);
        store.sweep().unwrap();
        assert_eq!(
            leased > trees(store).len(),
            evil != "first",
            "a running program keeps its files"
        );
    }
    let tree = install(store, "0.1.0", b"same").tree;
    let damaged = [format!(".damaged-{tree}-3"), format!(".damaged-{}-1", other.tree)];
    let kept = trees(store).into_iter().filter(|name| name.starts_with('.')).collect::<Vec<_>>();
    assert!(kept.len() == 2 && damaged.iter().all(|name| kept.contains(name)), "{kept:?}");
    let newest = store.root().join("store").join(&damaged[0]).join("loom-bridge-server");
    assert_eq!(fs::read(newest).unwrap(), b"third");
    assert_intact(store);
}

#[test]
fn many_publish_one_tree_at_once() {
    let home = home();
    let store = &home.store;
    std::thread::scope(|scope| {
        for n in 0..8 {
            scope.spawn(move || {
                // As separate processes would: each with a store of its own.
                let store = Store::open(store.root()).unwrap();
                let installed = install(&store, &format!("0.{n}.0"), b"same");
                assert_eq!(fs::read(installed.link).unwrap(), b"same");
            });
        }
    });
    assert_eq!(trees(store).len(), 1);
    assert_eq!(store.list().unwrap().len(), 8);
    assert_intact(store);
}

#[test]
fn a_batch_is_published_at_once() {
    let home = home();
    let store = &home.store;
    let batch: Vec<_> = (0..40)
        .map(|n| {
            let release = release(&format!("0.{n}.0"));
            // Every fourth has the tree of another.
            let checked = bare(store, &release, format!("{}", n / 4).as_bytes());
            (checked, Some(Receipt::new(&release)))
        })
        .collect();
    let installed = store.publish(batch).unwrap();
    assert_eq!(installed.len(), 40);
    assert_eq!(trees(store).len(), 10);
    assert!(store.list().unwrap().iter().all(|listed| listed.installed.is_some()));
    assert_intact(store);
}

#[test]
fn a_lease_keeps_a_tree() {
    let home = home();
    let (store, state) = (&home.store, home.folder.path().join("state"));
    let installed = install(store, "0.1.0", b"x");
    let lease = store.lease(&installed, &state).unwrap();
    assert_eq!(lease.installed(), &installed);
    assert!(!state.exists(), "the lease is in the store");
    let busy = store.remove(&installed.release).unwrap_err();
    assert!(busy.is_busy(), "{busy}");
    assert_eq!(store.find(&installed.release).unwrap(), Some(installed.clone()));
    let child = lease.try_clone().unwrap();
    drop(lease);
    assert!(store.remove(&installed.release).unwrap_err().is_busy(), "the child's handle holds it");
    drop(child);
    assert!(store.remove(&installed.release).unwrap());
    assert!(matches!(store.lease(&installed, &state), Err(StoreError::Gone { .. })));
}

#[test]
fn a_lease_is_of_the_tree_that_is_installed_now() {
    let home = home();
    let (store, state) = (&home.store, home.folder.path().join("state"));
    let old = install(store, "0.1.0", b"old");
    let new = install(store, "0.1.0", b"new");
    let lease = store.lease(&old, &state).unwrap();
    assert_eq!(lease.installed(), &new);
}

#[test]
fn one_process_at_a_time_acquires_a_release() {
    let home = home();
    let store = &home.store;
    let held = store.lock_release(&release("0.1.0"), &mut || panic!("no other holder")).unwrap();
    let _other = store.lock_release(&release("0.2.0"), &mut || panic!("another release")).unwrap();
    let (waiting, waits) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let _lock =
                store.lock_release(&release("0.1.0"), &mut || waiting.send(()).unwrap()).unwrap();
        });
        waits.recv().unwrap();
        drop(held);
        waiter.join().unwrap();
    });
    assert!(names(&store.root().join("locks")).len() >= 3, "locks are never unlinked");
}

#[test]
fn the_last_three_development_trees_stay() {
    let home = home();
    let store = &home.store;
    let builds: Vec<_> = (0..5).map(|n| install(store, "dev", format!("{n}").as_bytes())).collect();
    assert_eq!(trees(store).len(), 3);
    assert!(builds[4].link.ends_with("bin/dev/linux-x86_64/loom-bridge-server"));
    assert_eq!(store.find(&release("dev")).unwrap(), Some(builds[4].clone()));
    assert!(!builds[1].entry.exists() && builds[2].entry.exists());
    assert!(store.record(&release("dev")).unwrap().is_none());
    install(store, "dev", b"2");
    assert_eq!(trees(store).len(), 3);
    assert_intact(store);
    let listed = store.list().unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].release, release("dev"));
    fs::remove_dir_all(store.root().join("bin")).unwrap();
    let recovered = store.recover(&release("dev"), &Policy::default()).unwrap();
    assert!(matches!(recovered, super::super::Recovery::Linked(i) if i.tree == builds[2].tree));
    assert!(store.remove(&release("dev")).unwrap());
    assert_eq!(trees(store), [] as [&str; 0]);
}

#[test]
fn a_leased_development_tree_is_not_removed() {
    let home = home();
    let (store, state) = (&home.store, home.folder.path().join("state"));
    let first = install(store, "dev", b"first");
    let lease = store.lease(&first, &state).unwrap();
    for n in 0..4 {
        install(store, "dev", format!("{n}").as_bytes());
    }
    assert!(first.entry.exists());
    drop(lease);
}

#[test]
fn a_development_build_is_copied_never_linked() {
    let home = home();
    let (store, release) = (&home.store, release("dev"));
    let build = home.folder.path().join("loom-bridge-server");
    fs::write(&build, b"built").unwrap();
    let mut staged = store.stage(TreeLimits::default()).unwrap();
    let measured = staged.copy_file(&build, &release.executable()).unwrap();
    assert_eq!(measured.digest, Digest::of(b"built"));
    let checked = store
        .admit(staged, &Expectation { waiver: Some(Waiver::LocalBuild), ..waived(&release) }, None)
        .unwrap();
    let installed = store.publish(vec![(checked, Some(Receipt::new(&release)))]).unwrap().remove(0);
    fs::write(&build, b"overwritten").unwrap();
    assert_eq!(fs::read(&installed.entry).unwrap(), b"built");
    assert_eq!(store.receipt(&release).unwrap().unwrap().waiver, Some(Waiver::LocalBuild));
}

#[test]
fn the_statement_of_a_source_is_kept_unchanged() {
    let home = home();
    let (store, release) = (&home.store, release("0.1.0"));
    let checked = bare(store, &release, b"x");
    let mut statement = loom_source::Statement {
        authority: release.authority.clone(),
        binary: release.binary.clone(),
        version: "0.1.0".parse().unwrap(),
        platform: release.platform,
        tree: checked.tree(),
        entry: "loom-bridge-server".into(),
        archives: vec![],
        published: Some("2026-01-01T00:00:00Z".into()),
        critical: vec![],
    };
    let bytes = statement.to_bytes();
    let signature = b"signature".to_vec();
    let checked = checked.with_statement(bytes.clone()).unwrap();
    let checked =
        checked.with_evidence(EvidenceKind::Minisign, Digest::of(&bytes), signature.clone());
    store.publish(vec![(checked, Some(Receipt::new(&release)))]).unwrap();
    install(store, "0.1.0", b"x");
    let record = store.record(&release).unwrap().unwrap();
    assert_eq!(record.statement, Digest::of(&bytes));
    let digests: Vec<_> = record.evidence.iter().map(|evidence| evidence.digest).collect();
    assert_eq!(digests, [Digest::of(&bytes), Digest::of(&signature)]);
    assert_eq!(fs::read(store.object(&Digest::of(&bytes))).unwrap(), bytes);
    assert_intact(store);
    for change in [0, 1, 2] {
        match change {
            0 => statement.version = "0.1.1".parse().unwrap(),
            1 => {
                statement = loom_source::Statement {
                    version: "0.1.0".parse().unwrap(),
                    tree: Digest::of(b""),
                    ..statement
                }
            }
            _ => statement.critical = vec!["unknown".into()],
        }
        let refused = bare(store, &release, b"x").with_statement(statement.to_bytes());
        assert!(refused.unwrap_err().is_integrity());
    }
}

/// Root may write everywhere, so root runs the test as an ordinary user.
#[cfg(unix)]
#[test]
fn a_read_only_store_serves_and_leases_in_the_state_folder() {
    use std::os::unix::{fs::PermissionsExt, process::CommandExt as _};
    let home = home();
    if rustix::process::geteuid().is_root() {
        let program = home.folder.path().join("test");
        fs::set_permissions(home.folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        let mut again = std::process::Command::new(&program);
        again.args([
            "--exact",
            "store::tests::sharing::a_read_only_store_serves_and_leases_in_the_state_folder",
        ]);
        let output = again.uid(65534).gid(65534).current_dir("/").output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
        return;
    }
    let (store, state) = (&home.store, home.folder.path().join("state"));
    let installed = install(store, "0.1.0", b"x");
    fs::set_permissions(store.root(), PermissionsExt::from_mode(0o555)).unwrap();
    let read_only = Store::open(store.root()).unwrap();
    let lease = read_only.lease(&installed, &state).unwrap();
    assert!(lease.path().starts_with(&state));
    assert!(matches!(&read_only.notices()[..], [super::super::StoreNotice::ForeignLease { .. }]));
    assert_eq!(
        read_only.check_installed(&installed).unwrap(),
        super::super::InstalledCheck::Unchanged
    );
    fs::set_permissions(store.root().join("store"), PermissionsExt::from_mode(0o555)).unwrap();
    let error = read_only.stage(TreeLimits::default()).unwrap_err();
    assert!(error.is_read_only(), "{error}");
    for folder in [store.root().to_owned(), store.root().join("store")] {
        fs::set_permissions(folder, PermissionsExt::from_mode(0o755)).unwrap();
    }
}
