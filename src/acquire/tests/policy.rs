//! What is installed counts only as far as the policy of this run goes.

use super::*;
use crate::{
    acquire::{FailureReason, attempt::AttemptCause},
    store::AttemptKind,
    trust::{Rejection, Signature},
};

#[test]
fn a_release_that_the_policy_refuses_does_not_get_its_link_back() {
    let home = home();
    home.release_in("m", "0.2.0", b"#!program", false);
    let sources = [home.mirror("m")];
    let got = home.get_with(&sources, "0.2.0", &lax()).unwrap();
    fs::remove_file(&got.installed.link).unwrap();
    assert!(matches!(
        home.get(&sources, "0.2.0"),
        Err(AcquireError::Unserved { reason: FailureReason::Integrity, unverified: true, .. })
    ));
    assert!(home.store.find(&release("0.2.0")).unwrap().is_none());
    home.get_with(&sources, "0.2.0", &lax()).unwrap();
    assert!(home.store.find(&release("0.2.0")).unwrap().is_some());
}

#[cfg(unix)]
#[test]
fn a_link_to_the_tree_of_another_version_is_replaced() {
    let home = home();
    home.release_in("m", "0.1.0", b"one", true);
    home.release_in("m", "0.2.0", b"two", true);
    let sources = [home.mirror("m")];
    let one = home.get(&sources, "0.1.0").unwrap().installed;
    let two = home.get(&sources, "0.2.0").unwrap().installed;
    fs::remove_file(&two.link).unwrap();
    let target = fs::read_link(&one.link).unwrap();
    std::os::unix::fs::symlink(target, &two.link).unwrap();
    assert!(home.accepted("0.1.0"));
    assert!(!home.accepted("0.2.0"));
    home.get(&sources, "0.2.0").unwrap();
    assert_eq!(home.store.find(&release("0.2.0")).unwrap().unwrap().tree, two.tree);
    assert!(home.accepted("0.2.0"));
}

#[test]
fn an_added_file_is_judged_like_any_other() {
    let home = home();
    let first = home.release_in("m", "0.2.0", b"program", true);
    home.get(&[home.mirror("m")], "0.2.0").unwrap();
    let other = home.path("other");
    fs::write(&other, b"another program").unwrap();
    let add = |file: &Path, settings: &Settings| {
        let digest = Digest::of(&fs::read(file).unwrap());
        let added = home.acquirer(&[], settings).add(&release("0.2.0"), file, Some(digest));
        added.map(|added| added.installed.tree)
    };
    let refused = add(&other, &default()).unwrap_err();
    let [attempt] = refused.attempts() else { panic!("{refused:?}") };
    assert_eq!(attempt.record.kind, AttemptKind::ChecksumMismatch);
    add(&first, &default()).unwrap();
    let signed = Policy { signature: Signature::Required, ..Policy::default() };
    let refused = add(&first, &Settings { policy: signed, ..default() }).unwrap_err();
    assert!(matches!(
        refused.attempts()[0].cause,
        Some(AttemptCause::Rejected(Rejection::NoKey { .. }))
    ));
    let none = home.path("none");
    assert!(matches!(
        home.acquirer(&[], &default()).add(&release("0.2.0"), &none, None),
        Err(AcquireError::Unreadable { .. })
    ));
    assert!(matches!(
        home.acquirer(&[], &default()).add(&release("0.3.0"), &other, None),
        Err(AcquireError::NoChecksum { .. })
    ));
}

#[test]
fn a_release_that_cannot_be_kept_as_first_seen_is_not_published() {
    let home = home();
    home.release_in("m", "0.2.0", b"program", true);
    fs::write(home.path("state"), b"a file in place of a folder").unwrap();
    assert!(matches!(home.get(&[home.mirror("m")], "0.2.0"), Err(AcquireError::State(_))));
    assert!(home.store.find(&release("0.2.0")).unwrap().is_none());
}
