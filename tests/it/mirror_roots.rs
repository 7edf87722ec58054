//! Signed mirrors from the administrator's side: keys, roots with several holders, timestamps.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use serde_json::json;

use crate::support::{Depot, Sandbox};

/// A signed mirror with one release, in the folder `mirror` beside the folder `keys`.
struct SignedFolder {
    sandbox: Sandbox,
    depot: Depot,
    sha256: String,
}

impl SignedFolder {
    fn new(more: &[&str]) -> Self {
        Self::of(&["0.1.0"], more)
    }

    fn of(versions: &[&str], more: &[&str]) -> Self {
        let (sandbox, depot) = (Sandbox::new(), Depot::of(versions));
        let init = ["mirror", "init", "--to", "./mirror", "--keys", "keys", "--json"];
        let document = sandbox.loom(&[&init[..], more].concat()).ok().json();
        let sha256 = document["sha256"].as_str().unwrap().to_owned();
        Self { sandbox, depot, sha256 }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.sandbox.project().join(name)
    }

    fn run(&self, args: &[&str]) -> crate::support::Run {
        self.sandbox.loom(args)
    }

    fn sync(&self, keys: &[&str]) -> crate::support::Run {
        let mut args = vec!["mirror", "sync", "--from", self.depot.path().to_str().unwrap()];
        args.extend(["--to", "./mirror"]);
        for key in keys {
            args.extend(["--key", key]);
        }
        self.run(&args)
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn keys_are_private_and_readers_verify_the_mirror() {
    let signed = SignedFolder::new(&[]);
    for key in ["root", "index"] {
        assert_eq!(mode(&signed.path(&format!("keys/{key}.pem"))), 0o600, "{key}");
    }
    // A second root is not made, and without a key nothing is written.
    signed
        .run(&["mirror", "init", "--to", "./mirror", "--keys", "others"])
        .code(2)
        .says(&["root new"]);
    signed.sync(&[]).code(2).says(&["--key"]);
    signed.sync(&["keys/root.pem"]).code(2);
    signed.sync(&["keys/index.pem"]).ok();
    let verified = signed.run(&["mirror", "verify", "./mirror", "--json"]).ok().json();
    assert_eq!(verified["signed"]["root"], 1);
    // A reader that has the root accepts the mirror, and nothing that is changed in it.
    let reader = Sandbox::new();
    let mirror = signed.path("mirror");
    reader.sources(&[(&format!("file://{}", mirror.display()), "name = \"corp\"")]);
    let root = mirror.join("root/1.json");
    let add = ["trust", "add-root", root.to_str().unwrap(), "--sha256", &signed.sha256];
    reader.loom(&[&add[..], &["--source", "corp"]].concat()).ok();
    reader.loom(&["get"]).ok();
    let index = mirror.join("releases/index.json");
    let text = fs::read_to_string(&index).unwrap();
    fs::write(&index, text.replace("0.1.0", "0.1.1")).unwrap();
    assert_eq!(signed.run(&["mirror", "verify", "./mirror"]).exit(), 6);
    // A copy of the mirror is made by a reader that has the root, and of the changed one is none.
    let sync = ["mirror", "sync", "--from", "corp", "--to", "./copy"];
    assert_ne!(reader.loom(&sync).exit(), 0);
    fs::write(&index, text).unwrap();
    reader.loom(&sync).ok();
}

#[test]
fn a_root_changes_with_the_signatures_of_its_holders() {
    let signed = SignedFolder::new(&["--root-keys", "2", "--root-threshold", "2"]);
    signed.sync(&["keys/index.pem"]).ok();
    let genpkey = Command::new("openssl")
        .args(["genpkey", "-algorithm", "ed25519", "-out"])
        .arg(signed.path("new.pem"))
        .status();
    assert!(genpkey.unwrap().success());
    let public = Command::new("openssl")
        .args(["pkey", "-pubout", "-in"])
        .arg(signed.path("new.pem"))
        .arg("-out")
        .arg(signed.path("new.pub"))
        .status();
    assert!(public.unwrap().success());
    let roles =
        signed.run(&["mirror", "root", "new", "./mirror", "--to", "first", "--json"]).ok().json();
    let old = roles["roles"]["index"]["keys"][0].as_str().unwrap()[..12].to_owned();
    let (add, remove) = ("index=new.pub".to_owned(), format!("index={old}"));
    signed
        .run(&[
            "mirror", "root", "new", "./mirror", "--to", "draft", "--add", &add, "--remove",
            &remove,
        ])
        .ok();
    let publish = ["mirror", "root", "publish", "draft", "--to", "./mirror"];
    signed.run(&publish).code(6).says(&["expected signatures of 2 of the 2 keys"]);
    signed.run(&["mirror", "root", "sign", "draft", "--key", "keys/root-1.pem"]).ok();
    signed.run(&publish).code(6);
    signed.run(&["mirror", "root", "sign", "draft", "--key", "keys/root-2.pem"]).ok();
    let published = signed.run(&[&publish[..], &["--json"]].concat()).ok().json();
    assert_eq!(published["root"], 2);
    signed.run(&publish).code(6);
    // The index is issued under the new root, by the new key only.
    let refresh = ["mirror", "index", "./mirror", "--refresh", "--key"];
    signed.run(&[&refresh[..], &["keys/index.pem"]].concat()).code(2);
    signed.run(&[&refresh[..], &["new.pem"]].concat()).ok();
    let verified = signed.run(&["mirror", "verify", "./mirror", "--json"]).ok().json();
    assert_eq!(verified["signed"]["root"], 2);
}

#[test]
fn the_key_of_the_timestamp_keeps_an_index_valid_and_adds_nothing() {
    let signed = SignedFolder::new(&["--timestamp"]);
    signed.sync(&["keys/index.pem"]).code(2).says(&["the timestamp is signed by"]);
    signed.sync(&["keys/index.pem", "keys/timestamp.pem"]).ok();
    let stamp = || fs::read(signed.path("mirror/releases/timestamp.json")).unwrap();
    let index = || fs::read(signed.path("mirror/releases/index.json")).unwrap();
    let before = (stamp(), index());
    let refresh = ["mirror", "index", "./mirror", "--refresh", "--key", "keys/timestamp.pem"];
    signed.run(&[&refresh[..], &["--expires", "2d"]].concat()).ok();
    assert_ne!(stamp(), before.0);
    assert_eq!(index(), before.1);
    let verified = signed.run(&["mirror", "verify", "./mirror", "--json"]).ok().json();
    assert_eq!((&verified["sound"], &verified["serial"]), (&json!(true), &json!(2)));
    signed.run(&["mirror", "yank", "./mirror", "0.1.0", "--key", "keys/timestamp.pem"]).code(2);
    // Another authority needs a root that names it.
    signed.run(&["mirror", "root", "publish", "keys/root.pem", "--to", "./mirror"]).code(2);
}

#[test]
fn a_withdrawn_version_gives_way_to_the_one_before_it() {
    let signed = SignedFolder::of(&["0.1.0", "0.2.0"], &[]);
    signed.sync(&["keys/index.pem"]).ok();
    let root = signed.path("mirror").join("root/1.json");
    let mirror = format!("file://{}", signed.path("mirror").display());
    signed.sandbox.write("loom.toml", &format!("sources = [\"{mirror}\"]\n"));
    signed.run(&["trust"]).ok();
    signed.run(&["trust", "add-root", root.to_str().unwrap(), "--sha256", &signed.sha256]).ok();
    assert_eq!(signed.run(&["get"]).ok().path(), signed.sandbox.link("0.2.0"));
    // An index that only leaves the version out is refused as before, one that withdraws it is followed.
    let index = ["mirror", "yank", "./mirror", "0.2.0", "--key", "keys/index.pem"];
    signed.run(&index).ok();
    assert_eq!(signed.run(&["get"]).ok().path(), signed.sandbox.link("0.1.0"));
    assert_eq!(signed.run(&["get", "latest"]).ok().path(), signed.sandbox.link("0.1.0"));
    // It is the newest from now on.
    signed.run(&[&index[..], &["--undo"]].concat()).ok();
    assert_eq!(signed.run(&["get"]).ok().path(), signed.sandbox.link("0.2.0"));
}

#[test]
fn an_unsigned_index_that_withdraws_the_newest_version_is_suspicious() {
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.1.0", "0.2.0"]));
    sandbox.loom(&["get", "--source", &depot.url()]).ok();
    sandbox.loom(&["mirror", "yank", depot.path().to_str().unwrap(), "0.2.0"]).ok();
    sandbox.loom(&["get", "--source", &depot.url()]).code(6).says(&["--allow-downgrade"]);
}

#[test]
fn verify_says_whether_the_root_is_known_and_follows_only_from_the_known_one() {
    let signed = SignedFolder::new(&[]);
    signed.sync(&["keys/index.pem"]).ok();
    let mirror = signed.path("mirror");
    let url = format!("file://{}", mirror.display());
    let verify = ["mirror", "verify", &url, "--json"];
    let run = signed.run(&verify).ok().says(&["no root of this mirror is known", "add-root"]);
    assert_eq!(run.json()["signed"]["known"], false);
    let root = mirror.join("root/1.json");
    let add = ["trust", "add-root", root.to_str().unwrap(), "--sha256", &signed.sha256];
    signed.run(&[&add[..], &["--source", &url]].concat()).ok();
    let run = signed.run(&verify).ok();
    assert_eq!(run.json()["signed"]["known"], true);
    assert!(!run.stderr().contains("no root of this mirror"), "{}", run.stderr());
    // A complete mirror with another root.
    let own = fs::read(&root).unwrap();
    fs::rename(&mirror, signed.path("former")).unwrap();
    signed.run(&["mirror", "init", "--to", "./mirror", "--keys", "others"]).ok();
    signed.sync(&["others/index.pem"]).ok();
    let other = signed.run(&verify).code(6).json();
    assert_eq!(other["signed"], json!(null));
    assert_eq!(other["findings"][0]["path"], "root/1.json");
    assert_eq!(other["findings"].as_array().unwrap().len(), 1, "{other}");
    // Its first root is the one that is known, and its index is signed by another key.
    fs::write(&root, own).unwrap();
    let mixed = signed.run(&verify).code(6).json();
    assert_eq!(mixed["findings"][0]["path"], "releases/index.json");
    // Without roots, it is no mirror without signatures.
    fs::remove_dir_all(mirror.join("root")).unwrap();
    signed.run(&verify).code(6);
}
