//! A store that serves as a mirror: its trees are fetched as loose files.

use super::*;
use crate::{
    store::{Receipt, TreePath},
    trust::{Expectation, Waiver},
};

/// A mirror whose release has its program at a path that only its statement names.
fn store_mirror(home: &Home, name: &str) -> Digest {
    let store = Store::open(&home.path(name)).unwrap();
    let mut staged = store.stage(TreeLimits::default()).unwrap();
    let path = |path: &str| path.parse::<TreePath>().unwrap();
    for (file, executable) in [("tools/run", true), ("tools/notes", false)] {
        staged.file(&path(file), executable, file.as_bytes()).unwrap();
    }
    staged.link(&path("run"), "tools/run").unwrap();
    staged.set_entry(path("tools/run"));
    let release = release("0.2.0");
    let receipt = Receipt::new(&release);
    let waiver = Some(Waiver::AllowUnverified);
    let expectation = Expectation { waiver, ..Expectation::none(&release) };
    let checked = store.admit(staged, &expectation, None).unwrap();
    store.publish(vec![(checked, Some(receipt))]).unwrap()[0].tree
}

#[test]
fn the_statement_names_the_path_of_the_program() {
    let home = home();
    let tree = store_mirror(&home, "m");
    let installed = home.get(&[home.mirror("m")], "0.2.0").unwrap().installed;
    assert_eq!(installed.tree, tree);
    assert!(installed.entry.ends_with("tools/run"), "{}", installed.entry.display());
    Store::open(&home.path("m")).unwrap().remove(&release("0.2.0")).unwrap();
}

#[cfg(unix)]
#[test]
fn a_changed_file_is_a_mismatch_whether_copied_or_streamed() {
    for file in ["tools/run", "tools/notes"] {
        let home = home();
        let tree = store_mirror(&home, "m");
        let path = home.path("m").join("store").join(tree.to_string()).join(file);
        let changed = vec![b'x'; file.len()];
        fs::set_permissions(path.parent().unwrap(), writable()).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, changed).unwrap();
        home.get(&[home.mirror("m")], "0.2.0").unwrap_err();
        let events = home.events.text();
        assert!(events.contains("ChecksumMismatch") && events.contains(file), "{events}");
        assert!(home.store.find(&release("0.2.0")).unwrap().is_none());
        Store::open(&home.path("m")).unwrap().remove(&release("0.2.0")).unwrap();
    }
}

#[cfg(unix)]
fn writable() -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o755)
}
