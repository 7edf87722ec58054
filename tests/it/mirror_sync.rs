//! Copies of releases into a mirror: selected, byte for byte, continued, and what is wrong.

use std::{fs, path::Path};

use serde_json::json;

use crate::support::{
    ArtifactKind, Depot, Entry, Hub, Nginx, Packing, Plain, Sandbox, Server, Sums, plain, program,
};

fn sync<'a>(from: &'a str, to: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
    let head = ["mirror", "sync", "--from", from, "--to", to.to_str().unwrap(), "--json"];
    [&head[..], more].concat()
}

#[test]
fn a_mirror_is_copied_byte_for_byte() {
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.1.0", "0.2.0"]));
    let entries = Entry::program(&program::small("0.3.0"));
    depot.add("0.3.0", &entries, &[ArtifactKind::Archive(Packing::TarZst), ArtifactKind::Loose]);
    depot.yank("0.1.0");
    let copy = sandbox.folder("copy");
    let document = sandbox.loom(&sync(&depot.url(), &copy, &[])).ok().json();
    assert_eq!((&document["releases"], &document["failed"]), (&json!(3), &json!([])));
    for folder in ["objects", "releases/loom-os", "store"] {
        let compared = std::process::Command::new("diff")
            .arg("-r")
            .args([depot.path().join(folder), copy.join(folder)])
            .output();
        let text = String::from_utf8(compared.unwrap().stdout).unwrap();
        // The listing of a tree that travels as an archive is not needed.
        let only_there = format!("Only in {}", depot.path().display());
        let wrong: Vec<&str> = text.lines().filter(|line| !line.starts_with(&only_there)).collect();
        assert!(wrong.is_empty(), "{folder}: {wrong:?}");
    }
    sandbox.loom(&["mirror", "diff", &depot.url(), copy.to_str().unwrap()]).ok();
    sandbox.loom(&["mirror", "verify", copy.to_str().unwrap()]).ok();
    // What the source withdraws is withdrawn here, too.
    depot.yank("0.2.0");
    assert_eq!(sandbox.loom(&sync(&depot.url(), &copy, &[])).ok().json()["changed"], true);
    sandbox.loom(&["mirror", "diff", &depot.url(), copy.to_str().unwrap()]).ok();
}

#[test]
fn versions_are_selected_and_kept() {
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.1.0", "0.2.0", "0.3.0", "0.4.0"]));
    let copy = sandbox.folder("copy");
    let count = |more: &[&str]| sandbox.loom(&sync(&depot.url(), &copy, more)).ok().json();
    assert_eq!(count(&["--version", ">=0.2, <0.4"])["releases"], 2);
    assert_eq!(count(&["--platform", "windows-x86_64"])["changed"], false);
    assert_eq!(count(&["--binary", "another"])["changed"], false);
    // 0.4.0 is new, and only the newest two stay.
    let kept = count(&["--keep", "2"]);
    assert_eq!((&kept["releases"], kept["copied"].as_array().unwrap().len()), (&json!(2), 1));
}

#[test]
fn a_source_without_statements_is_unpacked() {
    let (sandbox, hub) = (Sandbox::new(), Hub::of(&["0.1.0", "0.2.0"]));
    hub.configure(&sandbox, "");
    let (from_hub, from_folder) = (sandbox.folder("from-hub"), sandbox.folder("from-folder"));
    let document = sandbox.loom(&sync("hub", &from_hub, &[])).ok().json();
    assert_eq!(document["copied"].as_array().unwrap().len(), 2, "{document}");
    let plain = Plain::of(&["0.1.0", "0.2.0"]);
    sandbox.loom(&sync(&plain.url(), &from_folder, &[])).ok();
    for mirror in [&from_hub, &from_folder] {
        sandbox.loom(&["mirror", "verify", mirror.to_str().unwrap()]).ok();
        let other = Sandbox::new();
        let url = format!("file://{}", mirror.display());
        assert_eq!(other.loom(&["get", "--source", &url]).ok().path(), other.link("0.2.0"));
    }
    // The next run copies nothing, and nothing is left of the first one.
    assert_eq!(sandbox.loom(&sync("hub", &from_hub, &[])).ok().json()["changed"], false);
    // What has no checksum is not believed here either.
    plain.add("0.3.0", Packing::TarGz, &program::small("0.3.0"), Sums::None);
    let failed = sandbox.loom(&sync(&plain.url(), &from_folder, &[])).code(6).json();
    assert_eq!(failed["failed"][0]["version"], "0.3.0");
}

#[test]
fn a_source_that_cannot_list_has_the_versions_that_are_named() {
    let (sandbox, releases) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let server = Server::serve(Path::new(releases.url().strip_prefix("file://").unwrap()));
    let copy = sandbox.folder("copy");
    let url = server.url();
    let all = sync(&url, &copy, &[]);
    let refused = sandbox.loom(&all).code(3).stdout();
    assert!(refused.contains("--version"), "{refused}");
    let named = [&all[..], &["--version", "0.2.0"]].concat();
    assert_eq!(sandbox.loom(&named).ok().json()["copied"].as_array().unwrap().len(), 1);
    sandbox.loom(&[&all[..], &["--version", ">=0.2"]].concat()).code(3);
}

#[test]
fn wrong_bytes_are_not_copied_and_do_not_keep_the_others() {
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.1.0", "0.2.0"]));
    let entries = Entry::program(&program::large("0.3.0", 1 << 16));
    let wrong = depot.add("0.3.0", &entries, &[ArtifactKind::Archive(Packing::TarGz)]);
    plain::flip(&depot.path().join(wrong.archive_path()));
    let copy = sandbox.folder("copy");
    let document = sandbox.loom(&sync(&depot.url(), &copy, &[])).code(6).json();
    assert_eq!(document["releases"], 2);
    assert_eq!(document["failed"][0]["version"], "0.3.0");
    assert!(
        document["failed"][0]["error"]["message"].as_str().unwrap().contains("checksum mismatch")
    );
    assert!(!copy.join(wrong.archive_path()).exists());
    sandbox.loom(&["mirror", "verify", copy.to_str().unwrap()]).ok();
}

#[test]
fn a_copy_that_breaks_off_is_continued() {
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.1.0"]));
    let nginx = Nginx::serve(depot.path(), "limit_rate 300k;");
    let copy = sandbox.folder("copy");
    sandbox.loom(&sync(&nginx.url(), &copy, &[])).ok();
    let index = fs::read(copy.join("releases/index.json")).unwrap();
    let mut archives = Vec::new();
    for version in ["0.2.0", "0.3.0", "0.4.0", "0.5.0", "0.6.0", "0.7.0"] {
        let entries = Entry::program(&program::large(version, 400 << 10));
        let added = depot.add(version, &entries, &[ArtifactKind::Archive(Packing::TarGz)]);
        archives.push(added.archive_path());
    }
    let running = sandbox.spawn(&sync(&nginx.url(), &copy, &[]));
    let done = || archives.iter().filter(|path| copy.join(path).exists()).count();
    crate::support::until("some archives are there", || done() >= 2);
    running.kill();
    // The old index is valid, and what is there is whole.
    let kept: Vec<&String> = archives.iter().filter(|path| copy.join(path).exists()).collect();
    assert!(!kept.is_empty() && kept.len() < archives.len(), "{kept:?}");
    assert_eq!(fs::read(copy.join("releases/index.json")).unwrap(), index);
    sandbox.loom(&["mirror", "verify", copy.to_str().unwrap()]).ok();
    let before = nginx.log().len();
    sandbox.loom(&sync(&nginx.url(), &copy, &[])).ok();
    let requests = nginx.log().split_off(before);
    for path in kept {
        assert!(!requests.iter().any(|line| line.contains(path.as_str())), "{path}: {requests:?}");
    }
    sandbox.loom(&["mirror", "diff", &depot.url(), copy.to_str().unwrap()]).ok();
    sandbox.loom(&["mirror", "verify", copy.to_str().unwrap()]).ok();
}
