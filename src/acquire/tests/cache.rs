//! Lists of versions are cached, and not believed for longer than that helps.

use super::*;

#[test]
fn a_fresh_list_is_asked_for_again_where_it_has_no_match() {
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
fn a_listed_version_that_no_source_has_is_resolved_again() {
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
fn offline_the_newest_installed_version_is_the_latest() {
    let home = home();
    home.release_in("m", "0.1.0", b"one", true);
    home.release_in("m", "0.2.0", b"two", true);
    let sources = [home.distant("m")];
    home.get(&sources, "0.1.0").unwrap();
    assert_eq!(version(home.get(&sources, "latest")), "0.2.0");
    home.store.remove(&release("0.2.0")).unwrap();
    assert_eq!(version(home.get_with(&sources, "latest", &offline())), "0.1.0");
    assert!(home.events.text().contains("listed its versions"));
    assert!(matches!(
        home.get_with(&sources, "0.2.0", &offline()),
        Err(AcquireError::Offline { attempts, .. }) if attempts.len() == 1
    ));
}

#[test]
fn a_name_that_is_given_to_another_address_has_no_cached_list() {
    let home = home();
    home.release_in("old", "0.1.0", b"one", true);
    home.release_in("new", "0.2.0", b"two", true);
    let named = |folder| Candidate {
        name: "corp".to_owned(),
        identity: "corp".to_owned(),
        ..home.distant(folder)
    };
    assert_eq!(version(home.get(&[named("old")], "latest")), "0.1.0");
    assert_eq!(version(home.get(&[named("new")], "latest")), "0.2.0");
}

#[test]
fn documents_in_the_state_folder_are_objects_with_a_schema() {
    let home = home();
    home.release_in("m", "0.1.0", b"one", true);
    home.get(&[home.distant("m")], "latest").unwrap();
    let mut documents = 0;
    for folder in ["versions", "latest", "pins/loom-os/loom-bridge-server/0.1.0"] {
        for entry in fs::read_dir(home.path("state").join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "json") {
                let text = fs::read_to_string(&path).unwrap();
                let document: serde_json::Value = serde_json::from_str(&text).unwrap();
                assert_eq!(document["schema"], 1, "{}", path.display());
                documents += 1;
            }
        }
    }
    assert_eq!(documents, 3);
}
