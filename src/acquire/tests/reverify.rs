//! A lost verification is made again without a source, where something that is kept vouches for the tree.

use super::*;
use crate::{
    store::Unverified,
    trust::{Grade, Voucher},
};

/// The first digest that the release was verified by.
fn voucher(home: &Home, version: &str) -> (Voucher, Grade) {
    let verification = home.store.verification(&release(version)).unwrap().unwrap();
    let digest = &verification.digests[0];
    (digest.by, digest.grade)
}

/// Gets the release offline, with a source that would need a network.
fn again(home: &Home, version: &str) -> Result<How, AcquireError> {
    let sources = [home.distant("away")];
    home.get_with(&sources, version, &offline()).map(|acquired| acquired.how)
}

#[test]
fn the_first_seen_digest_vouches_for_a_lost_verification() {
    let home = home();
    home.archive_in("m", "0.2.0", b"program");
    let installed = home.get(&[home.mirror("m")], "0.2.0").unwrap().installed;
    let receipt = home.store.receipt(&installed.release).unwrap();
    assert_eq!(voucher(&home, "0.2.0"), (Voucher::Sidecar, Grade::Transfer));
    for lose in [true, false] {
        if lose {
            fs::remove_file(home.verification("0.2.0")).unwrap();
        } else {
            fs::write(home.verification("0.2.0"), b"{").unwrap();
        }
        assert!(!home.accepted("0.2.0"));
        assert_eq!(again(&home, "0.2.0").unwrap(), How::Reverified);
        assert!(home.accepted("0.2.0"));
        assert_eq!(voucher(&home, "0.2.0"), (Voucher::FirstSeen, Grade::Identity));
        assert_eq!(again(&home, "0.2.0").unwrap(), How::Here);
    }
    let verification = home.store.verification(&installed.release).unwrap().unwrap();
    assert_eq!(verification.class.as_deref(), Some("mirror"));
    assert_eq!(verification.source.as_deref(), Some("m"));
    assert_eq!(home.store.receipt(&installed.release).unwrap(), receipt, "history stays");
    assert_eq!(home.store.verify().unwrap().findings, []);
}

#[test]
fn a_lost_link_and_verification_are_made_again() {
    let home = home();
    home.archive_in("m", "0.2.0", b"program");
    let installed = home.get(&[home.mirror("m")], "0.2.0").unwrap().installed;
    fs::remove_file(home.verification("0.2.0")).unwrap();
    fs::remove_file(&installed.link).unwrap();
    assert_eq!(again(&home, "0.2.0").unwrap(), How::Reverified);
    assert_eq!(home.store.find(&installed.release).unwrap(), Some(installed));
}

#[test]
fn a_kept_checksum_vouches_for_a_single_program() {
    let home = home();
    home.release_in("m", "0.2.0", b"program", true);
    home.get(&[home.mirror("m")], "0.2.0").unwrap();
    fs::remove_dir_all(home.path("state")).unwrap();
    fs::remove_file(home.verification("0.2.0")).unwrap();
    assert_eq!(again(&home, "0.2.0").unwrap(), How::Reverified);
    assert_eq!(voucher(&home, "0.2.0"), (Voucher::Checksum, Grade::Transfer));
}

#[test]
fn a_kept_checksum_vouches_for_a_tree_only_with_the_kept_archive() {
    for keep_archives in [true, false] {
        let home = home();
        home.archive_in("m", "0.2.0", b"program");
        let options = AcquireOptions { keep_archives, ..AcquireOptions::default() };
        let settings = Settings { options, ..default() };
        home.get_with(&[home.mirror("m")], "0.2.0", &settings).unwrap();
        fs::remove_dir_all(home.path("state")).unwrap();
        fs::remove_file(home.verification("0.2.0")).unwrap();
        let how = again(&home, "0.2.0");
        if keep_archives {
            assert_eq!(how.unwrap(), How::Reverified);
            assert_eq!(voucher(&home, "0.2.0"), (Voucher::Checksum, Grade::Transfer));
        } else {
            // The record and the statement are this machine's own.
            let missing = Some(Unverified::Missing);
            assert!(matches!(how, Err(AcquireError::Offline { here, .. }) if here == missing));
        }
    }
}

#[test]
fn a_damaged_archive_vouches_for_nothing() {
    let home = home();
    home.archive_in("m", "0.2.0", b"program");
    let options = AcquireOptions { keep_archives: true, ..AcquireOptions::default() };
    let settings = Settings { options, ..default() };
    home.get_with(&[home.mirror("m")], "0.2.0", &settings).unwrap();
    fs::remove_dir_all(home.path("state")).unwrap();
    fs::remove_file(home.verification("0.2.0")).unwrap();
    let archive = home.store.kept_archives(&release("0.2.0"))[0].digest;
    fs::write(home.store.object(&archive), b"another archive").unwrap();
    assert!(matches!(again(&home, "0.2.0"), Err(AcquireError::Offline { .. })));
}

#[test]
fn a_statement_that_the_source_served_vouches_for_the_tree() {
    let home = home();
    home.archive_in("m", "0.2.0", b"program");
    let mirror = Store::open(&home.path("store")).unwrap();
    let publisher = Home {
        store: mirror,
        state: StateDir::new(home.path("other-state")),
        folder: tempfile::tempdir().unwrap(),
        events: Events::default(),
    };
    publisher.get(&[home.mirror("m")], "0.2.0").unwrap();
    home.get(&[home.mirror("store")], "0.2.0").unwrap();
    assert_eq!(voucher(&home, "0.2.0"), (Voucher::Statement, Grade::Transfer));
    fs::remove_dir_all(home.path("state")).unwrap();
    fs::remove_file(home.verification("0.2.0")).unwrap();
    assert_eq!(again(&home, "0.2.0").unwrap(), How::Reverified);
    assert_eq!(voucher(&home, "0.2.0"), (Voucher::Statement, Grade::Transfer));
}

#[test]
fn a_waiver_is_never_made_again() {
    let home = home();
    home.release_in("m", "0.2.0", b"#!program", false);
    home.get_with(&[home.mirror("m")], "0.2.0", &lax()).unwrap();
    fs::remove_file(home.verification("0.2.0")).unwrap();
    let offline_lax = Settings { policy: lax().policy, ..offline() };
    let refused = home.get_with(&[home.distant("away")], "0.2.0", &offline_lax);
    let missing = Some(Unverified::Missing);
    assert!(matches!(refused, Err(AcquireError::Offline { here, .. }) if here == missing));
    assert!(!home.verification("0.2.0").exists());
}

#[cfg(unix)]
#[test]
fn a_damaged_tree_is_not_verified_again() {
    let home = home();
    home.archive_in("m", "0.2.0", b"program");
    let installed = home.get(&[home.mirror("m")], "0.2.0").unwrap().installed;
    let folder = installed.entry.parent().unwrap();
    let writable: fs::Permissions = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(folder, writable.clone()).unwrap();
    fs::set_permissions(&installed.entry, writable).unwrap();
    fs::write(&installed.entry, b"damaged").unwrap();
    fs::remove_file(home.verification("0.2.0")).unwrap();
    assert!(again(&home, "0.2.0").is_err());
    let fetched = home.get(&[home.mirror("m")], "0.2.0").unwrap();
    assert_eq!(fetched.how, How::Fetched { source: "m".to_owned() });
    assert_eq!(fs::read(&fetched.installed.link).unwrap(), b"program");
}

#[test]
fn a_tree_that_differs_from_the_first_seen_one_is_not_verified_again() {
    let home = home();
    home.release_in("m", "0.2.0", b"program", true);
    home.release_in("other", "0.2.0", b"another", true);
    home.get(&[home.mirror("m")], "0.2.0").unwrap();
    home.store.remove(&release("0.2.0")).unwrap();
    let pins = home.path("state/pins");
    fs::rename(&pins, home.path("kept")).unwrap();
    home.get(&[home.mirror("other")], "0.2.0").unwrap();
    fs::remove_dir_all(&pins).unwrap();
    fs::rename(home.path("kept"), &pins).unwrap();
    fs::remove_file(home.verification("0.2.0")).unwrap();
    assert!(again(&home, "0.2.0").is_err());
}
