//! Reading signed mirrors: where their roots come from, and what a signed index changes.

use loom_source::Index;

use crate::support::{
    MirrorKeys, MirrorReader, Sandbox, Server, SignedDepot, signed_depot::root_of,
};

#[test]
fn a_signed_mirror_is_read_and_names_who_vouches() {
    let mut mirror = SignedDepot::of(&["0.1.0", "0.2.0"]);
    let reader = MirrorReader::of(&mirror);
    reader.takes(&mirror, &["0.1.0", "0.2.0"]);
    let got = reader.sandbox.loom(&["get", "--version", "0.2.0"]).ok();
    got.says(&["fetched loom-bridge-server-0.2.0-linux-x86_64.tar.gz from "]);
    reader.installs(&mirror, "0.2.0", 0);
    let key = loom_runtime::trust::mirror::key_id(&mirror.keys.index).short();
    let by = format!("signed index, serial 1 of mirror {}, root 1, signed by {key}", mirror.mirror);
    let why = reader.sandbox.loom(&["why", "0.2.0"]).ok().stdout();
    assert!(why.contains(&by), "{why}");
    let why = reader.sandbox.loom(&["why", "0.2.0", "--json"]).ok().stdout();
    assert!(why.contains("\"identity\""), "{why}");
    reader.sandbox.verify();
    let roots = reader.sandbox.loom(&["trust", "roots"]).ok().stdout();
    assert!(roots.contains("root 1") && roots.contains("serial 1"), "{roots}");
    mirror.new_root(|_| {});
    mirror.sign();
    reader.installs(&mirror, "0.1.0", 0);
    let roots = reader.sandbox.loom(&["trust", "roots", "--json"]).ok().stdout();
    assert!(roots.contains("\"number\":2"), "{roots}");
}

#[test]
fn without_a_root_nothing_changes_and_no_request_is_added() {
    let mirror = SignedDepot::of(&["0.2.0"]);
    let server = Server::serve(mirror.depot.path());
    let sandbox = Sandbox::new();
    sandbox.sources(&[(&server.url(), "")]);
    sandbox.loom(&["get"]).ok();
    for path in ["root/1.json", "root/2.json", "releases/timestamp.json"] {
        assert_eq!(server.gets(path), 0, "{path}");
    }
    // With one there are two more: the next root, and the index once for list and offer.
    let (file, sha256) = mirror.anchor();
    let sandbox = Sandbox::new();
    sandbox.sources(&[(&server.url(), "")]);
    sandbox.loom(&["trust", "add-root", &file, "--sha256", &sha256]).ok();
    server.forget();
    sandbox.loom(&["get"]).ok();
    assert_eq!(server.gets("root/2.json"), 1);
    assert_eq!(server.gets("releases/index.json"), 1);
    server.forget();
    sandbox.loom(&["get", "--version", "0.2.0"]).ok();
    assert!(server.requests().is_empty());
}

#[test]
fn withdrawn_versions_are_used_only_by_name() {
    let mirror = SignedDepot::of(&["0.1.0", "0.2.0"]);
    let reader = MirrorReader::of(&mirror);
    mirror.sign_with(|payload| payload.releases[1].yanked = true);
    reader.takes(&mirror, &["0.1.0"]);
    let run = reader.sandbox.loom(&["get"]).ok();
    assert_eq!(run.path(), reader.sandbox.link("0.1.0"));
    let run = reader.sandbox.loom(&["get", "--version", "0.2.0"]).ok();
    assert!(run.stderr().contains("has withdrawn"), "{}", run.stderr());
    for command in ["get", "which"] {
        let refused = reader.sandbox.loom(&[command, "0.2"]).code(3);
        refused.says(&["has withdrawn loom-bridge-server 0.2.0", "which is here"]);
    }
}

#[test]
fn a_root_of_the_configuration_and_one_that_is_pinned_at_first_sight() {
    let mut mirror = SignedDepot::of(&["0.1.0"]);
    let (file, sha256) = mirror.anchor();
    let sandbox = Sandbox::new();
    let source =
        format!("[[sources]]\nname = \"corp\"\ntype = \"mirror\"\nurl = \"{}\"\n", mirror.url());
    let config = sandbox.home().join(".config/loom/config.toml");
    let root = format!(
        "[trust]\nroots = [{{ source = \"corp\", file = \"{file}\", sha256 = \"{sha256}\" }}]\n"
    );
    sandbox.write(&config, &format!("{source}{root}"));
    sandbox.loom(&["get"]).ok();
    let roots = sandbox.loom(&["trust", "roots"]).ok().stdout();
    assert!(roots.contains("given by trust.roots"), "{roots}");
    std::fs::remove_file(mirror.depot.path().join(Index::PATH)).unwrap();
    sandbox.loom(&["list", "--remote"]).code(5);
    mirror.sign();

    let sandbox = Sandbox::new();
    let config = sandbox.home().join(".config/loom/config.toml");
    sandbox.write(&config, &format!("{source}[trust]\npin_roots = \"first-seen\"\n"));
    sandbox.loom(&["list", "--remote"]).ok();
    let roots = sandbox.loom(&["trust", "roots"]).ok().stdout();
    assert!(roots.contains("kept at first sight"), "{roots}");
    // Another root 1 with other keys does not replace it.
    let thief = MirrorKeys::default();
    mirror.put_root(&root_of(mirror.mirror, 1, &thief), &thief.holders());
    mirror.sign_payload(&mirror.payload(), &thief.index);
    sandbox.loom(&["list", "--remote"]).code(6);
    mirror.serial = 2;
    mirror.sign();
    sandbox.loom(&["list", "--remote"]).ok();
    // Removed, the first root that the mirror shows counts again.
    mirror.put_root(&root_of(mirror.mirror, 1, &thief), &thief.holders());
    mirror.sign_payload(&mirror.payload(), &thief.index);
    for (code, says) in [(0, "corp needs no signed index any more\n"), (3, "corp had no root\n")] {
        assert_eq!(sandbox.loom(&["trust", "remove-root", "corp"]).code(code).stdout(), says);
    }
    sandbox.loom(&["list", "--remote"]).ok();
}

#[test]
fn an_untrusted_project_gives_no_root() {
    let mirror = SignedDepot::of(&["0.1.0"]);
    let (file, sha256) = mirror.anchor();
    let sandbox = Sandbox::new();
    let root = format!(
        "[trust]\npin_roots = \"first-seen\"\nroots = [{{ source = \"{}\", file = \"{file}\", sha256 = \"{sha256}\" }}]\n",
        mirror.url()
    );
    sandbox.write("loom.toml", &root);
    let shown = sandbox.loom(&["config", "show", "--json"]).ok().stdout();
    let document: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let text = document.to_string();
    assert!(text.contains("trust.roots") && text.contains("trust.pin_roots"), "{text}");
    let run = sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.1.0"]).ok();
    let why = sandbox.loom(&["why", "0.1.0"]).ok().stdout();
    assert!(!why.contains("signed index"), "{why}{}", run.stderr());
}

#[test]
fn an_added_root_is_removed_again() {
    let mirror = SignedDepot::of(&["0.1.0"]);
    let reader = MirrorReader::of(&mirror);
    std::fs::remove_file(mirror.depot.path().join(Index::PATH)).unwrap();
    reader.sandbox.loom(&["list", "--remote"]).code(5);
    let name = mirror.url();
    let run = reader.sandbox.loom(&["trust", "remove-root", &name]).ok();
    assert!(run.stdout().contains("needs no signed index"), "{}", run.stdout());
    reader.sandbox.loom(&["list", "--remote"]).ok();
}
