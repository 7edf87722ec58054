//! The limit of a store's size: what versions share is free with the last of them, and garbage goes before versions.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use super::*;

const DAY: Duration = Duration::from_secs(86_400);

/// A file that versions have in common.
const COMMON: &[u8] = &[7; 50_000];

/// Installs a version with 1,000 bytes of its own and a common file. It was last used `days` ago.
fn install_sharing(store: &Store, version: &str, days: u32) -> Installed {
    let release = release(version);
    let mut staged = store.stage(TreeLimits::default()).unwrap();
    let program = release.executable().parse().unwrap();
    staged.file(&program, true, format!("{version:>1000}").as_bytes()).unwrap();
    staged.file(&"common".parse().unwrap(), false, COMMON).unwrap();
    let checked = store.admit(staged, &waived(&release), None).unwrap();
    let receipt = Some(Receipt::new(&release));
    let installed = store.publish(vec![(checked, receipt)]).unwrap().remove(0);
    let file = fs::File::options().append(true).open(store.verification_path(&release)).unwrap();
    file.set_modified(SystemTime::now() - days * DAY).unwrap();
    installed
}

/// What a collection with this limit would do, which is what it then does.
#[track_caller]
fn collect_to(store: &Store, max: u64) -> GcReport {
    let rules = GcRules { keep: Some(9), max_size: Some(max), ..GcRules::default() };
    let run = |dry_run| {
        let now = SystemTime::now();
        store.collect(&GcRun { rules: &rules, now, dry_run, sizes: true, until: None }).unwrap()
    };
    let would = run(true);
    let did = run(false);
    assert_eq!(would, did);
    assert_intact(store);
    did
}

fn removed(report: &GcReport) -> Vec<String> {
    report.removed.iter().map(|version| version.release.slot.to_string()).collect()
}

#[cfg(unix)]
#[test]
fn versions_go_until_the_limit_is_met_also_where_they_share_files() {
    use std::os::unix::fs::MetadataExt as _;
    let home = home();
    let store = &home.store;
    let installed = [("0.1.0", 4), ("0.2.0", 3), ("0.3.0", 2), ("0.4.0", 2)]
        .map(|(version, days)| install_sharing(store, version, days));
    // On a file system with reflinks, each version has the whole file.
    let shared = fs::metadata(installed[0].entry.with_file_name("common")).unwrap();
    if shared.nlink() == 1 {
        return;
    }
    let usage = store.du().unwrap();
    let max = usage.trees + usage.objects - 2_000;
    let report = collect_to(store, max);
    assert_eq!(removed(&report), ["0.1.0", "0.2.0"]);
    assert_eq!(report.excess, 0);
    let report = collect_to(store, 10);
    assert_eq!(removed(&report), ["0.3.0"], "the newest stays");
    assert!(report.excess > COMMON.len() as u64, "{report:?}");
}

#[test]
fn no_version_goes_for_garbage() {
    let home = home();
    let store = &home.store;
    install_sharing(store, "0.1.0", 4);
    install_sharing(store, "0.2.0", 3);
    let usage = store.du().unwrap();
    let garbage = store.trees().join(format!(".damaged-{}-1", Digest::of(b"x")));
    fs::create_dir(&garbage).unwrap();
    fs::write(garbage.join("data"), COMMON).unwrap();
    let report = collect_to(store, usage.trees + usage.objects);
    assert!(report.removed.is_empty() && !garbage.exists(), "{report:?}");
    assert_eq!((report.trees, report.excess), (1, 0));
}

#[test]
fn a_half_removed_version_is_put_back_and_not_counted_as_freed() {
    let home = home();
    let store = &home.store;
    let cut = install_sharing(store, "0.1.0", 4);
    install_sharing(store, "0.2.0", 3);
    store.condemn(&cut.tree).unwrap();
    let report = collect_to(store, 1_000_000);
    assert_eq!((report.freed, report.removed.len()), (0, 0), "{report:?}");
    assert!(cut.entry.is_file());
}
