//! The lock file: what `loom lock` and `loom update` write, and what commands make of it.

use std::{fs, path::PathBuf};

use crate::support::{Depot, Entry, Packing, Plain, Sandbox, Sums, plain, platform, program};
use serde_json::json;

/// A project whose loom.toml requests this version, with this mirror as its user's source.
fn project(url: &str, version: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.sources(&[(url, "")]);
    request(&sandbox, version);
    sandbox
}

fn request(sandbox: &Sandbox, version: &str) {
    sandbox.write("loom.toml", &format!("[bridge]\nversion = \"{version}\"\n"));
}

fn file(sandbox: &Sandbox) -> PathBuf {
    sandbox.project().join("loom.lock")
}

fn text(sandbox: &Sandbox) -> String {
    fs::read_to_string(file(sandbox)).unwrap()
}

#[test]
fn a_locked_version_stays_until_it_is_updated() {
    let mirror = Plain::of(&["0.2.0"]);
    let sandbox = project(&mirror.url(), "^0.2");
    let locked = sandbox.loom(&["lock"]).ok().stdout();
    assert_eq!(locked, format!("loom-bridge-server 0.2.0 ({})\n", platform()));
    mirror.add("0.2.1", Packing::TarGz, &program::small("0.2.1"), Sums::Sidecar);

    assert_eq!(sandbox.loom(&["get"]).ok().path(), sandbox.link("0.2.0"));
    assert_eq!(sandbox.loom(&["get", "--locked"]).ok().path(), sandbox.link("0.2.0"));
    assert_eq!(sandbox.loom(&["which", "--frozen"]).ok().path(), sandbox.link("0.2.0"));
    assert!(!sandbox.link("0.2.1").exists());

    let moved = sandbox.loom(&["update"]).ok().stdout();
    assert_eq!(moved, format!("loom-bridge-server 0.2.0 -> 0.2.1 ({})\n", platform()));
    assert_eq!(sandbox.loom(&["get", "--locked"]).ok().path(), sandbox.link("0.2.1"));
    let back = sandbox.loom(&["update", "--version", "0.2.0", "--json"]).ok().json();
    assert_eq!((&back["before"], &back["version"]), (&json!("0.2.1"), &json!("0.2.0")));
    assert_eq!(sandbox.loom(&["get"]).ok().path(), sandbox.link("0.2.0"));
}

#[test]
fn a_lock_that_is_made_again_has_the_same_bytes() {
    let mirror = Plain::of(&["0.2.0"]);
    let sandbox = project(&mirror.url(), "^0.2");
    sandbox.loom(&["lock"]).ok();
    let first = text(&sandbox);
    let mut settings = sandbox.settings();
    settings.set_snapshot_path("snapshots");
    settings.bind(|| insta::assert_snapshot!("lock_file", first));
    let modified = fs::metadata(file(&sandbox)).unwrap().modified().unwrap();
    for args in [&["lock"][..], &["lock", "--locked"], &["update"]] {
        let again = sandbox.loom(args).ok().stdout();
        assert!(again.ends_with("unchanged\n"), "{again}");
    }
    assert_eq!(text(&sandbox), first);
    assert_eq!(fs::metadata(file(&sandbox)).unwrap().modified().unwrap(), modified);
}

#[test]
fn comments_and_other_binaries_are_kept() {
    let mirror = Plain::of(&["0.2.0"]);
    let sandbox = project(&mirror.url(), "^0.2");
    sandbox.loom(&["lock"]).ok();
    let commented = text(&sandbox)
        .replace("version = \"0.2.0\"", "version = \"0.2.0\" # see ticket 7")
        .replace("[[binary]]", "# the runtime\n[[binary]]");
    fs::write(file(&sandbox), &commented).unwrap();
    mirror.add("0.2.1", Packing::TarGz, &program::small("0.2.1"), Sums::Sidecar);
    sandbox.loom(&["trust"]).ok();
    sandbox.loom(&["update"]).ok();
    let moved = text(&sandbox);
    assert!(moved.contains("# the runtime\n[[binary]]"), "{moved}");
    assert!(moved.contains("version = \"0.2.1\" # see ticket 7"), "{moved}");

    let other = "loom-bridge-server-0.2.1".replace("bridge-server", "other");
    let bytes = Packing::TarGz.pack(&[Entry {
        path: "loom-other".into(),
        exec: true,
        bytes: b"#!/bin/sh\n".to_vec(),
    }]);
    let asset = format!("{other}-{}.tar.gz", platform());
    mirror.add_bytes("0.2.1", &asset, &bytes, Sums::Sidecar);
    sandbox.loom(&["lock", "--binary", "loom-other"]).ok();
    let both = text(&sandbox);
    assert!(both.contains("# see ticket 7") && both.contains("name = \"loom-other\""), "{both}");
    sandbox.loom(&["get", "--locked"]).ok();
    sandbox.loom(&["get", "--locked", "--binary", "loom-other"]).ok();
}

#[test]
fn a_lock_and_a_request_that_disagree_are_named() {
    let mirror = Plain::of(&["0.2.0", "0.3.0"]);
    let mut sandbox = project(&mirror.url(), "^0.2");
    sandbox.loom(&["get", "--locked"]).code(8).says(&[
        "--locked requires a lock file, and there is no ",
        "loom.lock",
        "`loom lock` writes it",
    ]);
    sandbox.loom(&["lock"]).ok();
    request(&sandbox, "^0.3");
    let both = ["it has 0.2.0 for \"^0.2\", but \"^0.3\" is requested by ", "loom.toml:2"];
    for command in ["get", "up", "which"] {
        sandbox.loom(&[command, "--locked"]).code(8).says(&both).says(&["loom update"]);
    }
    sandbox.set("LOOM_LOCKED", "1");
    sandbox.loom(&["exec", "--", "true"]).code(8).says(&both);
    sandbox.unset("LOOM_LOCKED");
    let error = sandbox.loom(&["get", "--locked", "--json"]).code(8).json();
    assert_eq!(error["error"]["kind"], "lock");

    // Taken as it is, it needs no agreement; without the options it is left out, and that is said.
    assert_eq!(sandbox.loom(&["get", "--frozen"]).ok().path(), sandbox.link("0.2.0"));
    let without = sandbox.loom(&["get"]).ok().says(&["loom.lock is not used: it has 0.2.0, but"]);
    assert_eq!(without.path(), sandbox.link("0.3.0"));

    request(&sandbox, "^0.2");
    let other = ["get", "--locked", "--version", "0.3.0"];
    sandbox.loom(&other).code(8).says(&["it has 0.2.0, but \"0.3.0\" is requested by --version"]);
    let free = sandbox.loom(&["get", "--version", "0.3.0"]).ok();
    assert_eq!(free.says(&["is not used"]).path(), sandbox.link("0.3.0"));
    sandbox.loom(&["get", "--locked", "--build"]).code(8).says(&["a cargo build is never locked"]);
    sandbox.loom(&["update", "--version", "0.3.0"]).code(8).says(&["cannot move to 0.3.0"]);
    sandbox.loom(&["update", "--frozen"]).code(2);
    sandbox.set("LOOM_FROZEN", "true");
    sandbox.loom(&["update"]).code(2).says(&["is not changed", "LOOM_FROZEN"]);
}

#[test]
fn a_binary_and_a_platform_can_be_missing() {
    let mirror = Plain::of(&["0.2.0"]);
    let sandbox = project(&mirror.url(), "latest");
    sandbox.loom(&["lock"]).ok();
    let other = ["get", "--locked", "--binary", "loom-other"];
    sandbox.loom(&other).code(8).says(&["does not have loom-other", "`loom lock` adds it"]);
    let elsewhere = text(&sandbox).replace(&platform(), "windows-x86_64");
    fs::write(file(&sandbox), elsewhere).unwrap();
    sandbox.loom(&["trust"]).ok();
    let missing = format!("it has nothing for {}, only for windows-x86_64", platform());
    sandbox.loom(&["get", "--locked"]).code(8).says(&[&missing]);
}

#[test]
fn what_is_no_lock_file_is_refused() {
    let mirror = Plain::of(&["0.2.0"]);
    let sandbox = project(&mirror.url(), "latest");
    sandbox.loom(&["lock"]).ok();
    let good = text(&sandbox);
    for (bad, why) in [
        (good.replace("version = \"0.2.0\"", "version = \"dev\""), "expected a version"),
        (good.replace("loom-lock 1", "loom-lock 2"), "which this version cannot read"),
        (good.replace("tree", "trees").replace("archives", "zips"), "unknown field"),
        ("\u{0}".to_owned(), "not valid"),
        (format!("{good}#{}", "x".repeat(1 << 20)), "loom.lock"),
    ] {
        fs::write(file(&sandbox), &bad).unwrap();
        sandbox.loom(&["get"]).code(8).says(&["could not read", why]);
        sandbox.loom(&["status"]).ok();
    }
    request(&sandbox, "dev");
    fs::write(file(&sandbox), &good).unwrap();
    sandbox.loom(&["trust"]).ok();
    fs::remove_file(file(&sandbox)).unwrap();
    sandbox.loom(&["lock"]).code(2).says(&["a cargo build cannot be locked"]);
    fs::remove_file(sandbox.project().join("loom.toml")).unwrap();
    sandbox.loom(&["lock"]).code(2).says(&["no loom.toml here", "--lock FILE"]);
}

#[test]
fn a_lock_of_a_store_layout_has_trees_and_statements() {
    let depot = Depot::of(&["0.2.0"]);
    let sandbox = project(&depot.url(), "latest");
    sandbox.loom(&["lock"]).ok();
    let locked = text(&sandbox);
    let release = depot.add("0.2.0", &Entry::program(&program::small("0.2.0")), &[]);
    assert!(locked.contains(&format!("tree = \"{}\"", release.tree)), "{locked}");
    assert!(locked.contains("statement = \""), "{locked}");
    let name = format!("loom-bridge-server-0.2.0-{}.tar.gz", platform());
    assert!(locked.contains(&format!("file = \"{name}\"")), "{locked}");
}

#[test]
fn the_lock_is_shown() {
    let mirror = Plain::of(&["0.2.0"]);
    let sandbox = project(&mirror.url(), "^0.2");
    sandbox.loom(&["lock"]).ok();
    sandbox.loom(&["get"]).ok();
    let path = json!(file(&sandbox));
    let why = sandbox.loom(&["why", "--json"]).ok().json();
    assert_eq!(why["lock"]["file"], path);
    assert_eq!((&why["lock"]["met"], &why["lock"]["trusted"]), (&json!(true), &json!(true)));
    assert_eq!(why["wanted"]["by"], json!(format!("by {}", file(&sandbox).display())));
    let verified = &why["verification"]["digests"][0];
    assert_eq!((&verified["by"], &verified["grade"]), (&json!("lock"), &json!("identity")));
    for command in [&["status"][..], &["config", "show"]] {
        let shown = sandbox.loom(&[command, &["--json"]].concat()).ok().json();
        assert_eq!(shown["lock"]["file"], path);
        assert_eq!(shown["lock"]["version"], "0.2.0");
        assert_eq!(
            (&shown["lock"]["agrees"], &shown["lock"]["trusted"]),
            (&json!(true), &json!(true))
        );
    }
    let human = sandbox.loom(&["config", "show"]).ok().stdout();
    assert!(human.contains("loom.lock: 0.2.0 for \"^0.2\"\n"), "{human}");
    let why = sandbox.loom(&["why"]).ok().stdout();
    assert!(why.contains("the installed one is the locked one"), "{why}");
}

#[test]
fn full_locks_the_tree_of_every_platform() {
    let mirror = Plain::of(&["0.2.0"]);
    let bytes = Packing::TarGz.pack(&Entry::program(b"#!/bin/sh\nexit 7\n"));
    mirror.add_bytes("0.2.0", "loom-bridge-server-0.2.0-macos-aarch64.tar.gz", &bytes, Sums::File);
    let sandbox = project(&mirror.url(), "latest");
    sandbox.loom(&["lock"]).ok();
    assert!(!text(&sandbox).contains("tree = "));
    assert!(sandbox.trees().is_empty());
    sandbox.loom(&["lock", "--full"]).ok();
    assert_eq!(text(&sandbox).matches("\ntree = ").count(), 2, "{}", text(&sandbox));
    assert_eq!(sandbox.trees().len(), 2);
}

#[test]
fn other_platforms_are_fetched() {
    let mirror = Plain::of(&["0.2.0"]);
    for other in ["macos-aarch64", "linux-aarch64"] {
        let bytes = Packing::TarGz.pack(&Entry::program(b"#!/bin/sh\nexit 7\n"));
        let asset = format!("loom-bridge-server-0.2.0-{other}.tar.gz");
        mirror.add_bytes("0.2.0", &asset, &bytes, Sums::File);
    }
    let sandbox = project(&mirror.url(), "latest");
    sandbox.loom(&["lock"]).ok();
    let run = sandbox.loom(&["get", "--locked", "--platform", "macos-aarch64,linux-aarch64"]).ok();
    let link = |platform: &str| {
        sandbox.cache().join("bin/0.2.0").join(platform).join("loom-bridge-server")
    };
    let expected =
        format!("{}\n{}\n", link("macos-aarch64").display(), link("linux-aarch64").display());
    assert_eq!(run.stdout(), expected);
    let twice = ["get", "--platform", &platform(), "--platform", "macos-aarch64", "--json"];
    let document = sandbox.loom(&twice).ok().json();
    assert_eq!(document["releases"][0]["platform"], platform());
    assert_eq!(document["releases"][1]["path"], json!(link("macos-aarch64")));
    let missing = ["get", "--locked", "--platform", "windows-x86_64"];
    sandbox.loom(&missing).code(8).says(&["it has nothing for windows-x86_64"]);
    sandbox.loom(&["get", "--platform", "amiga"]).code(2);
    assert!(plain::sidecar(&mirror.asset("0.2.0", Packing::TarGz)).exists());
}
