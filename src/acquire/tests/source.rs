//! Which sources count, and for what.

use super::*;
use crate::acquire::FailureReason;

fn reason(result: Result<Acquired, AcquireError>) -> Option<FailureReason> {
    match result {
        Err(AcquireError::Unserved { reason, .. }) => Some(reason),
        _ => None,
    }
}

#[test]
fn plain_http_contributes_neither_absence_nor_a_list() {
    let home = home();
    home.release_in("m", "0.2.0", b"program", true);
    let plain = [Candidate { channel: Channel::Unauthenticated, ..home.mirror("m") }];
    assert_eq!(reason(home.get(&plain, "0.3.0")), Some(FailureReason::Unreachable));
    assert!(matches!(home.get(&plain, "latest"), Err(AcquireError::Unlistable { .. })));
}

#[test]
fn a_source_with_on_absent_stop_ends_the_search_and_hides_no_failure() {
    let home = home();
    home.release_in("bad", "0.2.0", b"program", false);
    home.release_in("public", "0.2.0", b"program", true);
    let only = Candidate { stop_on_absent: true, ..home.mirror("private") };
    let sources = [home.mirror("bad"), only, home.mirror("public")];
    assert_eq!(reason(home.get(&sources, "0.2.0")), Some(FailureReason::Integrity));
    assert_eq!(reason(home.get(&sources[1..], "0.2.0")), Some(FailureReason::Absent));
    assert_eq!(reason(home.get(&sources[1..], "latest")), Some(FailureReason::Absent));
}

#[test]
fn an_unreachable_source_hides_neither_installed_releases_nor_other_sources() {
    let home = home();
    home.release_in("m", "0.2.0", b"program", true);
    let away = || {
        let mirror = home.mirror("away");
        fs::remove_dir(home.path("away")).unwrap();
        mirror
    };
    let got = home.get(&[away(), home.mirror("m")], "0.2.0").unwrap();
    assert_eq!(got.how, How::Fetched { source: "m".to_owned() });
    assert_eq!(version(home.get(&[away()], "latest")), "0.2.0");
    for selector in ["0.3.0", "^0.3"] {
        assert_eq!(reason(home.get(&[away()], selector)), Some(FailureReason::Unreachable));
    }
    assert_eq!(reason(home.get(&[away(), home.mirror("m")], "dev")), Some(FailureReason::Absent));
}

#[test]
fn an_absence_names_the_platforms_that_the_source_has() {
    let home = home();
    let asset = home.release_in("m", "0.2.0", b"program", true);
    let other = asset.with_file_name("loom-bridge-server-0.2.0-macos-aarch64");
    fs::rename(&asset, other).unwrap();
    let error = home.get(&[home.mirror("m")], "0.2.0").unwrap_err();
    assert!(error.attempts()[0].record.outcome.contains("macos-aarch64"), "{error:?}");
}
