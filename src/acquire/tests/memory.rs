//! What a source said is remembered, and not believed for longer than it helps.

use super::*;
use crate::sources::Candidate;

#[test]
fn a_fresh_memory_is_asked_again_for_what_it_does_not_have() {
    let home = home();
    home.release_in("m", "0.1.0", b"one", true);
    let sources = [home.distant("m")];
    assert_eq!(version(home.get(&sources, "latest")), "0.1.0");
    home.release_in("m", "0.2.0", b"two", true);
    assert_eq!(version(home.get(&sources, "latest")), "0.1.0", "fresh");
    assert_eq!(version(home.get(&sources, "^0.2")), "0.2.0");
    assert_eq!(version(home.get(&sources, "latest")), "0.2.0");
}

#[test]
fn what_a_memory_promises_and_nobody_has_is_asked_for_again() {
    let home = home();
    home.release_in("m", "0.1.0", b"one", true);
    home.release_in("m", "0.2.0", b"two", true);
    let sources = [home.distant("m")];
    assert_eq!(version(home.get(&sources, ">=0.1")), "0.2.0");
    home.store.remove(&release("0.2.0")).unwrap();
    fs::remove_dir_all(home.path("m/v0.2.0")).unwrap();
    assert_eq!(version(home.get(&sources, ">=0.1")), "0.1.0");
}

#[test]
fn offline_the_newest_that_is_here_is_the_latest() {
    let home = home();
    home.release_in("m", "0.1.0", b"one", true);
    home.release_in("m", "0.2.0", b"two", true);
    let sources = [home.distant("m")];
    home.get(&sources, "0.1.0").unwrap();
    assert_eq!(version(home.get(&sources, "latest")), "0.2.0");
    home.store.remove(&release("0.2.0")).unwrap();
    assert_eq!(version(home.get_with(&sources, "latest", |a| a.offline = true)), "0.1.0");
    assert!(home.told.0.lock().unwrap().iter().any(|said| said.contains("listed its versions")));
    assert!(matches!(
        home.get_with(&sources, "0.2.0", |a| a.offline = true),
        Err(AcquireError::Offline { attempts, .. }) if attempts.len() == 1
    ));
}

#[test]
fn a_name_that_comes_to_mean_another_place_remembers_nothing() {
    let home = home();
    home.release_in("old", "0.1.0", b"one", true);
    home.release_in("new", "0.2.0", b"two", true);
    let named = |folder| Candidate { name: "corp".to_owned(), ..home.distant(folder) };
    assert_eq!(version(home.get(&[named("old")], "latest")), "0.1.0");
    assert_eq!(version(home.get(&[named("new")], "latest")), "0.2.0");
}
