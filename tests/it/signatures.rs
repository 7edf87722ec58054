//! Signatures: which count, which are refused and how, and what an installed version is judged by.

use std::{fs, path::PathBuf};

use crate::support::{
    Hub, Packing, Plain, Sandbox, Server, Sums, hub, program,
    signer::{Signer, beside, cosign, required, trust},
};
use loom_test_support::github::{GithubAsset, GithubRelease};

const GET: [&str; 3] = ["get", "--version", "0.2.0"];
const WHICH: [&str; 3] = ["which", "--version", "0.2.0"];

/// A mirror with a release, and the path of its asset.
fn mirror(sums: Sums) -> (Plain, PathBuf) {
    let mirror = Plain::empty();
    let asset = mirror.add("0.2.0", Packing::TarGz, &program::small("0.2.0"), sums);
    (mirror, asset)
}

#[test]
fn a_signature_beside_the_archive_or_its_checksum_file_is_required_and_counts() {
    let signer = Signer::new();
    for (sums, signed, by_bytes) in
        [(Sums::Sidecar, "", true), (Sums::None, "", true), (Sums::File, "SHA256SUMS", false)]
    {
        let (mirror, asset) = mirror(sums);
        signer.sign(&if signed.is_empty() { asset } else { asset.with_file_name(signed) });
        let sandbox = Sandbox::new();
        trust(&sandbox, &mirror.url(), &required(&[&signer.public]));
        sandbox.loom(&GET).ok();
        sandbox.loom(&WHICH).ok();
        let why = sandbox.loom(&["why", "0.2.0", "--json"]).ok().json();
        let digests = why["verification"]["digests"].as_array().unwrap();
        let signed = digests.iter().find(|digest| digest["by"] == "signature").unwrap();
        assert_eq!(signed["grade"], "identity");
        assert_eq!(signed["signature"]["key"], signer.id.as_str());
        assert_eq!(why["receipt"]["archive"]["kept"], by_bytes, "{sums:?}");
        sandbox.verify();
    }
}

#[test]
fn without_keys_nothing_is_requested_and_with_keys_only_what_they_can_have_signed() {
    let (mirror, asset) = mirror(Sums::Sidecar);
    let signer = Signer::new();
    signer.sign(&asset);
    let server = Server::serve(mirror.path());
    let sandbox = Sandbox::new();
    trust(&sandbox, &server.url(), "");
    sandbox.loom(&GET).ok();
    for ending in [".minisig", ".sig", ".asc", ".sigstore.json"] {
        assert!(server.requests_for(ending).is_empty(), "{ending}");
    }
    let sandbox = Sandbox::new();
    trust(&sandbox, &server.url(), &required(&[&signer.public]));
    sandbox.loom(&GET).ok();
    assert_eq!(server.gets(".tar.gz.minisig"), 1);
    assert!(server.requests_for(".asc").is_empty());
    assert!(server.requests_for(".sigstore.json").is_empty());
    // A version that is here needs no request.
    server.forget();
    for args in [&GET[..], &WHICH, &["which"]] {
        sandbox.loom(args).ok();
    }
    assert!(server.requests().is_empty(), "{:?}", server.requests());
}

#[test]
fn each_reason_for_a_refusal_has_its_own_error() {
    let (signer, other) = (Signer::new(), Signer::new());
    type Prepare = fn(&PathBuf, &Signer, &Signer);
    let keys = required(&[&signer.public]);
    let expired = format!(
        "signature = \"required\"\nkeys = [{{ key = \"{}\", expires = \"2020-01-01T00:00:00Z\" }}]",
        signer.public
    );
    let revoked = format!("{keys}\nrevoked = [\"{}\"]", signer.id.to_lowercase());
    let sign: Prepare = |asset, signer, _| drop(signer.sign(asset));
    let cases: [(&str, &str, Prepare, &[&str]); 8] = [
        ("none", &keys, |_, _, _| {}, &["no signature of", "trust.signature is \"required\""]),
        ("unknown", &keys, |asset, _, other| drop(other.sign(asset)), &["unknown key", "got "]),
        (
            "bad",
            &keys,
            |asset, signer, _| {
                let kept = fs::read(asset).unwrap();
                fs::write(asset, b"something else").unwrap();
                signer.sign(asset);
                fs::write(asset, kept).unwrap();
            },
            &["bad signature"],
        ),
        (
            "another release",
            &keys,
            |asset, signer, _| {
                let name = asset.file_name().unwrap().to_str().unwrap();
                signer.sign_as(asset, &name.replace("0.2.0", "0.1.0"));
            },
            &["signature for another release", "0.1.0"],
        ),
        (
            "no name",
            &keys,
            |asset, signer, _| drop(signer.sign_as(asset, "server.tar.gz")),
            &["names no release"],
        ),
        ("expired", &expired, sign, &["expired key", "2020-01-01"]),
        ("revoked", &revoked, sign, &["revoked key"]),
        (
            "unusable",
            &keys,
            |asset, _, _| fs::write(beside(asset, ".minisig"), "hello\n").unwrap(),
            &["unusable signature"],
        ),
    ];
    for (name, lines, prepare, says) in cases {
        let (mirror, asset) = mirror(Sums::Sidecar);
        prepare(&asset, &signer, &other);
        let sandbox = Sandbox::new();
        trust(&sandbox, &mirror.url(), lines);
        let run = sandbox.loom(&GET).code(6);
        assert!(says.iter().all(|says| run.stderr().contains(says)), "{name}: {}", run.stderr());
        assert!(run.stderr().contains("hint:"), "{name}: {}", run.stderr());
        sandbox.loom(&WHICH).code(3);
    }
}

#[test]
fn where_no_key_is_configured_the_error_says_so() {
    let (mirror, asset) = mirror(Sums::Sidecar);
    Signer::new().sign(&asset);
    let sandbox = Sandbox::new();
    trust(&sandbox, &mirror.url(), "signature = \"required\"");
    sandbox.loom(&GET).code(6).says(&["trust.keys names no key", "add the key"]);
}

#[test]
fn without_a_counting_signature_the_next_source_is_asked() {
    let signer = Signer::new();
    let (unsigned, _) = mirror(Sums::Sidecar);
    let (signed, asset) = mirror(Sums::Sidecar);
    signer.sign(&asset);
    let sandbox = Sandbox::new();
    let urls = format!("{}\", \"{}", unsigned.url(), signed.url());
    trust(&sandbox, &urls, &required(&[&signer.public]));
    sandbox.loom(&GET).ok();
    let why = sandbox.loom(&["why", "0.2.0", "--json"]).ok().json();
    assert_eq!(why["verification"]["source"], signed.url().as_str());
}

#[test]
fn a_signature_that_is_optional_counts_or_is_noted_and_a_bad_one_is_refused() {
    let (signer, other) = (Signer::new(), Signer::new());
    let keys = format!("keys = [\"{}\"]", signer.public);
    let (mirror, asset) = mirror(Sums::Sidecar);
    let get = || {
        let sandbox = Sandbox::new();
        trust(&sandbox, &mirror.url(), &keys);
        let run = sandbox.loom(&GET);
        (sandbox, run)
    };
    other.sign(&asset);
    let (sandbox, run) = get();
    run.ok();
    let why = sandbox.loom(&["why", "0.2.0", "--json"]).ok().json();
    let unchecked = why["receipt"]["unchecked"].to_string();
    assert!(unchecked.contains("unknown key"), "{unchecked}");
    let kept = fs::read(&asset).unwrap();
    fs::write(&asset, b"something else").unwrap();
    signer.sign(&asset);
    fs::write(&asset, kept).unwrap();
    get().1.code(6).says(&["bad signature"]);
    signer.sign(&asset);
    let (sandbox, run) = get();
    run.ok();
    let why = sandbox.loom(&["why", "0.2.0", "--json"]).ok().json();
    assert_eq!(why["receipt"]["grade"], "identity");
}

#[test]
fn a_key_of_cosign_names_no_release_unless_the_checksum_file_is_signed() {
    let (one, asset) = mirror(Sums::Sidecar);
    let pem = cosign(&asset);
    let sandbox = Sandbox::new();
    trust(&sandbox, &one.url(), &required(&[&pem]));
    sandbox.loom(&GET).code(6).says(&["cosign signature", "names no release"]);
    // A release that was seen before is bound by its digest.
    trust(&sandbox, &one.url(), "");
    sandbox.loom(&GET).ok();
    trust(&sandbox, &one.url(), &required(&[&pem]));
    sandbox.loom(&WHICH).code(6).says(&["was not verified by a signature"]);
    sandbox.loom(&GET).ok();
    sandbox.loom(&WHICH).ok();
    let (two, asset) = mirror(Sums::File);
    let pem = cosign(&asset.with_file_name("SHA256SUMS"));
    let sandbox = Sandbox::new();
    trust(&sandbox, &two.url(), &required(&[&pem]));
    sandbox.loom(&GET).ok();
}

#[test]
fn an_installed_version_is_judged_by_todays_keys() {
    let (signer, other) = (Signer::new(), Signer::new());
    let (mirror, asset) = mirror(Sums::Sidecar);
    signer.sign(&asset);
    let sandbox = Sandbox::new();
    let set = |lines: &str| trust(&sandbox, &mirror.url(), lines);
    set(&required(&[&other.public, &signer.public]));
    sandbox.loom(&GET).ok();
    // The end of a key's validity counts at the first acceptance only.
    set(&format!(
        "signature = \"required\"\nkeys = [{{ key = \"{}\", expires = \"2020-01-01T00:00:00Z\" }}]",
        signer.public
    ));
    sandbox.loom(&WHICH).ok();
    set(&required(&[&other.public]));
    sandbox.loom(&WHICH).code(6).says(&["which trust.keys does not name", &signer.id]);
    let revoked = format!("{}\nrevoked = [\"{}\"]", required(&[&signer.public]), signer.id);
    set(&revoked);
    sandbox.loom(&WHICH).code(6).says(&["which is revoked"]);
    sandbox.loom(&GET).code(6).says(&["revoked key"]);
    // A checksum is enough where none is required.
    set("");
    sandbox.loom(&WHICH).ok();
}

#[test]
fn an_untrusted_project_adds_no_key_and_may_require_and_revoke() {
    let (signer, mine) = (Signer::new(), Signer::new());
    let (mirror, asset) = mirror(Sums::Sidecar);
    mine.sign(&asset);
    let sandbox = Sandbox::new();
    trust(&sandbox, &mirror.url(), &required(&[&signer.public]));
    sandbox.write("loom.toml", &format!("[trust]\nkeys = [\"{}\"]\n", mine.public));
    sandbox.loom(&GET).code(6).says(&["unknown key"]);
    sandbox.loom(&["trust"]).ok();
    sandbox.loom(&GET).ok();
    let text = format!("[trust]\nsignature = \"required\"\nrevoked = [\"{}\"]\n", mine.id);
    sandbox.write("loom.toml", &text);
    trust(&sandbox, &mirror.url(), &format!("keys = [\"{}\"]", mine.public));
    sandbox.loom(&WHICH).code(6).says(&["which is revoked"]);
    let key = sandbox.write("release.pub", &mine.public);
    let text = format!("[trust]\nkeys = [{{ key_file = \"{}\" }}]\n", key.display());
    sandbox.write("loom.toml", &text);
    sandbox.loom(&["trust"]).ok();
    sandbox.loom(&WHICH).code(2).says(&["a project gives its keys as text"]);
}

#[test]
fn a_key_may_be_a_file_and_count_for_one_authority_or_source() {
    let signer = Signer::new();
    let (mirror, asset) = mirror(Sums::Sidecar);
    signer.sign(&asset);
    let sandbox = Sandbox::new();
    sandbox.write(sandbox.home().join(".config/loom/release.pub"), &signer.public);
    for (more, code) in [
        ("", 0),
        (", authority = \"loom-os\"", 0),
        (", authority = \"acme\"", 6),
        (", source = \"elsewhere\"", 6),
    ] {
        let lines =
            format!("signature = \"required\"\nkeys = [{{ key_file = \"release.pub\"{more} }}]");
        trust(&sandbox, &mirror.url(), &lines);
        sandbox.loom(&[&GET[..], &["--force-download"]].concat()).code(code);
    }
    trust(&sandbox, &mirror.url(), "keys = [{ key_file = \"absent.pub\" }]");
    sandbox.loom(&WHICH).code(2).says(&["absent.pub"]);
    sandbox.write(sandbox.home().join(".config/loom/broken.pub"), "hello");
    trust(&sandbox, &mirror.url(), "keys = [{ key_file = \"broken.pub\" }]");
    sandbox.loom(&WHICH).code(2).says(&["broken.pub has no usable key"]);
}

#[test]
fn a_file_that_is_added_may_be_signed() {
    let signer = Signer::new();
    let (mirror, asset) = mirror(Sums::None);
    let sandbox = Sandbox::new();
    trust(&sandbox, &mirror.url(), &required(&[&signer.public]));
    let file = asset.to_str().unwrap();
    let add = ["store", "add", file, "--version", "0.2.0"];
    sandbox.loom(&add).code(6).says(&["no signature of"]);
    signer.sign(&asset);
    sandbox.loom(&add).ok();
    sandbox.loom(&WHICH).ok();
}

#[test]
fn signed_assets_of_a_github_release_count() {
    let signer = Signer::new();
    let hub = Hub::of(&[]);
    let archive = hub::archive("0.2.0");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(&archive.name);
    fs::write(&file, &archive.bytes).unwrap();
    let signature = fs::read(signer.sign(&file)).unwrap();
    let sandbox = hub.sandbox();
    let lines = required(&[&signer.public]);
    hub.configure(&sandbox, &format!("[trust]\n{lines}"));
    let release = GithubRelease::new("v0.2.0").with_sidecar(archive.clone());
    hub.server.publish(release.clone());
    sandbox.loom(&GET).code(6).says(&["no signature of"]);
    let asset = GithubAsset::new(&format!("{}.minisig", archive.name), signature);
    hub.server.publish(release.with(asset));
    sandbox.loom(&GET).ok();
    sandbox.loom(&["store", "verify", "--evidence"]).ok();
    let latest = hub.sandbox();
    hub.configure(&latest, &format!("[trust]\n{lines}"));
    latest.loom(&["get"]).ok();
    assert!(
        !hub.api_paths().iter().any(|path| path.contains("attestations")),
        "no identity is configured"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_required_signature_costs_a_warm_command_nothing() {
    let signer = Signer::new();
    let mirror = Plain::empty();
    let asset = mirror.add("0.2.0", Packing::TarGz, &program::server(), Sums::Sidecar);
    signer.sign(&asset);
    let server = Server::serve(mirror.path());
    let sandbox = Sandbox::new();
    let up =
        ["up", "--version", "0.2.0", "--detach", "--mode", "bridge-only", "--bridge-port", "0"];
    let calls = |sandbox: &Sandbox| {
        [&WHICH[..], &GET, &up].map(|args| {
            let (run, trace) = sandbox.strace(&["trace=openat,connect"], args);
            run.ok();
            (trace.calls("openat").len(), trace.calls("connect").len())
        })
    };
    trust(&sandbox, &server.url(), &required(&[&signer.public]));
    sandbox.loom(&GET).ok();
    // The runtime is there already: `up` looks at it.
    sandbox.loom(&up).ok();
    trust(&sandbox, &server.url(), "");
    let without = calls(&sandbox);
    trust(&sandbox, &server.url(), &required(&[&signer.public]));
    server.forget();
    assert_eq!(calls(&sandbox), without, "no further file or connection is opened");
    assert!(server.requests().is_empty(), "{:?}", server.requests());
    sandbox.loom(&["down"]).ok();
}

#[test]
fn a_required_signature_without_a_key_says_how_to_add_one() {
    let (mirror, _) = mirror(Sums::Sidecar);
    let sandbox = Sandbox::new();
    trust(&sandbox, &mirror.url(), "signature = \"required\"");
    let run = sandbox.loom(&GET).code(6).says(&[
        "trust.keys names no key",
        "add the key of the publisher to trust.keys",
        "loom trust add-root",
        "trust.signature = \"optional\"",
    ]);
    run.never_says(&["inform the maintainer"]);
}
