//! What is here counts only as far as today's policy goes.

use super::{super::here, *};
use crate::{acquire::FailureReason, trust::Signature};

fn lax() -> Policy {
    Policy { allow_unverified: true, ..Policy::default() }
}

#[test]
fn what_the_policy_refuses_does_not_get_its_link_back() {
    let home = home();
    home.release_in("m", "0.2.0", b"program", false);
    let sources = [home.mirror("m")];
    let got = home.get_with(&sources, "0.2.0", |a| a.policy = lax()).unwrap();
    fs::remove_file(&got.installed.link).unwrap();
    assert!(matches!(
        home.get(&sources, "0.2.0"),
        Err(AcquireError::Unserved { reason: FailureReason::Integrity, unproven: true, .. })
    ));
    assert!(home.store.find(&release("0.2.0")).unwrap().is_none());
    home.get_with(&sources, "0.2.0", |a| a.policy = lax()).unwrap();
    assert!(home.store.find(&release("0.2.0")).unwrap().is_some());
}

#[test]
fn a_receipt_vouches_for_its_own_tree_only() {
    let home = home();
    home.release_in("m", "0.1.0", b"one", true);
    home.release_in("m", "0.2.0", b"two", true);
    let sources = [home.mirror("m")];
    let one = home.get(&sources, "0.1.0").unwrap().installed;
    let two = home.get(&sources, "0.2.0").unwrap().installed;
    fs::remove_file(&two.link).unwrap();
    let target = fs::read_link(&one.link).unwrap();
    std::os::unix::fs::symlink(target, &two.link).unwrap();
    let here = |version| here(&home.store, &release(version), &Policy::default()).unwrap();
    assert!(here("0.1.0").is_some());
    assert!(here("0.2.0").is_none());
    home.get(&sources, "0.2.0").unwrap();
    assert_eq!(here("0.2.0").unwrap().tree, two.tree);
}

#[test]
fn a_file_handed_to_us_is_judged_like_any_other() {
    let home = home();
    let first = home.release_in("m", "0.2.0", b"program", true);
    home.get(&[home.mirror("m")], "0.2.0").unwrap();
    let state = StateDir::new(home.path("state"));
    let other = home.path("other");
    fs::write(&other, b"another program").unwrap();
    let add = |file: &Path, change: &dyn Fn(&mut Acquirer<'_>)| {
        let mut acquirer = home.acquirer(&state, &[]);
        change(&mut acquirer);
        let digest = Digest::of(&fs::read(file).unwrap());
        acquirer.add(&release("0.2.0"), file, Some(digest)).map(|added| added.installed.tree)
    };
    let refused = add(&other, &|_| {}).unwrap_err();
    assert!(
        refused.attempts().iter().any(|attempt| attempt.outcome.contains("--forget")),
        "{refused:?}"
    );
    add(&first, &|_| {}).unwrap();
    let signed = Policy { signature: Signature::Required, ..Policy::default() };
    assert!(add(&first, &|a| a.policy = signed).is_err());
    assert!(matches!(
        home.acquirer(&state, &[]).add(&release("0.2.0"), &home.path("none"), None),
        Err(AcquireError::Unreadable { .. })
    ));
}

#[test]
fn what_cannot_be_remembered_is_not_published() {
    let home = home();
    home.release_in("m", "0.2.0", b"program", true);
    fs::write(home.path("state"), b"a file where a folder should be").unwrap();
    assert!(matches!(home.get(&[home.mirror("m")], "0.2.0"), Err(AcquireError::State(_))));
    assert!(home.store.find(&release("0.2.0")).unwrap().is_none());
}
