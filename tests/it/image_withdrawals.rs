//! Withdrawn versions of a registry, on their way to other mirrors.

use std::fs;

use serde_json::Value;

use crate::support::{Plain, Sandbox, TestedRegistry, tested_registry::reader_of};

/// A signed registry with two versions, its maintainer, and what `mirror init` said.
fn signed(registry: &TestedRegistry) -> (Sandbox, Value) {
    let plain = Plain::of(&["0.1.0", "0.2.0"]);
    let (url, owner) = (registry.url(), Sandbox::new());
    let init = ["mirror", "init", "--to", &url, "--keys", "keys", "--json"];
    let root = owner.loom(&init).ok().json();
    let sync = ["mirror", "sync", "--from", &plain.url(), "--to", &url];
    owner.loom(&[&sync[..], &["--key", "keys/index.pem"]].concat()).ok();
    (owner, root)
}

/// Asserts that the newest version of a mirror is 0.1.0, and that 0.2.0 is still served by its number.
fn serves_withdrawn(reader: &Sandbox, mirror: &str) {
    let list = reader.loom(&["list", "--remote", "--source", mirror]).ok().stdout();
    assert!(list.contains("0.1.0") && !list.contains("0.2.0"), "{list}");
    let verified = reader.loom(&["mirror", "verify", mirror]).ok().stdout();
    assert!(verified.contains("withdrawn"), "{verified}");
    reader.loom(&["get", "0.2.0", "--source", mirror]).ok();
    reader.loom(&["get", "--source", mirror]).ok();
    assert!(reader.link("0.1.0").exists());
}

#[test]
fn what_a_registry_withdraws_is_withdrawn_in_other_mirrors() {
    for registry in [TestedRegistry::docker(), TestedRegistry::ferro()] {
        let (owner, root) = signed(&registry);
        let url = registry.url();
        // A mirror that has both versions, and one that is new.
        let [known, stranger] = [reader_of(&url, &root), Sandbox::new()];
        let sync = ["mirror", "sync", "--from", &url, "--to"];
        known.loom(&[&sync[..], &["./before"]].concat()).ok();
        owner.loom(&["mirror", "yank", &url, "0.2.0", "--key", "keys/index.pem"]).ok();
        for sandbox in [&known, &stranger] {
            let synced = sandbox.loom(&[&sync[..], &["./after", "--json"]].concat()).ok().json();
            assert_eq!(synced["releases"], 2, "{synced}");
            serves_withdrawn(&Sandbox::new(), &folder(sandbox, "after"));
        }
        known.loom(&[&sync[..], &["./before"]].concat()).ok();
        serves_withdrawn(&Sandbox::new(), &folder(&known, "before"));
        // Nothing is new: no index is issued.
        let again = known.loom(&[&sync[..], &["./before", "--json"]].concat()).ok().json();
        assert_eq!(again["changed"], false, "{again}");
    }
}

fn folder(sandbox: &Sandbox, name: &str) -> String {
    fs::canonicalize(sandbox.project().join(name)).unwrap().display().to_string()
}

#[test]
fn what_a_registry_withdraws_is_withdrawn_in_another_registry() {
    let (from, to) = (TestedRegistry::docker(), TestedRegistry::docker());
    let (owner, root) = signed(&from);
    owner.loom(&["mirror", "yank", &from.url(), "0.2.0", "--key", "keys/index.pem"]).ok();
    let maintainer = reader_of(&from.url(), &root);
    let init = ["mirror", "init", "--to", &to.url(), "--keys", "keys", "--json"];
    let root = maintainer.loom(&init).ok().json();
    let (from, to) = (from.url(), to.url());
    let sync = ["mirror", "sync", "--from", &from, "--to", &to, "--key", "keys/index.pem"];
    maintainer.loom(&sync).ok();
    serves_withdrawn(&reader_of(&to, &root), &to);
    let again = maintainer.loom(&[&sync[..], &["--json"]].concat()).ok().json();
    assert_eq!(again["changed"], false, "{again}");
    // Where tags are the list, nothing could say it.
    let tags = TestedRegistry::docker();
    let run = maintainer.loom(&["mirror", "sync", "--from", &from, "--to", &tags.url()]).ok();
    run.says(&["has no index that could say what is withdrawn", "0.2.0"]);
    Sandbox::new().loom(&["get", "0.2.0", "--source", &tags.url()]).code(3);
    Sandbox::new().loom(&["get", "0.1.0", "--source", &tags.url()]).ok();
}
