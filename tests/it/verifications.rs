//! An installed version is accepted by its verification, never by its receipt.

use std::{fs, path::PathBuf};

use serde_json::Value;

use crate::support::{self, BINARY, Packing, Plain, Sandbox, Server, Stage, Sums, program};

fn verification(sandbox: &Sandbox, version: &str) -> PathBuf {
    let below = format!("verifications/loom-os/{BINARY}/{version}/{}.json", support::platform());
    sandbox.cache().join(below)
}

/// A sandbox with these versions installed, and their mirror.
fn installed(versions: &[&str]) -> (Sandbox, Plain) {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(versions));
    for version in versions {
        sandbox.loom(&["get", "--source", &mirror.url(), "--version", version]).ok();
    }
    (sandbox, mirror)
}

/// All commands that may read a release, in an order in which each has an effect.
fn commands(url: &str) -> Vec<Vec<&str>> {
    let source = ["--source", url];
    let with = |args: &[&'static str]| [args, &source].concat();
    vec![
        vec!["which"],
        vec!["which", "--version", "0.2.0"],
        vec!["which", "--version", "0.9.0"],
        vec!["get", "--offline", "--version", "0.2.0"],
        vec!["get", "--offline", "--version", "^0.1"],
        vec!["get", "--offline", "--version", "0.9.0"],
        with(&["get"]),
        with(&["get", "--version", "0.9.0"]),
        with(&["get", "--version", "0.2.0", "--force-download"]),
        vec!["why"],
        vec!["why", "0.1.0"],
        vec!["why", "0.8.0"],
        vec!["why", "0.9.0"],
        vec!["list"],
        with(&["list", "--remote"]),
        vec!["store", "verify"],
        vec!["store", "du"],
        vec!["store", "path", "--version", "0.2.0"],
        vec!["source", "list"],
        with(&["source", "test"]),
        vec!["use", "0.2.0"],
        vec!["doctor"],
        vec!["config", "show"],
        vec!["env"],
        with(&["up", "--detach", "--mode", "bridge-only", "--bridge-port", "0"]),
        vec!["status"],
        vec!["env"],
        vec!["logs"],
        vec!["restart"],
        vec!["remove", "0.2.0"],
        vec!["down"],
        with(&["exec", "--mode", "bridge-only", "--", "true"]),
        vec!["remove", "0.1.0"],
        vec!["remove", "0.1.0"],
        vec!["which", "--version", "0.1.0"],
    ]
}

#[test]
fn deleting_receipts_changes_no_exit_code() {
    let stage = || {
        let stage = Stage::with("0.1.0", &program::small("0.1.0"));
        stage.add("0.2.0", &program::server());
        for version in ["0.1.0", "0.2.0"] {
            let url = stage.mirror.url();
            stage.sandbox.loom(&["get", "--source", &url, "--version", version]).ok();
        }
        stage
    };
    let (with, without) = (stage(), stage());
    let receipts = without.sandbox.cache().join("receipts");
    let url = [with.mirror.url(), without.mirror.url()];
    for (one, other) in commands(&url[0]).into_iter().zip(commands(&url[1])) {
        // Commands that fetch write new receipts.
        let _ = fs::remove_dir_all(&receipts);
        let expected = with.sandbox.loom(&one);
        let run = without.sandbox.loom(&other);
        assert_eq!(run.exit(), expected.exit(), "{other:?}: {}{}", run.stdout(), run.stderr());
    }
}

#[test]
fn without_links_and_receipts_releases_are_found_again() {
    let (sandbox, _mirror) = installed(&["0.2.0"]);
    for folder in ["receipts", "bin"] {
        fs::remove_dir_all(sandbox.cache().join(folder)).unwrap();
    }
    sandbox.loom(&["which", "--version", "0.2.0"]).code(3);
    let why = sandbox.loom(&["why", "0.2.0"]).ok().stdout();
    assert!(why.contains("its link is missing"), "{why}");
    sandbox.loom(&["get", "--offline", "--version", "0.2.0"]).ok();
    sandbox.verify();
}

#[test]
fn a_missing_verification_is_reported_by_which_and_restored_by_get() {
    let (sandbox, _mirror) = installed(&["0.2.0"]);
    let path = verification(&sandbox, "0.2.0");
    fs::remove_file(&path).unwrap();
    let before = sandbox.files("");
    for args in [&["which", "--version", "0.2.0"][..], &["which"], &["which", "--version", "0.2"]] {
        let run = sandbox.loom(args).code(6);
        run.says(&["is here, but its verification is missing", "loom get 0.2.0"]);
    }
    assert_eq!(sandbox.files(""), before, "which only reads");
    let why = sandbox.loom(&["why", "0.2.0", "--json"]).ok().json();
    assert_eq!(why["accepted"], false);
    assert_eq!(why["refused"], "its verification is missing");
    let run = sandbox.loom(&["get", "--offline", "--version", "0.2.0"]).ok();
    run.says(&["it was verified again"]);
    sandbox.loom(&["which", "--version", "0.2.0"]).ok();
    let document: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(document["digests"][0]["by"], "first-seen");
    sandbox.verify();
}

#[test]
fn up_restores_a_missing_verification() {
    let stage = Stage::new();
    stage.up();
    stage.sandbox.loom(&["down"]).ok();
    fs::remove_dir_all(stage.sandbox.cache().join("verifications")).unwrap();
    stage.run("up", &["--detach", "--offline"]).ok().says(&["it was verified again"]);
}

#[test]
fn without_kept_digests_the_release_is_fetched_or_the_reason_given() {
    let (sandbox, mirror) = installed(&["0.2.0"]);
    sandbox.sources(&[("https://mirror.invalid/loom/", "")]);
    fs::remove_file(verification(&sandbox, "0.2.0")).unwrap();
    fs::remove_dir_all(sandbox.state().join("pins")).unwrap();
    let offline = ["get", "--offline", "--version", "0.2.0"];
    sandbox.loom(&offline).code(7).says(&["is here, but its verification is missing"]);
    let server = Server::serve(mirror.path());
    let get = ["get", "--version", "0.2.0", "--source", &server.url()];
    sandbox.loom(&get).ok().says(&["its verification is missing; fetching it again"]);
    assert_eq!(server.gets(".tar.gz"), 1);
    sandbox.loom(&offline).ok();
}

#[test]
fn each_changed_field_is_detected() {
    let (sandbox, _mirror) = installed(&["0.1.0", "0.2.0"]);
    let path = verification(&sandbox, "0.2.0");
    let bytes = fs::read(&path).unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let other: Value =
        serde_json::from_slice(&fs::read(verification(&sandbox, "0.1.0")).unwrap()).unwrap();
    let fields = document.as_object().unwrap();
    let expected = [
        "authority",
        "binary",
        "class",
        "digests",
        "evidence",
        "platform",
        "schema",
        "self",
        "slot",
        "source",
        "statement",
        "tree",
    ];
    let names: Vec<&str> = fields.keys().map(String::as_str).collect();
    assert_eq!(names, expected);
    let mut changes: Vec<(String, String)> = Vec::new();
    for (name, value) in fields {
        changes.push(match value {
            Value::String(_) => (value.to_string(), format!("\"{name}\"")),
            _ => (format!("\"{name}\":["), format!("\"{name}\":[],\"x\":[")),
        });
    }
    let mut change = |from: &Value, to: &str| {
        changes.push((from.to_string(), to.to_owned()));
    };
    // Values of another release, each of them valid.
    for name in ["slot", "tree", "statement", "self"] {
        change(&document[name], &other[name].to_string());
    }
    for (name, value) in document["digests"][0].as_object().unwrap() {
        change(value, &format!("\"{name}\""));
    }
    change(&document["digests"][0]["grade"], "\"identity\"");
    change(&document["digests"][0]["digest"], &other["digests"][0]["digest"].to_string());
    for (from, to) in changes {
        let changed = text.replacen(&from, &to, 1);
        assert_ne!(changed, text, "{from} in {text}");
        fs::write(&path, changed).unwrap();
        let run = sandbox.loom(&["which", "--version", "0.2.0"]);
        assert_eq!(run.exit(), 6, "{from} -> {to}: {}", run.stdout());
        assert!(run.stderr().contains("its verification is"), "{from} -> {to}: {}", run.stderr());
    }
    fs::write(&path, bytes).unwrap();
    sandbox.loom(&["which", "--version", "0.2.0"]).ok();
}

#[test]
fn an_unverified_release_cannot_be_accepted_by_editing() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
    mirror.add("0.2.0", Packing::TarGz, &program::small("0.2.0"), Sums::None);
    let get = ["get", "--source", &mirror.url(), "--version", "0.2.0", "--allow-unverified"];
    sandbox.loom(&get).ok();
    sandbox.loom(&["which", "--version", "0.2.0"]).code(6);
    let receipt = PathBuf::from(
        verification(&sandbox, "0.2.0").to_str().unwrap().replace("verifications", "receipts"),
    );
    let text = fs::read_to_string(&receipt).unwrap();
    let mut document: Value = serde_json::from_str(&text).unwrap();
    document["grade"] = "identity".into();
    fs::write(&receipt, document.to_string()).unwrap();
    sandbox.loom(&["which", "--version", "0.2.0"]).code(6);
    let path = verification(&sandbox, "0.2.0");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("\"digests\":[]"), "{text}");
    let digest = format!(
        r#""digests":[{{"of":"archive","digest":"{}","by":"given","at":"x","grade":"identity"}}]"#,
        support::sha256(b"x")
    );
    fs::write(&path, text.replace("\"digests\":[]", &digest)).unwrap();
    sandbox.loom(&["which", "--version", "0.2.0"]).code(6).says(&["its verification is damaged"]);
}

#[test]
fn a_copied_verification_is_detected() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
    // Two versions of one tree: only the release differs.
    for (version, sums) in [("0.1.0", Sums::Sidecar), ("0.2.0", Sums::None)] {
        mirror.add(version, Packing::TarGz, &program::small("either"), sums);
        let get = ["get", "--source", &mirror.url(), "--version", version, "--allow-unverified"];
        sandbox.loom(&get).ok();
    }
    assert_eq!(sandbox.trees().len(), 1);
    fs::copy(verification(&sandbox, "0.1.0"), verification(&sandbox, "0.2.0")).unwrap();
    let run = sandbox.loom(&["which", "--version", "0.2.0"]).code(6);
    run.says(&["it is the verification of", "0.1.0"]);
    let found = sandbox.loom(&["store", "verify"]).code(6).stdout();
    assert!(found.contains("1 problem found") && found.contains("0.2.0"), "{found}");
    // A release that was accepted without a checksum is not verified again.
    sandbox.loom(&["get", "--offline", "--version", "0.2.0"]).code(7);
    sandbox.loom(&["which", "--version", "0.2.0"]).code(6);
}

#[test]
fn development_builds_have_no_verification() {
    let (sandbox, mirror) = installed(&["0.2.0"]);
    let checkout = sandbox.folder("loom");
    fs::create_dir_all(checkout.join("runtime/bridge")).unwrap();
    fs::create_dir_all(checkout.join("target/debug")).unwrap();
    fs::write(checkout.join("Cargo.toml"), "[workspace]\nmembers = [\"runtime/bridge\"]\n")
        .unwrap();
    let manifest = "[package]\nname = \"loom-bridge\"\nversion = \"0.2.0\"\n";
    fs::write(checkout.join("runtime/bridge/Cargo.toml"), manifest).unwrap();
    let build = checkout.join("target/debug").join(BINARY);
    fs::copy(sandbox.link("0.2.0"), &build).unwrap();
    let source = format!("target:{}", checkout.display());
    sandbox.loom(&["get", "--source", &source, "--version", "dev"]).ok();
    sandbox.loom(&["which", "--version", "dev"]).ok();
    assert!(!verification(&sandbox, "dev").exists());
    fs::remove_dir_all(sandbox.cache().join("receipts")).unwrap();
    sandbox.loom(&["get", "--source", &source, "--version", "dev"]).ok();
    sandbox.loom(&["which", "--version", "dev"]).ok();
    let document = sandbox.loom(&["why", "dev", "--json"]).ok().json();
    assert_eq!(document["receipt"]["origin"], "build");
    assert_eq!(document["receipt"]["waiver"], "workspace");
    drop(mirror);
}

#[test]
fn the_class_of_the_source_is_recorded() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.1.0", "0.2.0"]));
    let server = Server::serve(mirror.path());
    let file = mirror.asset("0.2.0", Packing::TarGz);
    let digest = support::sha256(&fs::read(&file).unwrap());
    let class = |version: &str| {
        let document = sandbox.loom(&["why", version, "--json"]).ok().json();
        assert_eq!(document["receipt"]["origin"], document["verification"]["class"]);
        document["verification"]["class"].as_str().unwrap().to_owned()
    };
    sandbox.loom(&["get", "--version", "0.1.0", "--source", &server.url()]).ok();
    assert_eq!(class("0.1.0"), "mirror");
    sandbox.loom(&["get", "--version", "0.2.0", "--source", &mirror.url()]).ok();
    assert_eq!(class("0.2.0"), "file");
    sandbox.loom(&["remove", "0.2.0"]).ok();
    let file = file.to_str().unwrap();
    sandbox.loom(&["store", "add", file, "--version", "0.2.0", "--sha256", &digest]).ok();
    assert_eq!(class("0.2.0"), "file");
    let hub = support::Hub::of(&["0.2.0"]);
    let sandbox = hub.sandbox();
    sandbox.loom(&["get", "--version", "0.2.0"]).ok();
    let document = sandbox.loom(&["why", "0.2.0", "--json"]).ok().json();
    assert_eq!(document["verification"]["class"], "github");
    assert_eq!(document["receipt"]["origin"], "github");
}

#[test]
fn a_checksum_is_kept_beside_the_first_seen_digest() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
    mirror.add("0.2.0", Packing::Bare, &program::small("0.2.0"), Sums::Sidecar);
    let get = ["get", "0.2.0", "--source", &mirror.url()];
    sandbox.loom(&get).ok();
    // The first-seen digest stays.
    sandbox.loom(&["remove", "0.2.0"]).ok();
    sandbox.loom(&get).ok();
    let path = verification(&sandbox, "0.2.0");
    let document: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(document["digests"][0]["by"], "first-seen");
    assert_eq!(document["evidence"].as_array().unwrap().len(), 1, "{document}");
    fs::remove_file(path).unwrap();
    fs::remove_dir_all(sandbox.state().join("pins")).unwrap();
    sandbox.loom(&["get", "--offline", "0.2.0"]).ok().says(&["it was verified again"]);
    sandbox.verify();
}
