//! What a version was verified by, and whether it counts.

use std::fs;

use loom_source::{ClaimedDigest, DigestSource};

use super::{
    super::{Presence, Recovery, StoreError, TreeRef, Unverified},
    *,
};

/// A program with a checksum that the source gave, installed from `mirror`.
fn install_verified(store: &Store, slot: &str, bytes: &[u8]) -> Installed {
    let release = release(slot);
    let claim = ClaimedDigest {
        digest: Digest::of(bytes),
        by: DigestSource::Sidecar,
        at: "x.sha256".into(),
    };
    let archive = Some(TrustedDigest::claimed(DigestSubject::Archive, &claim));
    let expectation = Expectation { archive, waiver: None, ..waived(&release) };
    let mut staged = store.stage(TreeLimits::default()).unwrap();
    staged.bare(bytes, &release.executable()).unwrap();
    let checked = store.admit(staged, &expectation, Some(&received(bytes))).unwrap();
    let checked = checked.from_source("mirror", "corp").with_checksums("x", &[]);
    store.publish(vec![(checked, None)]).unwrap().remove(0)
}

fn verification_path(store: &Store, slot: &str) -> std::path::PathBuf {
    let below = format!("verifications/loom-os/loom-bridge-server/{slot}/linux-x86_64.json");
    store.root().join(below)
}

fn presence(store: &Store, slot: &str) -> Presence {
    store.presence(&release(slot), &Policy::default()).unwrap()
}

fn refused(store: &Store, slot: &str) -> Unverified {
    match presence(store, slot) {
        Presence::Refused(_, why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_version_counts_by_its_verification() {
    let home = home();
    let store = &home.store;
    assert_eq!(presence(store, "0.1.0"), Presence::Absent);
    let installed = install_verified(store, "0.1.0", b"one");
    assert_eq!(presence(store, "0.1.0"), Presence::Accepted(installed.clone()));
    let verification = store.verification(&installed.release).unwrap().unwrap();
    let record = store.record(&installed.release).unwrap().unwrap();
    assert_eq!(verification.tree, installed.tree);
    assert_eq!(verification.statement, record.statement);
    assert_eq!(verification.source.as_deref(), Some("corp"));
    assert_eq!(verification.class.as_deref(), Some("mirror"));
    let evidence = verification.digests[0].evidence.unwrap();
    assert_eq!(verification.evidence, [evidence]);
    assert!(store.object(&evidence).is_file());
    fs::remove_file(verification_path(store, "0.1.0")).unwrap();
    assert_eq!(refused(store, "0.1.0"), Unverified::Missing);
    // What a crash may leave is no damage.
    assert_intact(store);
}

#[test]
fn without_a_checksum_the_policy_decides() {
    let home = home();
    let store = &home.store;
    install(store, "0.1.0", b"one");
    assert_eq!(refused(store, "0.1.0"), Unverified::NoChecksum);
    assert!(store.presence(&release("0.1.0"), &lax()).unwrap().accepted().is_some());
    let signed = Policy { signature: crate::trust::Signature::Required, ..Policy::default() };
    install_verified(store, "0.2.0", b"two");
    let presence = store.presence(&release("0.2.0"), &signed).unwrap();
    assert!(matches!(presence, Presence::Refused(_, Unverified::Unsigned)));
    let accepted = store.accepted_versions(&release("dev").product(), &Policy::default()).unwrap();
    assert_eq!(accepted, ["0.2.0".parse().unwrap()]);
}

#[test]
fn a_development_build_needs_no_verification() {
    let home = home();
    install(&home.store, "dev", b"build");
    assert!(presence(&home.store, "dev").accepted().is_some());
    assert!(!home.store.root().join("verifications").exists());
}

#[test]
fn every_changed_byte_is_noticed_by_lookup_and_by_verify() {
    let home = home();
    let store = &home.store;
    install_verified(store, "0.1.0", b"one");
    let path = verification_path(store, "0.1.0");
    let bytes = fs::read(&path).unwrap();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        fs::write(&path, changed).unwrap();
        let why = refused(store, "0.1.0");
        assert!(matches!(why, Unverified::Damaged(_)), "byte {at}: {why:?}");
    }
    let damages = store.verify().unwrap().findings;
    assert!(matches!(&damages[..], [damage] if damage.path == path), "{damages:?}");
    fs::write(&path, bytes).unwrap();
    assert!(presence(store, "0.1.0").accepted().is_some());
    assert_intact(store);
}

#[test]
fn a_copied_verification_is_noticed() {
    let home = home();
    let store = &home.store;
    install_verified(store, "0.1.0", b"one");
    // The same tree, so that only the release differs.
    install(store, "0.2.0", b"one");
    assert_eq!(refused(store, "0.2.0"), Unverified::NoChecksum);
    fs::copy(verification_path(store, "0.1.0"), verification_path(store, "0.2.0")).unwrap();
    assert!(matches!(refused(store, "0.2.0"), Unverified::Damaged(_)));
    let elsewhere = [
        verification_path(store, "0.3.0"),
        verification_path(store, "0.1.0").with_file_name("macos-aarch64.json"),
        store.root().join("verifications/loom-os/loom-other/0.1.0/linux-x86_64.json"),
        store.root().join("verifications/acme/loom-bridge-server/0.1.0/linux-x86_64.json"),
    ];
    for path in &elsewhere {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::copy(verification_path(store, "0.1.0"), path).unwrap();
    }
    let found: Vec<_> = store.verify().unwrap().findings.into_iter().map(|d| d.path).collect();
    assert_eq!(found.len(), 1 + elsewhere.len(), "{found:?}");
    assert!(elsewhere.iter().all(|path| found.contains(path)), "{found:?}");
}

#[cfg(unix)]
#[test]
fn a_verification_of_another_tree_does_not_count() {
    let home = home();
    let store = &home.store;
    let one = install_verified(store, "0.1.0", b"one");
    let two = install_verified(store, "0.2.0", b"two");
    let target = fs::read_link(&one.link).unwrap();
    fs::remove_file(&two.link).unwrap();
    std::os::unix::fs::symlink(target, &two.link).unwrap();
    assert_eq!(refused(store, "0.2.0"), Unverified::OtherTree);
    assert!(presence(store, "0.1.0").accepted().is_some());
}

#[test]
fn only_a_verification_that_agrees_gets_its_link_back() {
    let home = home();
    let store = &home.store;
    let recover = || store.recover(&release("0.1.0"), &Policy::default()).unwrap();
    let installed = install(store, "0.1.0", b"one");
    fs::remove_file(&installed.link).unwrap();
    assert_eq!(recover(), Recovery::Refused(Unverified::NoChecksum));
    let installed = install_verified(store, "0.1.0", b"one");
    fs::remove_file(&installed.link).unwrap();
    assert_eq!(recover(), Recovery::Linked(installed.clone()));
    // A record of another statement for the same tree.
    let mut record = store.record(&installed.release).unwrap().unwrap();
    let mut statement = store.statement(&record.statement).unwrap().unwrap();
    statement.published = Some("2026-01-02T03:04:05Z".into());
    record.statement = Digest::of(&statement.to_bytes());
    let object = store.object(&record.statement);
    fs::create_dir_all(object.parent().unwrap()).unwrap();
    fs::write(object, statement.to_bytes()).unwrap();
    fs::write(store.record_path(&installed.release), record.to_bytes()).unwrap();
    fs::remove_file(&installed.link).unwrap();
    assert_eq!(recover(), Recovery::Refused(Unverified::OtherStatement));
    fs::remove_file(verification_path(store, "0.1.0")).unwrap();
    assert_eq!(recover(), Recovery::Refused(Unverified::Missing));
}

#[test]
fn kept_evidence_vouches_for_its_release_and_nothing_else_does() {
    let home = home();
    let store = &home.store;
    let installed = install_verified(store, "0.1.0", b"one");
    let TreeRef { tree, entry } = store.tree_of(&installed).unwrap();
    let evidence = store.kept_evidence(&installed.release);
    let digests: Vec<_> = evidence.iter().map(|digest| digest.digest).collect();
    assert_eq!(digests, [Digest::of(b"one")]);
    let checked = store.admit_installed(&installed.release, tree, &entry, &evidence).unwrap();
    assert_eq!(checked.grade(), Some(Grade::Transfer));
    // The evidence of one release proves nothing of another with the same tree.
    install(store, "0.2.0", b"one");
    let record = fs::read(store.record_path(&installed.release)).unwrap();
    let mut other = store.record(&release("0.2.0")).unwrap().unwrap();
    other.evidence = loom_source::Record::parse(&record).unwrap().evidence;
    fs::write(store.record_path(&release("0.2.0")), other.to_bytes()).unwrap();
    assert_eq!(store.kept_evidence(&release("0.2.0")), []);
    // A statement that this machine wrote is no evidence.
    install(store, "0.3.0", b"three");
    assert_eq!(store.kept_evidence(&release("0.3.0")), []);
    let tree = store.find(&release("0.3.0")).unwrap().unwrap().tree;
    let nothing = store.admit_installed(&release("0.3.0"), tree, &entry, &evidence);
    assert!(matches!(nothing, Err(AdmitError::Unverified(_))));
    damage(&installed.entry, b"evil");
    let damaged = store.admit_installed(&installed.release, installed.tree, &entry, &evidence);
    assert!(matches!(damaged, Err(AdmitError::Store(StoreError::Damaged { .. }))));
}

#[test]
fn a_removed_release_leaves_no_verification_and_no_evidence() {
    let home = home();
    let store = &home.store;
    let installed = install_verified(store, "0.1.0", b"one");
    assert!(store.remove(&installed.release).unwrap());
    assert!(!verification_path(store, "0.1.0").exists());
    assert_eq!(store.du().unwrap().objects, 0);
    assert_intact(store);
}
