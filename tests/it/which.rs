//! `loom which`: finds an installed version by one link and its verification.

use crate::support::{self, Plain, Sandbox};

#[test]
fn a_version_that_is_not_installed_is_exit_3() {
    let sandbox = Sandbox::new();
    sandbox.loom(&["which"]).code(3);
    sandbox.loom(&["which", "--version", "0.2.0"]).code(3).says(&["0.2.0", "loom get"]);
    assert!(!sandbox.cache().exists(), "which creates no files");
}

#[test]
fn an_installed_version_is_the_same_link_as_get_prints() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.1.0", "0.2.0"]));
    for version in ["0.1.0", "0.2.0"] {
        let got = sandbox.loom(&["get", "--source", &mirror.url(), "--version", version]).ok();
        let found = sandbox.loom(&["which", "--version", version]).ok();
        assert_eq!(found.stdout(), format!("{}\n", got.path().display()));
        assert_eq!(found.stderr(), "");
    }
    assert_eq!(sandbox.loom(&["which"]).ok().path(), sandbox.link("0.2.0"));
    assert_eq!(sandbox.loom(&["which", "--version", "0.1"]).ok().path(), sandbox.link("0.1.0"));
    sandbox.loom(&["which", "--version", "0.3"]).code(3);
}

#[test]
fn json_names_version_tree_and_path() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.2.0"]).ok();
    let document = sandbox.loom(&["which", "--json", "--version", "0.2.0"]).ok().json();
    assert_eq!(document["version"], "0.2.0");
    assert_eq!(document["tree"], sandbox.trees()[0]);
    assert_eq!(document["path"], sandbox.link("0.2.0").to_str().unwrap());
}

#[test]
fn a_dangling_link_reads_as_absent() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.2.0"]).ok();
    let tree = sandbox.cache().join("store").join(&sandbox.trees()[0]);
    support::sandbox::make_removable(&tree);
    std::fs::remove_dir_all(tree).unwrap();
    sandbox.loom(&["which", "--version", "0.2.0"]).code(3);
    sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.2.0"]).ok();
    sandbox.verify();
}
