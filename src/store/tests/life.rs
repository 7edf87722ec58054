//! The life of a release: staged, admitted, published, found, recovered, removed.

use std::fs;

#[cfg(unix)]
use tar::EntryType;

use super::{
    super::{InstalledCheck, Recovery, StoreError, StoreNotice},
    *,
};

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[cfg(unix)]
fn archive() -> Vec<u8> {
    tar(&[
        entry(EntryType::Directory, "top/", ""),
        Part { mode: 0o6755, ..program("top/bin/loom-bridge-server", b"#!server") },
        file("top/lib/libx.so.1", b"x"),
        entry(EntryType::Symlink, "top/lib/libx.so", "libx.so.1"),
        entry(EntryType::Symlink, "top/bin/alias", "../lib/libx.so"),
        entry(EntryType::Link, "top/bin/copy", "top/bin/loom-bridge-server"),
        file("top/tool.exe", b"MZ"),
        entry(EntryType::Directory, "top/empty/", ""),
    ])
}

#[cfg(unix)]
#[test]
fn an_archive_becomes_a_read_only_tree_with_a_link() {
    let home = home();
    let (store, release) = (&home.store, release("0.2.0"));
    assert!(!store.root().exists(), "opening creates nothing");
    assert_eq!(store.find(&release).unwrap(), None);
    let tar = archive();
    let mut staged = store.stage(TreeLimits::default()).unwrap();
    unpack(&mut staged, &tar).unwrap();
    let expectation = Expectation {
        archive: archive_digest(Digest::of(&tar)),
        size: Some(tar.len() as u64),
        waiver: None,
        ..waived(&release)
    };
    let checked = store.admit(staged, &expectation, Some(&received(&tar))).unwrap();
    let expected = format!(
        "loom-tree 1\nl {x} 1 bin/alias\nx {server} 8 bin/copy\nx {server} 8 bin/loom-bridge-server\n\
         l {x} 1 lib/libx.so\nf {x} 1 lib/libx.so.1\nx {mz} 2 tool.exe\n",
        x = Digest::of(b"x"),
        server = Digest::of(b"#!server"),
        mz = Digest::of(b"MZ"),
    );
    assert_eq!(checked.listing().to_string(), expected);
    let installed = store.publish(vec![(checked, Some(Receipt::new(&release)))]).unwrap().remove(0);
    assert_eq!(store.find(&release).unwrap(), Some(installed.clone()));
    let target = fs::read_link(&installed.link).unwrap();
    let tree = installed.tree;
    assert_eq!(target.to_str().unwrap(), format!("../../../store/{tree}/bin/loom-bridge-server"));
    assert_eq!(installed.link, store.root().join("bin/0.2.0/linux-x86_64/loom-bridge-server"));
    let folder = store.root().join(format!("store/{tree}"));
    for (path, bits) in
        [("", 0o555), ("bin", 0o555), ("bin/loom-bridge-server", 0o555), ("lib/libx.so.1", 0o444)]
    {
        assert_eq!(mode(&folder.join(path)), bits, "{path}");
    }
    assert_eq!(fs::read(folder.join("bin/alias")).unwrap(), b"x");
    assert!(!folder.join("empty").exists());
    assert_eq!(trees(store), [tree.to_string()]);
    assert_eq!(fs::read(store.object(&tree)).unwrap(), expected.as_bytes());
    let receipt = store.receipt(&release).unwrap().unwrap();
    assert_eq!(receipt.tree, Some(tree));
    assert_eq!(receipt.grade, Some(Grade::Identity));
    assert!(receipt.archive.unwrap().strip);
    let statement = store.statement(&receipt.statement.unwrap()).unwrap().unwrap();
    assert_eq!(statement.archives[0].digest, Digest::of(&tar));
    assert!(statement.archives[0].strip);
    assert_eq!(fs::read_to_string(store.root().join("format")).unwrap(), "loom-store 1\n");
    assert_intact(store);
}

#[test]
fn every_digest_must_be_met() {
    let home = home();
    let (store, release) = (&home.store, release("0.2.0"));
    let staged = || {
        let mut staged = store.stage(TreeLimits::default()).unwrap();
        staged.bare(&b"server"[..], "loom-bridge-server").unwrap();
        staged
    };
    let unverified = Expectation { waiver: None, ..waived(&release) };
    let (good, other) = (received(b"server"), received(b"another"));
    let archive =
        Expectation { archive: archive_digest(Digest::of(b"server")), ..unverified.clone() };
    assert!(store.admit(staged(), &archive, Some(&good)).is_ok());
    assert_eq!(mismatch(store.admit(staged(), &archive, Some(&other))), "archive");
    assert!(matches!(store.admit(staged(), &archive, None), Err(AdmitError::OtherArtifact { .. })));
    assert!(matches!(
        store.admit(staged(), &unverified, Some(&good)),
        Err(AdmitError::Unverified(_))
    ));
    let tree = store.admit(staged(), &waived(&release), None).unwrap().tree();
    let both = Expectation { tree: tree_digest(tree), ..archive.clone() };
    assert!(store.admit(staged(), &both, Some(&good)).is_ok());
    let wrong = Expectation { tree: tree_digest(Digest::of(b"x")), ..archive.clone() };
    assert_eq!(mismatch(store.admit(staged(), &wrong, Some(&good))), "tree");
    // A waiver excuses a missing digest, never a wrong one.
    let waived = Expectation { waiver: Some(Waiver::AllowUnverified), ..wrong };
    assert_eq!(mismatch(store.admit(staged(), &waived, Some(&good))), "tree");
    let sized = Expectation { size: Some(7), ..archive };
    assert!(matches!(
        store.admit(staged(), &sized, Some(&good)),
        Err(AdmitError::Size { got: 6, .. })
    ));
    assert_eq!(trees(store), [] as [&str; 0]);
}

#[test]
fn a_release_without_a_link_is_hashed_before_it_is_linked_again() {
    let home = home();
    let store = &home.store;
    let installed = install(store, "0.1.0", b"good");
    let bin = store.root().join("bin/0.1.0");
    fs::remove_dir_all(&bin).unwrap();
    assert_eq!(store.find(&installed.release).unwrap(), None);
    assert_eq!(
        store.recover(&installed.release, &lax()).unwrap(),
        Recovery::Linked(installed.clone())
    );
    assert_eq!(store.find(&installed.release).unwrap(), Some(installed.clone()));
    damage(&installed.entry, b"evil");
    fs::remove_dir_all(&bin).unwrap();
    assert!(matches!(store.recover(&installed.release, &lax()).unwrap(), Recovery::Damaged(_)));
    assert!(matches!(&store.notices()[..], [StoreNotice::SetAside { .. }]));
    assert_eq!(store.find(&installed.release).unwrap(), None);
    assert_eq!(store.recover(&release("9.9.9"), &lax()).unwrap(), Recovery::Nothing);
    let findings = store.verify().unwrap().findings;
    let missing: Vec<_> = findings.iter().map(|finding| finding.path.clone()).collect();
    assert_eq!(missing, [store.tree(&installed.tree)], "{findings:?}");
    assert_eq!(install(store, "0.1.0", b"good"), installed);
    assert_intact(store);
}

#[cfg(unix)]
#[test]
fn links_that_lead_elsewhere_count_as_absent() {
    let home = home();
    let store = &home.store;
    let installed = install(store, "0.1.0", b"good");
    let tree = installed.tree;
    for target in [
        "/bin/sh".to_owned(),
        "../../../objects/x".into(),
        format!("../../../store/{tree}/../../../../../bin/sh"),
        format!("../../../store/{tree}/missing"),
        format!("../../../store/{}/loom-bridge-server", Digest::of(b"")),
        format!("../../../store/{tree}"),
    ] {
        fs::remove_file(&installed.link).unwrap();
        std::os::unix::fs::symlink(&target, &installed.link).unwrap();
        assert_eq!(store.find(&installed.release).unwrap(), None, "{target}");
    }
}

#[test]
fn a_launch_sees_that_a_tree_was_touched() {
    let home = home();
    let store = &home.store;
    let installed = install(store, "0.1.0", b"good");
    assert_eq!(store.check_installed(&installed).unwrap(), InstalledCheck::Unchanged);
    fs::remove_dir_all(store.root().join("fingerprints")).unwrap();
    assert_eq!(store.check_installed(&installed).unwrap(), InstalledCheck::Rehashed);
    assert_eq!(store.check_installed(&installed).unwrap(), InstalledCheck::Unchanged);
    damage(&installed.entry, b"evil");
    match store.check_installed(&installed) {
        Err(e @ StoreError::Damaged { .. }) => assert!(e.is_integrity()),
        other => panic!("{other:?}"),
    }
    let report = store.verify().unwrap();
    assert!(report.findings.iter().all(|finding| finding.path == installed.entry));
    let fixes = |text: &str| report.findings.iter().any(|finding| finding.fix.contains(text));
    // It has another mode too, which is as it should be once the file is made again.
    assert!(fixes("loom get --force-download 0.1.0"), "{:?}", report.findings);
    assert_eq!(report.findings.len(), 1, "{:?}", report.findings);
}

#[test]
fn verify_names_each_damage() {
    let home = home();
    let store = &home.store;
    let installed = install(store, "0.1.0", b"good");
    assert_intact(store);
    let folder = store.root().join(format!("store/{}", installed.tree));
    damage(&installed.entry, b"good");
    let extra = folder.join("extra");
    fs::write(&extra, b"").unwrap();
    let object = store.object(&installed.tree);
    fs::write(&object, b"junk").unwrap();
    let stray = store.root().join("objects/sha256/zz");
    fs::create_dir_all(&stray).unwrap();
    fs::write(stray.join("name"), b"").unwrap();
    let found: Vec<_> = store.verify().unwrap().findings.into_iter().map(|f| f.path).collect();
    assert!(found.contains(&object) && found.contains(&stray.join("name")), "{found:?}");
    install(store, "0.1.0", b"good");
    fs::remove_file(stray.join("name")).unwrap();
    assert_intact(store);
    let record = store.root().join("releases/loom-os/loom-bridge-server/0.1.0/linux-x86_64.json");
    fs::write(&record, b"{}").unwrap();
    assert_eq!(store.verify().unwrap().findings[0].path, record);
}

#[test]
fn a_newer_store_and_one_of_another_program_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (text, ok) in [
        ("loom-store 1\n", true),
        ("loom-store 1.7\n", true),
        ("loom-store 2\n", false),
        ("something", false),
        ("", false),
    ] {
        fs::write(folder.path().join("format"), text).unwrap();
        let opened = Store::open(folder.path());
        assert_eq!(opened.is_ok(), ok, "{text:?}");
    }
}

#[test]
fn the_bin_of_another_program_is_renamed_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("bin/0.1.0/linux-x86_64");
    fs::create_dir_all(&bin).unwrap();
    fs::write(bin.join("loom-bridge-server"), b"old").unwrap();
    let home = Home { store: Store::open(folder.path()).unwrap(), folder };
    let (store, folder) = (&home.store, &home.folder);
    assert_eq!(store.find(&release("0.1.0")).unwrap(), None);
    install(store, "0.2.0", b"new");
    let renamed = folder.path().join("bin.foreign-1");
    assert_eq!(
        store.notices(),
        [StoreNotice::MovedAside { from: folder.path().join("bin"), to: renamed.clone() }]
    );
    assert_eq!(fs::read(renamed.join("0.1.0/linux-x86_64/loom-bridge-server")).unwrap(), b"old");
    assert_eq!(store.find(&release("0.1.0")).unwrap(), None);
    assert!(
        fs::read_to_string(folder.path().join("CACHEDIR.TAG"))
            .unwrap()
            .starts_with("Signature: 8a477f597d28d172789f06886806bc55")
    );
}

#[test]
fn abandoned_staging_folders_are_removed_and_those_in_use_are_not() {
    let home = home();
    let store = &home.store;
    let in_use = store.stage(TreeLimits::default()).unwrap();
    let abandoned = store.root().join("store/.new-dead");
    fs::create_dir_all(abandoned.join("tree/d")).unwrap();
    super::super::durable::set_mode(&abandoned.join("tree/d"), 0o555).unwrap();
    let trash = store.root().join("store/.trash-x");
    fs::create_dir_all(&trash).unwrap();
    let other = store.stage(TreeLimits::default()).unwrap();
    assert!(!abandoned.exists() && !trash.exists());
    assert_eq!(trees(store).len(), 2);
    drop((in_use, other));
    assert_eq!(trees(store), [] as [&str; 0]);
}

#[test]
fn releases_of_another_authority_have_links_of_their_own() {
    let home = home();
    let mut release = release("0.1.0");
    release.authority = "acme".parse().unwrap();
    let checked = bare(&home.store, &release, b"x");
    let installed =
        home.store.publish(vec![(checked, Some(Receipt::new(&release)))]).unwrap().remove(0);
    assert!(installed.link.ends_with("bin/@acme/0.1.0/linux-x86_64/loom-bridge-server"));
    assert_eq!(fs::read(&installed.link).unwrap(), b"x");
    assert_eq!(home.store.find(&release).unwrap(), Some(installed));
    assert_eq!(home.store.find(&super::release("0.1.0")).unwrap(), None);
    home.store.link_latest(&home.store.find(&release).unwrap().unwrap()).unwrap();
    let latest = home.store.root().join("bin/@acme/latest/linux-x86_64/loom-bridge-server");
    assert_eq!(fs::read(&latest).unwrap(), b"x");
    assert!(home.store.remove(&release).unwrap());
    assert!(fs::symlink_metadata(&latest).is_err());
}
