//! Garbage is removed; what a release, a process or a record that cannot be read may need is not.

use std::{collections::BTreeSet, fs, time::Duration};

use super::{
    super::{FetchableSources, InstalledCheck, KeepReason, NotedUse, RemoveReason},
    *,
};

#[test]
fn what_no_release_names_is_removed_unless_a_process_runs_from_it() {
    let home = home();
    let store = &home.store;
    assert_eq!(collect(store), GcReport::default());
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
    let collected = collect(store);
    assert!(collected.freed > 0 && collected.garbage > 0 && !collected.unreadable, "{collected:?}");
    assert!(lost.entry.exists() && store.listing(&lost.tree).unwrap().is_some());
    assert!(!store.root().join("store/.new-x").exists());

    drop(lease);
    let collected = collect(store);
    assert_eq!((collected.garbage, collected.unreadable), (0, false));
    assert!(!store.tree(&lost.tree).exists() && store.listing(&lost.tree).unwrap().is_none());
    assert_eq!(store.find(&kept.release).unwrap(), Some(kept));
    assert_intact(store);
    let before = objects();
    assert_eq!(GcReport { kept: Vec::new(), ..collect(store) }, GcReport::default());
    assert_eq!(objects(), before);
}

#[test]
fn many_trees_go_while_others_are_taken_away_and_what_is_shared_or_leased_stays() {
    let home = home();
    let store = &home.store;
    let kept = install(store, "0.1.0", b"kept");
    // More than are taken out of use at a time, several times over.
    let trees: Vec<Digest> = (0..300_u32).map(|number| Digest::of(&number.to_be_bytes())).collect();
    for tree in &trees {
        fs::create_dir_all(store.tree(tree).join("bin")).unwrap();
        fs::write(store.tree(tree).join("bin/x"), [b'x'; 10]).unwrap();
    }
    let outside = home.folder.path().join("outside");
    fs::hard_link(store.tree(&trees[7]).join("bin/x"), &outside).unwrap();
    let leases = store.root().join("leases");
    fs::create_dir_all(&leases).unwrap();
    let lease = fs::File::create(leases.join(trees[8].to_string())).unwrap();
    lease.lock_shared().unwrap();

    let report = collect(store);
    assert_eq!(
        (report.trees, report.freed),
        (299, 298 * 10),
        "what another name shares frees nothing"
    );
    let left: Vec<Digest> = store.trees_here().unwrap();
    assert_eq!(BTreeSet::from_iter(left), BTreeSet::from([kept.tree, trees[8]]));
    assert_eq!(fs::read_dir(store.trees()).unwrap().count(), 2, "nothing of a deletion is left");
    assert_eq!(fs::read(&outside).unwrap(), [b'x'; 10]);
    assert_intact(store);
}

#[test]
fn a_record_that_cannot_be_read_keeps_all_trees_and_objects() {
    let home = home();
    let store = &home.store;
    let installed = install(store, "0.1.0", b"x");
    fs::remove_file(&installed.link).unwrap();
    fs::write(store.record_path(&installed.release), b"{").unwrap();
    assert!(collect(store).unreadable);
    assert!(installed.entry.exists());
}

#[test]
fn a_statement_that_cannot_be_read_keeps_all_trees_unless_the_verification_says_what_it_names() {
    let home = home();
    let store = &home.store;
    let installed = install(store, "0.1.0", b"x");
    let statement = store.record(&installed.release).unwrap().unwrap().statement;
    let unnamed = store.tree(&Digest::of(b"unnamed"));
    fs::create_dir(&unnamed).unwrap();
    fs::remove_file(&installed.link).unwrap();
    fs::write(store.object(&statement), b"{").unwrap();
    assert!(!collect(store).unreadable);
    assert!(installed.entry.exists() && !unnamed.exists());

    fs::create_dir(&unnamed).unwrap();
    fs::remove_file(store.verification_path(&installed.release)).unwrap();
    assert!(collect(store).unreadable);
    assert!(installed.entry.exists() && unnamed.exists());
}

const DAY: Duration = Duration::from_secs(86_400);

/// Sets the time of the last use of a version.
fn used(store: &Store, installed: &Installed, at: SystemTime) {
    let path = store.verification_path(&installed.release);
    fs::File::options().append(true).open(path).unwrap().set_modified(at).unwrap();
}

fn removed(store: &Store, rules: &GcRules) -> Vec<String> {
    let now = SystemTime::now();
    let preview = GcRun { rules, now, dry_run: true, sizes: true, until: None };
    let preview = store.collect(&preview).unwrap();
    let report =
        store.collect(&GcRun { rules, now, dry_run: false, sizes: true, until: None }).unwrap();
    assert_eq!(preview.removed, report.removed, "a preview removes nothing and says the same");
    assert_eq!((preview.trees, preview.objects), (report.trees, report.objects));
    report.removed.iter().map(|removed| removed.release.slot.to_string()).collect()
}

#[test]
fn old_versions_go_and_their_objects_with_them() {
    let home = home();
    let store = &home.store;
    let now = SystemTime::now();
    for (slot, days) in [("0.1.0", 9), ("0.2.0", 8), ("0.3.0", 7)] {
        let installed = install(store, slot, slot.as_bytes());
        used(store, &installed, now - days * DAY);
    }
    // The same tree as 0.1.0: it stays.
    let shared = install(store, "0.4.0", b"0.1.0");
    let rules = GcRules { keep: Some(2), ..GcRules::default() };
    assert_eq!(removed(store, &rules), ["0.1.0", "0.2.0"]);
    assert!(shared.entry.exists());
    assert_eq!(store.list().unwrap().len(), 2);
    assert_intact(store);
    let report = collect(store);
    assert_eq!((report.removed.len(), report.objects, report.freed), (0, 0, 0));
    assert!(
        report
            .kept
            .iter()
            .all(|kept| matches!(kept.why, KeepReason::NoRule | KeepReason::JustUsed))
    );
}

#[test]
fn what_is_needed_stays() {
    let home = home();
    let store = &home.store;
    let now = SystemTime::now();
    let old: Vec<Installed> = ["0.1.0", "0.2.0", "0.3.0", "0.4.0", "0.5.0", "0.6.0"]
        .map(|slot| install(store, slot, slot.as_bytes()))
        .into();
    old.iter().for_each(|installed| used(store, installed, now - 9 * DAY));
    let lease = store.lease(&old[0], home.folder.path()).unwrap();
    store
        .keep_for_project(Path::new("/srv/ada/project"), &old[1].release.product(), old[1].tree)
        .unwrap();
    store.record_generation(&old[2], now).unwrap();
    store.keep_release(&old[3]).unwrap();
    used(store, &old[4], now - DAY / 2);
    let rules = GcRules { keep: Some(0), ..GcRules::default() };
    let run = GcRun { rules: &rules, now, dry_run: false, sizes: true, until: None };
    let report = store.collect(&run).unwrap();
    let gone: Vec<_> = report.removed.iter().map(|gone| (gone.release.clone(), gone.why)).collect();
    assert_eq!(gone, [(release("0.6.0"), RemoveReason::Older(0))]);
    let why: Vec<_> = report.kept.iter().map(|kept| kept.why).collect();
    use KeepReason::{Explicit, Generation, JustUsed, Project, Running};
    assert_eq!(why, [Running, Project, Generation, Explicit, JustUsed]);
    assert!(old[..5].iter().all(|installed| store.find(&installed.release).unwrap().is_some()));
    // The lease ends, and so does everything else.
    drop(lease);
    assert!(store.release_kept(&old[3].release).unwrap());
    assert!(!store.release_kept(&old[3].release).unwrap());
    let later = GcRun { now: now + 91 * DAY, ..run };
    let report = store.collect(&later).unwrap();
    let left: Vec<_> = report.kept.iter().map(|kept| kept.release.clone()).collect();
    assert_eq!(left, [release("0.3.0")], "a generation has no age");
    assert_eq!(fs::read_dir(store.root().join("roots/projects")).unwrap().count(), 0);
    assert_intact(store);
}

#[test]
fn only_what_a_source_can_serve_again_goes() {
    let home = home();
    let store = &home.store;
    let installed = install(store, "0.1.0", b"x");
    used(store, &installed, SystemTime::now() - 2 * DAY);
    let fetchable = FetchableSources::Named(["main".to_owned()].into());
    let rules = GcRules { keep: Some(0), fetchable, ..GcRules::default() };
    assert!(removed(store, &rules).is_empty(), "it came from no source");
    assert_eq!(removed(store, &GcRules { keep: Some(0), ..GcRules::default() }), ["0.1.0"]);
}

#[test]
fn a_use_that_is_noted_while_it_is_removed_keeps_it() {
    let home = home();
    let store = &home.store;
    let now = SystemTime::now();
    let installed = install(store, "0.1.0", b"x");
    used(store, &installed, now - 9 * DAY);
    // The collection has read its time, then a command notes a use: both orders end well.
    let census = {
        let _alone = store.lock_for_collection().unwrap();
        store
            .collect(&GcRun {
                rules: &GcRules::default(),
                now,
                dry_run: true,
                sizes: true,
                until: None,
            })
            .unwrap()
    };
    assert_eq!(census.kept.len(), 1);
    assert_eq!(store.note_use(&installed).unwrap(), NotedUse::Noted);
    assert!(store.last_use(&installed.release).unwrap() >= now - Duration::from_secs(5));
    let rules = GcRules { keep: Some(0), ..GcRules::default() };
    assert!(removed(store, &rules).is_empty());
    // A command whose release was removed since it looked it up is told so.
    used(store, &installed, now - 9 * DAY);
    assert_eq!(removed(store, &rules), ["0.1.0"]);
    assert_eq!(store.note_use(&installed).unwrap(), NotedUse::Gone);
}

#[test]
fn a_store_that_is_too_large_loses_what_was_not_used_for_the_longest_time() {
    let home = home();
    let store = &home.store;
    let now = SystemTime::now();
    for (slot, days) in [("0.1.0", 4), ("0.2.0", 6), ("0.3.0", 5), ("0.4.0", 9)] {
        let installed = install(store, slot, format!("{slot:>10000}").as_bytes());
        used(store, &installed, now - days * DAY);
    }
    let rules = GcRules { max_size: Some(25_000), ..GcRules::default() };
    assert_eq!(removed(store, &rules), ["0.2.0", "0.3.0"], "0.4.0 is the newest");
    let rules = GcRules { max_size: Some(10), ..GcRules::default() };
    let report = store
        .collect(&GcRun { rules: &rules, now, dry_run: false, sizes: true, until: None })
        .unwrap();
    assert_eq!(report.removed.len(), 1);
    assert!(report.excess > 10_000 && report.excess < 20_000, "{report:?}");
}

#[cfg(unix)]
#[test]
fn trees_that_share_files_with_a_removed_one_need_not_be_hashed_again() {
    let home = home();
    let store = &home.store;
    let now = SystemTime::now();
    let noise = [7_u8; 8192];
    let program = |slot: &str, first: &[u8]| {
        let mut staged = store.stage(TreeLimits::default()).unwrap();
        staged.file(&"bin/loom-bridge-server".parse().unwrap(), true, first).unwrap();
        staged.file(&"share/data".parse().unwrap(), false, &noise[..]).unwrap();
        let checked = store.admit(staged, &waived(&release(slot)), None).unwrap();
        store.publish(vec![(checked, None)]).unwrap().remove(0)
    };
    let (old, new) = (program("0.1.0", b"one"), program("0.2.0", b"two"));
    store.deduplicate().unwrap();
    used(store, &old, now - 9 * DAY);
    let rules = GcRules { keep: Some(1), ..GcRules::default() };
    let report = store
        .collect(&GcRun { rules: &rules, now, dry_run: false, sizes: true, until: None })
        .unwrap();
    assert_eq!(report.removed.len(), 1);
    assert!(report.freed < 8192, "the shared file is still used: {report:?}");
    assert_eq!(store.check_installed(&new).unwrap(), InstalledCheck::Unchanged);
    assert_intact(store);
}

#[test]
fn a_development_tree_that_a_root_names_is_not_retired() {
    let home = home();
    let store = &home.store;
    let built = |content: &[u8]| install(store, "dev", content);
    let (first, second) = (built(b"1"), built(b"2"));
    store.record_generation(&first, SystemTime::now()).unwrap();
    for content in [b"3", b"4", b"5"] {
        built(content);
    }
    assert!(first.entry.exists(), "a generation");
    assert!(!second.entry.exists(), "not among the last three");
    collect(store);
    assert!(first.entry.exists());
}
