//! The life of a mirror: index, withdraw, compare, verify, collect, push.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};

use crate::support::{
    ArtifactKind, Depot, Entry, Packing, Plain, Sandbox, Sums, platform, program,
};

/// Sets the time of every file below a folder to thirty days ago.
fn age(folder: &Path) {
    let aged = Command::new("find")
        .arg(folder)
        .args(["-type", "f", "-exec", "touch", "-d", "30 days ago", "{}", "+"])
        .status();
    assert!(aged.unwrap().success());
}

fn text(folder: &Path) -> &str {
    folder.to_str().unwrap()
}

fn files(folder: &Path) -> Vec<String> {
    let found =
        Command::new("find").current_dir(folder).args([".", "-type", "f"]).output().unwrap();
    let mut files: Vec<String> =
        String::from_utf8(found.stdout).unwrap().lines().map(str::to_owned).collect();
    files.sort();
    files
}

#[test]
fn a_folder_of_assets_gets_an_index() {
    let (sandbox, plain) = (Sandbox::new(), Plain::of(&["0.1.0", "0.2.0"]));
    plain.add("0.3.0", Packing::Bare, &program::small("0.3.0"), Sums::Sidecar);
    let document = sandbox.loom(&["mirror", "index", text(plain.path()), "--json"]).ok().json();
    assert_eq!((&document["releases"], &document["changed"]), (&json!(3), &json!(true)));
    let verified = sandbox.loom(&["mirror", "verify", text(plain.path()), "--json"]).ok().json();
    assert_eq!(verified["sound"], true);
    // The archives stay where they are; nothing of them is copied.
    let archives = files(plain.path()).into_iter().filter(|file| file.ends_with(".tar.gz"));
    assert_eq!(archives.count(), 2);
    // Now the mirror has a list, and both kinds of releases can be had.
    for (version, selector) in [("0.3.0", "latest"), ("0.2.0", "0.2.0")] {
        let get = ["get", "--source", &plain.url(), "--version", selector];
        assert_eq!(sandbox.loom(&get).ok().path(), sandbox.link(version));
    }
    // A further release is found by the next run.
    plain.add("0.4.0", Packing::TarGz, &program::small("0.4.0"), Sums::Sidecar);
    let again = sandbox.loom(&["mirror", "index", text(plain.path()), "--json"]).ok().json();
    assert_eq!((&again["releases"], &again["serial"]), (&json!(4), &json!(2)));
    let same = sandbox.loom(&["mirror", "index", text(plain.path()), "--json"]).ok().json();
    assert_eq!((&same["changed"], &same["serial"]), (&json!(false), &json!(2)));
}

#[test]
fn a_folder_of_other_files_does_not_become_a_mirror() {
    let sandbox = Sandbox::new();
    let notes = sandbox.project().join("notes");
    fs::create_dir(&notes).unwrap();
    fs::write(notes.join("a.txt"), "mine").unwrap();
    let index = ["mirror", "index", text(&notes)];
    sandbox.loom(&index).code(2).says(&["has other files, but no release and no index"]);
    assert!(!notes.join("releases").exists());
    fs::remove_file(notes.join("a.txt")).unwrap();
    sandbox.loom(&index).ok();
}

#[test]
fn a_folder_of_records_gets_an_index() {
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.1.0", "0.2.0"]));
    fs::remove_file(depot.path().join("releases/index.json")).unwrap();
    let index = ["mirror", "index", text(depot.path()), "--json"];
    assert_eq!(sandbox.loom(&index).ok().json()["releases"], 2);
    // A release whose statement is missing is left out, and the rest is indexed.
    let record = format!("releases/loom-os/loom-bridge-server/0.2.0/{}.json", platform());
    let record: Value =
        serde_json::from_slice(&fs::read(depot.path().join(record)).unwrap()).unwrap();
    let statement = record["statement"].as_str().unwrap();
    fs::remove_file(depot.path().join(format!("objects/sha256/{}/{statement}", &statement[..2])))
        .unwrap();
    let run = sandbox.loom(&index).ok().says(&["0.2.0", "its statement is missing"]);
    assert_eq!(run.json()["releases"], 1);
}

#[test]
fn a_withdrawn_version_is_served_and_not_selected() {
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.1.0", "0.2.0"]));
    let yank = ["mirror", "yank", text(depot.path()), "v0.2.0"];
    sandbox.loom(&yank).ok();
    let latest = sandbox.loom(&["get", "--source", &depot.url()]).ok();
    assert_eq!(latest.path(), sandbox.link("0.1.0"));
    sandbox.loom(&["get", "--source", &depot.url(), "--version", "0.2.0"]).ok();
    let undone = sandbox.loom(&[&yank[..], &["--undo", "--json"]].concat()).ok().json();
    assert_eq!((&undone["yanked"], &undone["changed"]), (&json!(false), &json!(true)));
    sandbox.loom(&["mirror", "yank", text(depot.path()), "9.0.0"]).code(3).says(&["lists no"]);
}

#[test]
fn two_mirrors_are_compared() {
    let sandbox = Sandbox::new();
    let (one, other) = (Depot::of(&["0.1.0", "0.2.0"]), Depot::of(&["0.2.0", "0.3.0"]));
    let diff = ["mirror", "diff", text(one.path()), text(other.path()), "--json"];
    let document = sandbox.loom(&diff).code(1).json();
    assert_eq!(document["only_first"][0]["version"], "0.1.0");
    assert_eq!(document["only_second"][0]["version"], "0.3.0");
    assert_eq!((&document["changed"], &document["same"]), (&json!([]), &json!(1)));
    sandbox.loom(&["mirror", "diff", text(one.path()), text(one.path())]).ok();
    // A mirror without an index cannot be compared; the hint names the command that writes one.
    let plain = Plain::of(&["0.1.0"]);
    let diff = ["mirror", "diff", text(one.path()), text(plain.path())];
    sandbox.loom(&diff).code(3).says(&["has no releases/index.json", "loom mirror index"]);
}

#[test]
fn every_file_is_verified() {
    let (sandbox, depot) = (Sandbox::new(), Depot::empty());
    let entries = Entry::program(&program::small("0.2.0"));
    depot.add("0.2.0", &entries, &[ArtifactKind::Archive(Packing::TarZst), ArtifactKind::Loose]);
    let verify = ["mirror", "verify", text(depot.path()), "--json"];
    assert_eq!(sandbox.loom(&verify).ok().json()["releases"][0]["complete"], true);
    for file in files(depot.path()) {
        let path = depot.path().join(&file);
        let bytes = fs::read(&path).unwrap();
        if file == "./format" {
            continue;
        }
        let is_index = file.ends_with("index.json");
        let mut wrong = bytes.clone();
        *wrong.last_mut().unwrap() ^= 1;
        fs::write(&path, &wrong).unwrap();
        let run = sandbox.loom(&verify);
        // Without its last byte, the line feed, a document may say the same.
        let is_document = file.ends_with(".json");
        assert!(run.exit() == 6 || is_document, "{file}: {}", run.stdout());
        fs::remove_file(&path).unwrap();
        let run = sandbox.loom(&verify).code(3);
        if !is_index {
            let document = run.json();
            assert_eq!(document["releases"][0]["complete"], false, "{file}");
            assert_eq!(document["findings"][0]["missing"], true, "{file}");
        }
        fs::write(&path, bytes).unwrap();
    }
}

#[test]
fn what_no_index_names_is_collected_after_a_week() {
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.1.0", "0.2.0"]));
    let path = text(depot.path());
    depot.put("objects/sha256/ab/abandoned", b"left by a push that broke off");
    let gc = ["mirror", "gc", path, "--json"];
    let young = sandbox.loom(&gc).ok().json();
    assert_eq!((&young["files"], &young["young"]), (&json!([]), &json!(1)));
    // 0.1.0 leaves the index; what it had stays as long as a former index of the last week names it.
    sandbox.loom(&["mirror", "sync", "--from", path, "--to", path, "--keep", "1"]).ok();
    age(depot.path());
    let history = depot.path().join("releases/history");
    let former = history.join(&crate::support::sandbox::names(&history)[0]);
    fs::write(&former, fs::read(&former).unwrap()).unwrap();
    let dry = sandbox.loom(&[&gc[..], &["--dry-run"]].concat()).ok().json();
    assert_eq!(dry["files"], json!(["objects/sha256/ab/abandoned"]));
    assert!(depot.path().join("objects/sha256/ab/abandoned").exists());
    sandbox.loom(&gc).ok();
    assert!(!depot.path().join("objects/sha256/ab/abandoned").exists());
    sandbox.loom(&["get", "--source", &depot.url(), "--version", "0.1.0"]).ok();
    // A week later it goes, and the other version stays whole.
    age(depot.path());
    let collected = sandbox.loom(&gc).ok().json();
    assert!(collected["files"].as_array().unwrap().len() >= 4, "{collected}");
    assert_eq!(sandbox.loom(&["mirror", "verify", path, "--json"]).ok().json()["sound"], true);
}

#[test]
fn installed_releases_are_pushed() {
    let (sandbox, plain) = (Sandbox::new(), Plain::of(&["0.1.0", "0.2.0"]));
    for version in ["0.1.0", "0.2.0"] {
        sandbox.loom(&["get", "--source", &plain.url(), "--version", version]).ok();
    }
    let mirror = sandbox.folder("mirror");
    let push = ["mirror", "push", "--to", text(&mirror), "loom-bridge-server"];
    let one = sandbox.loom(&[&push[..], &["0.2.0", "--json"]].concat()).ok().json();
    assert_eq!(one["copied"].as_array().unwrap().len(), 1);
    let all = sandbox.loom(&[&push[..], &["--json"]].concat()).ok().json();
    assert_eq!((&all["releases"], &all["serial"]), (&json!(2), &json!(2)));
    let same = sandbox.loom(&[&push[..], &["--json"]].concat()).ok().json();
    assert_eq!(same["changed"], false);
    sandbox.loom(&["mirror", "verify", text(&mirror)]).ok();
    let other = Sandbox::new();
    let url = format!("file://{}", mirror.display());
    assert_eq!(other.loom(&["get", "--source", &url]).ok().path(), other.link("0.2.0"));
    // Neither a development build nor what is not here; and a release never changes.
    sandbox.loom(&[&push[..], &["dev"]].concat()).code(2).says(&["never put into a mirror"]);
    sandbox.loom(&[&push[..], &["7.0.0"]].concat()).code(3).says(&["loom get 7.0.0"]);
    let changed = Depot::empty();
    let entries = Entry::program(&program::small("another program"));
    changed.add("0.2.0", &entries, &[ArtifactKind::Archive(Packing::TarGz)]);
    sandbox
        .loom(&["mirror", "push", "--to", text(changed.path()), "loom-bridge-server", "0.2.0"])
        .code(6)
        .says(&["has the statement", "a published release never changes"]);
    sandbox.loom(&["mirror", "push", "--to", "https://h.example/m"]).code(2);
}
