//! A store at rest as a mirror: its trees travel as loose files.

use super::*;
use crate::{
    store::{Receipt, TreePath},
    trust::{Expectation, Waiver},
};

/// A mirror whose release holds its program where only its statement says.
fn at_rest(home: &Home, name: &str) -> Digest {
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
    let expectation = Expectation { release, archive: None, tree: None, waiver, size: None };
    let checked = store.admit(staged, &expectation, None).unwrap();
    store.publish(vec![(checked, receipt)]).unwrap()[0].tree
}

#[test]
fn the_program_is_where_the_statement_says() {
    let home = home();
    let tree = at_rest(&home, "m");
    let installed = home.get(&[home.mirror("m")], "0.2.0").unwrap().installed;
    assert_eq!(installed.tree, tree);
    assert!(installed.entry.ends_with("tools/run"), "{}", installed.entry.display());
    Store::open(&home.path("m")).unwrap().remove(&release("0.2.0")).unwrap();
}

#[test]
fn a_changed_file_is_wrong_bytes_whichever_way_it_came() {
    for file in ["tools/run", "tools/notes"] {
        let home = home();
        let tree = at_rest(&home, "m");
        let path = home.path("m").join("store").join(tree.to_string()).join(file);
        let changed = vec![b'x'; file.len()];
        fs::set_permissions(path.parent().unwrap(), writable()).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, changed).unwrap();
        home.get(&[home.mirror("m")], "0.2.0").unwrap_err();
        let told = home.told.0.lock().unwrap().join("\n");
        assert!(told.contains("Blamed") && told.contains(file), "{told}");
        assert!(home.store.find(&release("0.2.0")).unwrap().is_none());
        Store::open(&home.path("m")).unwrap().remove(&release("0.2.0")).unwrap();
    }
}

fn writable() -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o755)
}
