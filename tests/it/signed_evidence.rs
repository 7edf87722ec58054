//! What is kept of signatures: it is checked again, travels with a store, and explains why a version is accepted.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::support::{
    BINARY, Packing, Plain, Sandbox, Sums, platform, program, sha256,
    signer::{Signer, beside, required, trust},
};

const GET: [&str; 3] = ["get", "--version", "0.2.0"];
const WHICH: [&str; 3] = ["which", "--version", "0.2.0"];

/// A mirror with a release, and the path of its asset.
fn mirror(sums: Sums) -> (Plain, PathBuf) {
    let mirror = Plain::empty();
    let asset = mirror.add("0.2.0", Packing::TarGz, &program::small("0.2.0"), sums);
    (mirror, asset)
}

/// The objects of a store with these bytes changed at the first, middle or last position.
fn change(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    let at = [0, bytes.len() / 2, bytes.len() - 1][at];
    bytes[at] ^= 1;
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

#[test]
fn kept_evidence_is_checked_again_without_a_network() {
    let signer = Signer::new();
    for sums in [Sums::None, Sums::File] {
        let (mirror, asset) = mirror(sums);
        let signed = match sums {
            Sums::File => asset.with_file_name("SHA256SUMS"),
            _ => asset,
        };
        signer.sign(&signed);
        let sandbox = Sandbox::new();
        trust(&sandbox, &mirror.url(), &required(&[&signer.public]));
        sandbox.loom(&GET).ok();
        drop(mirror);
        let verify = ["store", "verify", "--evidence"];
        sandbox.loom(&verify).ok();
        let document = sandbox.loom(&[&verify[..], &["--json"]].concat()).ok().json();
        let checks = document["evidence"].as_array().unwrap();
        assert!(checks.iter().all(|check| check["result"] == "holds"), "{document}");
        let check = checks.iter().find(|check| check["by"] == "signature").unwrap();
        assert_eq!(check["signature"]["key"], signer.id.as_str());
        // Without the evidence, `verify` says nothing of it.
        let document = sandbox.loom(&["store", "verify", "--json"]).ok().json();
        assert!(document["evidence"].is_null());
        // Another key is none of those that signed.
        trust(&sandbox, "file:///absent", &required(&[&Signer::new().public]));
        let run = sandbox.loom(&verify).code(6);
        assert!(run.stdout().contains("unknown key"), "{}", run.stdout());
        trust(&sandbox, "file:///absent", &required(&[&signer.public]));
        // Every kept file of evidence matters.
        let why = sandbox.loom(&["why", "0.2.0", "--json"]).ok().json();
        for object in why["chain"]["evidence"].as_array().unwrap() {
            assert_eq!(object["present"], true);
            let path = PathBuf::from(object["path"].as_str().unwrap());
            let kept = fs::read(&path).unwrap();
            for at in 0..3 {
                change(&path, at);
                sandbox.loom(&verify).code(6);
                fs::write(&path, &kept).unwrap();
            }
        }
        sandbox.loom(&verify).ok();
    }
}

#[test]
fn why_prints_the_chain_from_the_source_to_the_policy() {
    let signer = Signer::new();
    let (mirror, asset) = mirror(Sums::File);
    signer.sign(&asset.with_file_name("SHA256SUMS"));
    let sandbox = Sandbox::new();
    trust(&sandbox, &mirror.url(), &required(&[&signer.public]));
    sandbox.loom(&GET).ok();
    let chain = sandbox.loom(&["why", "0.2.0", "--json"]).ok().json()["chain"].clone();
    assert_eq!(chain["source"]["name"], mirror.url().as_str());
    assert_eq!(chain["grade"], "identity");
    assert_eq!(chain["signers"][0], format!("minisign {}", signer.id));
    assert_eq!(chain["policy"]["signature"], "required");
    assert_eq!(chain["policy"]["keys"][0], format!("minisign {}", signer.id));
    let kinds: Vec<_> = chain["evidence"].as_array().unwrap().iter().map(|e| &e["kind"]).collect();
    for kind in ["minisign", "sums", "checksum"] {
        assert!(kinds.iter().any(|it| *it == kind), "{kind}: {kinds:?}");
    }
    let text = sandbox.loom(&["why", "0.2.0"]).ok().stdout();
    assert!(text.contains(&format!("by minisign {}", signer.id)), "{text}");
}

/// The URL of the cache of a sandbox, which is a mirror in the store layout.
fn store_of(sandbox: &Sandbox) -> String {
    format!("file://{}", sandbox.cache().display())
}

#[test]
fn signatures_travel_with_the_files_of_a_store() {
    let signer = Signer::new();
    let keys = required(&[&signer.public]);
    for sums in [Sums::None, Sums::File] {
        let (mirror, asset) = mirror(sums);
        let signed = match sums {
            Sums::File => asset.with_file_name("SHA256SUMS"),
            _ => asset,
        };
        signer.sign(&signed);
        let (first, second) = (Sandbox::new(), Sandbox::new());
        trust(&first, &mirror.url(), &format!("{keys}\n[store]\nkeep_archives = true"));
        first.loom(&GET).ok();
        drop(mirror);
        trust(&second, &store_of(&first), &keys);
        second.loom(&GET).ok();
        second.loom(&["store", "verify", "--evidence"]).ok();
        // A key of somebody else vouches for nothing, and refuses nothing where none is required.
        let other = Sandbox::new();
        let key = Signer::new().public;
        trust(&other, &store_of(&first), &format!("keys = [\"{key}\"]"));
        other.loom(&GET).ok();
        trust(&other, &store_of(&first), &required(&[&key]));
        other.loom(&[&GET[..], &["--force-download"]].concat()).code(6).says(&["unknown key"]);
    }
}

#[test]
fn a_signed_statement_counts_for_loose_files() {
    let signer = Signer::new();
    let (mirror, _) = mirror(Sums::Sidecar);
    let (first, second) = (Sandbox::new(), Sandbox::new());
    trust(&first, &mirror.url(), "");
    first.loom(&GET).ok();
    let cache = first.cache();
    let record = cache.join(format!("releases/loom-os/{BINARY}/0.2.0/{}.json", platform()));
    let mut document: serde_json::Value =
        serde_json::from_slice(&fs::read(&record).unwrap()).unwrap();
    let statement = document["statement"].as_str().unwrap().to_owned();
    let object = |digest: &str| cache.join(format!("objects/sha256/{}/{digest}", &digest[..2]));
    let signature = fs::read(signer.sign(&object(&statement))).unwrap();
    fs::remove_file(beside(&object(&statement), ".minisig")).unwrap();
    let digest = sha256(&signature);
    fs::create_dir_all(object(&digest).parent().unwrap()).unwrap();
    fs::write(object(&digest), signature).unwrap();
    let evidence = document["evidence"].as_array_mut().unwrap();
    evidence.push(serde_json::json!({"kind": "minisign", "digest": digest, "of": statement}));
    fs::write(&record, document.to_string()).unwrap();
    trust(&second, &store_of(&first), &required(&[&signer.public]));
    second.loom(&GET).ok();
    let why = second.loom(&["why", "0.2.0", "--json"]).ok().json();
    let digests = why["verification"]["digests"].as_array().unwrap();
    assert!(digests.iter().any(|it| it["by"] == "signature" && it["of"] == "tree"), "{why}");
    second.loom(&["store", "verify", "--evidence"]).ok();
    // Another statement is not the signed one.
    change(&object(&statement), 1);
    let third = Sandbox::new();
    trust(&third, &store_of(&first), &required(&[&signer.public]));
    assert_ne!(third.loom(&GET).exit(), 0);
}

#[test]
fn a_lost_verification_is_made_again_by_a_kept_signature() {
    let signer = Signer::new();
    for sums in [Sums::None, Sums::File] {
        let (mirror, asset) = mirror(sums);
        let signed = match sums {
            Sums::File => asset.with_file_name("SHA256SUMS"),
            _ => asset,
        };
        signer.sign(&signed);
        let sandbox = Sandbox::new();
        let keep = format!("{}\n[store]\nkeep_archives = true", required(&[&signer.public]));
        trust(&sandbox, &mirror.url(), &keep);
        sandbox.loom(&GET).ok();
        fs::remove_dir_all(sandbox.cache().join("verifications")).unwrap();
        fs::remove_dir_all(sandbox.state().join("pins")).unwrap();
        sandbox.loom(&WHICH).code(6);
        let run = sandbox.loom(&["get", "--version", "0.2.0", "--offline"]).ok();
        run.says(&["it was verified again"]);
        sandbox.loom(&WHICH).ok();
        sandbox.loom(&["store", "verify", "--evidence"]).ok();
    }
}

#[test]
fn a_release_that_changed_says_when_and_where_and_is_accepted_deliberately() {
    let (first, second) = (Plain::of(&["0.2.0"]), Plain::empty());
    second.add("0.2.0", Packing::TarGz, b"#!/bin/sh\necho changed\n", Sums::Sidecar);
    let sandbox = Sandbox::new();
    trust(&sandbox, &first.url(), "");
    let tree = |sandbox: &Sandbox| {
        let why = sandbox.loom(&["why", "0.2.0", "--json"]).ok().json();
        why["tree"].as_str().unwrap().to_owned()
    };
    sandbox.loom(&GET).ok();
    let before = tree(&sandbox);
    trust(&sandbox, &second.url(), "");
    let force = ["get", "--version", "0.2.0", "--force-download"];
    let run = sandbox.loom(&force).code(6);
    let error = run.stderr();
    let sources = [first.url(), second.url()];
    assert!(sources.iter().all(|url| error.contains(url.as_str())), "{error}");
    assert!(error.contains(&before) && error.matches("Z from ").count() >= 2, "{error}");
    let command = error.split('`').find(|part| part.starts_with("loom trust accept")).unwrap();
    let args: Vec<_> = command.split(' ').skip(1).collect();
    sandbox.loom(&args).ok();
    sandbox.loom(&force).ok();
    assert_ne!(tree(&sandbox), before);
    // The old one is the wrong one now.
    trust(&sandbox, &first.url(), "");
    sandbox.loom(&force).code(6).says(&["accept"]);
    let json = sandbox.loom(&[&args[..], &["--json"]].concat()).ok().json();
    assert!(json["before"]["origin"].as_str().unwrap().starts_with("accepted by the user"));
}

#[test]
fn doctor_says_what_a_required_signature_lacks() {
    let signer = Signer::new();
    let (mirror, asset) = mirror(Sums::Sidecar);
    let sandbox = Sandbox::new();
    let check = |lines: &str| {
        trust(&sandbox, &mirror.url(), lines);
        let document = sandbox.loom(&["doctor", "--json"]).json();
        let checks = document["checks"].as_array().unwrap();
        checks.iter().find(|check| check["name"] == "signatures").cloned()
    };
    assert_eq!(check(""), None);
    let lines = required(&[&signer.public]);
    for (lines, says) in [
        ("signature = \"required\"", "no key is configured"),
        (lines.as_str(), "no source offers one that counts"),
    ] {
        let check = check(lines).unwrap();
        assert_eq!(check["grade"], "failure");
        assert!(check["message"].as_str().unwrap().contains(says), "{check}");
    }
    signer.sign(&asset);
    let check = check(&lines).unwrap();
    assert_eq!(check["grade"], "ok");
    assert!(check["message"].as_str().unwrap().contains(&signer.id), "{check}");
}
