//! Mirrors in registries and image layouts, by the commands that keep mirrors.

use std::fs;

use loom_source::Digest;
use loom_test_support::docker_registry::DockerRegistry;
use serde_json::json;

use crate::support::{Packing, Plain, Sandbox, TestedRegistry, tested_registry::reader_of};

/// Makes the mirror at `url` signed and puts two versions into it; returns what `mirror init` said, and the sandbox of its
/// maintainer, whose keys are in `keys`.
fn signed_by_commands(url: &str) -> (serde_json::Value, Sandbox) {
    let plain = Plain::of(&["0.1.0", "0.2.0"]);
    let owner = Sandbox::new();
    owner.write_user_config("[store]\nkeep_archives = true\n");
    let init = ["mirror", "init", "--to", url, "--keys", "keys", "--timestamp", "--json"];
    let root = owner.loom(&init).ok().json();
    assert_eq!(root["index"], 1, "{root}");
    for version in ["0.1.0", "0.2.0"] {
        owner.loom(&["get", version, "--source", &plain.url()]).ok();
    }
    let push = ["mirror", "push", "--to", url, "loom-bridge-server"];
    owner.loom(&push).code(2).says(&["the index is signed by 1 of the keys"]);
    let keys = ["--key", "keys/index.pem", "--key", "keys/timestamp.pem", "--json"];
    let pushed = owner.loom(&[&push[..], &["0.1.0"], &keys].concat()).ok().json();
    assert_eq!((&pushed["serial"], &pushed["releases"]), (&json!(2), &json!(1)), "{pushed}");
    let pushed = owner.loom(&[&push[..], &keys].concat()).ok().json();
    assert_eq!((&pushed["serial"], &pushed["releases"]), (&json!(3), &json!(2)), "{pushed}");
    // Nothing is new: no index is issued, and no key is needed.
    let again = owner.loom(&[&push[..], &["--json"]].concat()).ok().json();
    assert_eq!((&again["serial"], &again["changed"]), (&json!(3), &json!(false)), "{again}");
    (root, owner)
}

/// The life of a signed mirror of images, by the commands that keep mirrors.
fn lives(url: &str) {
    let (root, owner) = signed_by_commands(url);
    let reader = reader_of(url, &root);
    reader.loom(&["get"]).ok();
    assert!(reader.link("0.2.0").exists());
    let why = reader.loom(&["why", "0.2.0"]).ok().stdout();
    assert!(why.contains("signed index, serial 3"), "{why}");
    let keys = ["--key", "keys/index.pem", "--key", "keys/timestamp.pem"];
    owner.loom(&[&["mirror", "yank", url, "0.2.0"][..], &keys].concat()).ok();
    let list = reader.loom(&["list", "--remote"]).ok().stdout();
    assert!(list.contains("0.1.0") && !list.contains("0.2.0"), "{list}");
    // The key of the timestamp keeps the index valid, and adds nothing.
    let refresh = ["mirror", "index", url, "--refresh", "--key", "keys/timestamp.pem"];
    owner.loom(&refresh).ok();
    reader.loom(&["list", "--remote"]).ok();
    // From the images: what is withdrawn stays so.
    let index = owner.loom(&[&["mirror", "index", url, "--json"][..], &keys].concat()).ok().json();
    assert_eq!((&index["releases"], &index["changed"]), (&json!(2), &json!(false)), "{index}");
    // A new root, published before the index that names it.
    let new = ["mirror", "root", "new", url, "--to", "root-2.json", "--authority", "corp"];
    owner.loom(&new).ok();
    owner.loom(&["mirror", "root", "sign", "root-2.json", "--key", "keys/root.pem"]).ok();
    owner.loom(&["mirror", "root", "publish", "root-2.json", "--to", url]).ok();
    owner.loom(&["mirror", "root", "publish", "root-2.json", "--to", url]).code(6);
    reader.loom(&["list", "--remote"]).code(5).says(&["got one of the older root 1"]);
    owner.loom(&[&["mirror", "index", url, "--refresh"][..], &keys].concat()).ok();
    reader.loom(&["list", "--remote"]).ok();
    // Everything is there and right.
    let verified = reader.loom(&["mirror", "verify", url, "--json"]).ok().json();
    assert_eq!(verified["signed"]["root"], 2, "{verified}");
    assert_eq!(verified["signed"]["known"], true, "{verified}");
    assert_eq!(verified["releases"].as_array().unwrap().len(), 2, "{verified}");
    let text = reader.loom(&["mirror", "verify", url]).ok().stdout();
    assert!(text.contains("withdrawn") && text.contains("OK: index 5, signed"), "{text}");
}

#[test]
fn a_mirror_lives_in_a_registry() {
    for registry in [TestedRegistry::docker(), TestedRegistry::ferro()] {
        lives(&registry.url());
    }
}

#[test]
fn a_lock_names_the_image_and_a_deployment_runs_it() {
    let plain = Plain::of(&["0.2.0"]);
    let registry = TestedRegistry::docker();
    let (url, sandbox) = (registry.url(), Sandbox::new());
    let layout = tempfile::tempdir().unwrap();
    let layout = layout.path().join("images");
    let layout_url = format!("oci-layout:{}", layout.display());
    for to in [&url, &layout_url] {
        sandbox.loom(&["mirror", "sync", "--from", &plain.url(), "--to", to]).ok();
    }
    let project = sandbox.project();
    sandbox.write(project.join("loom.toml"), "[bridge]\nversion = \"0.2.0\"\n");
    let render = ["deploy", "render", "--to", "out", "--target", "compose"];
    sandbox.loom(&render).code(2).says(&["nothing names one by its digest", "loom lock"]);
    sandbox.loom(&["lock", "--source", &url]).ok();
    let lock = fs::read_to_string(project.join("loom.lock")).unwrap();
    let document: toml::Table = lock.parse().unwrap();
    let image = document["binary"][0]["oci"].as_str().unwrap().to_owned();
    let names = fs::read(layout.join("index.json")).unwrap();
    let names: serde_json::Value = serde_json::from_slice(&names).unwrap();
    let digest = names["manifests"][0]["digest"].as_str().unwrap();
    assert!(image.starts_with(url.strip_prefix("oci://").unwrap()), "{image}");
    assert!(image.ends_with(&format!("/loom-bridge-server@{digest}")), "the index: {image}");
    // It is what a deployment runs, unless another image is named.
    sandbox.loom(&render).ok();
    let compose = || fs::read_to_string(project.join("out/compose.yaml")).unwrap();
    assert!(compose().contains(&image), "{}", compose());
    let other = format!("registry.example/loom@sha256:{}", Digest::of(b"other"));
    sandbox.loom(&[&render[..], &["--image", &other]].concat()).ok();
    assert!(compose().contains(&other) && !compose().contains(&image), "{}", compose());
    // A lock that is made again, from a registry or from another source, has the same bytes.
    for source in [&url, &layout_url] {
        sandbox.loom(&["lock", "--source", source]).ok();
        assert_eq!(fs::read_to_string(project.join("loom.lock")).unwrap(), lock);
    }
}

#[test]
fn a_mirror_lives_in_a_layout() {
    let folder = tempfile::tempdir().unwrap();
    lives(&format!("oci-layout:{}", folder.path().join("images").display()));
}

#[test]
fn a_signed_registry_gets_what_a_source_has() {
    let plain = Plain::of(&["0.1.0", "0.2.0"]);
    let registry = TestedRegistry::docker();
    let (url, owner) = (registry.url(), Sandbox::new());
    owner.loom(&["mirror", "init", "--to", &url, "--keys", "keys"]).ok();
    owner.loom(&["mirror", "init", "--to", &url, "--keys", "others"]).code(2);
    let sync = ["mirror", "sync", "--from", &plain.url(), "--to", &url, "--json"];
    owner.loom(&sync).code(2);
    let keys = ["--key", "keys/index.pem"];
    let synced = owner.loom(&[&sync[..], &keys].concat()).ok().json();
    assert_eq!((&synced["serial"], &synced["releases"]), (&json!(2), &json!(2)), "{synced}");
    let again = owner.loom(&sync).ok().json();
    assert_eq!((&again["serial"], &again["changed"]), (&json!(2), &json!(false)), "{again}");
    // A registry without a root is not signed by a key alone.
    let other = TestedRegistry::docker();
    let push = ["mirror", "sync", "--from", &plain.url(), "--to", &other.url()];
    let run = owner.loom(&[&push[..], &keys].concat()).code(2);
    run.says(&["has no root, so that it is not signed", "loom mirror init --to"]);
    owner.loom(&["mirror", "index", &other.url()]).code(2);
    // The root of a registry has no place: only repositories have tags.
    let whole = format!("oci://{}", other.address());
    let init = ["mirror", "init", "--to", &whole, "--keys", "third"];
    owner.loom(&init).code(2).says(&["names no repository"]);
}

#[test]
fn writers_of_one_registry_at_the_same_time_lose_nothing() {
    const VERSIONS: [&str; 4] = ["0.1.0", "0.2.0", "0.3.0", "0.4.0"];
    let registry = TestedRegistry::docker();
    let (url, owner) = (registry.url(), Sandbox::new());
    let root =
        owner.loom(&["mirror", "init", "--to", &url, "--keys", "keys", "--json"]).ok().json();
    let key = owner.project().join("keys/index.pem").display().to_string();
    let writers = VERSIONS.map(|version| {
        let plain = Plain::of(&[version]);
        let sandbox = Sandbox::new();
        sandbox.write_user_config("[store]\nkeep_archives = true\n");
        sandbox.loom(&["get", "--source", &plain.url()]).ok();
        sandbox
    });
    let push = ["mirror", "push", "--to", &url, "loom-bridge-server", "--key", &key];
    let running: Vec<_> = writers.iter().map(|sandbox| sandbox.spawn(&push)).collect();
    for run in running {
        run.wait().ok();
    }
    // The index decides what a reader of a signed mirror lists.
    let reader = reader_of(&url, &root);
    let listed = reader.loom(&["list", "--remote", "--json"]).ok().json();
    let releases = listed["releases"].as_array().unwrap().iter();
    let mut versions: Vec<&str> = releases.map(|one| one["version"].as_str().unwrap()).collect();
    versions.sort_unstable();
    assert_eq!(versions, VERSIONS, "{listed}");
    reader.loom(&["mirror", "verify", &url]).ok();
}

/// The file of a blob in the folder of a `docker-registry`.
fn blob(registry: &DockerRegistry, digest: &str) -> std::path::PathBuf {
    let path = format!("docker/registry/v2/blobs/sha256/{}/{digest}/data", &digest[..2]);
    registry.data().join(path)
}

#[test]
fn a_verification_finds_what_is_missing_and_what_is_damaged() {
    let registry = TestedRegistry::docker();
    let url = registry.url();
    let (root, owner) = signed_by_commands(&url);
    let TestedRegistry::Docker(docker) = &registry else { panic!("it is docker-registry") };
    let verify = ["mirror", "verify", &url, "--json"];
    let sound = owner.loom(&verify).ok();
    sound.json();
    assert!(sound.stderr().contains("no root of this mirror is known here"), "{}", sound.stderr());
    let reader = reader_of(&url, &root);
    assert_eq!(reader.loom(&verify).ok().json()["sound"], true);
    // Each blob and document of the registry, flipped or gone, is found.
    let blobs = docker.data().join("docker/registry/v2/blobs/sha256");
    let mut digests: Vec<String> = Vec::new();
    for folder in fs::read_dir(blobs).unwrap() {
        let names = fs::read_dir(folder.unwrap().path()).unwrap();
        digests.extend(names.map(|name| name.unwrap().file_name().into_string().unwrap()));
    }
    let (mut found, mut unused) = (0, 0);
    for digest in digests {
        let file = blob(docker, &digest);
        let bytes = fs::read(&file).unwrap();
        let mut flipped = bytes.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 1;
        fs::write(&file, flipped).unwrap();
        let run = reader.loom(&verify);
        fs::write(&file, bytes).unwrap();
        match run.exit() {
            // Former indexes and timestamps are named by no tag any more.
            0 => unused += 1,
            3 | 5 | 6 => found += 1,
            other => panic!("exit {other} for {digest}: {run:?}"),
        }
    }
    assert!(
        found >= 12,
        "{found} of the flipped files were found, {unused} are not named any more"
    );
    assert!(
        unused <= 9,
        "{found} of the flipped files were found, {unused} are not named any more"
    );
    let index = reader.loom(&verify).ok().json();
    assert_eq!(index["findings"], json!([]));
}

#[test]
fn a_registry_and_a_layout_without_an_index_are_verified_by_their_tags() {
    let plain = Plain::of(&["0.1.0", "0.2.0"]);
    let registry = TestedRegistry::docker();
    let sandbox = Sandbox::new();
    let layout = format!("oci-layout:{}", sandbox.project().join("images").display());
    for url in [&registry.url(), &layout] {
        sandbox.loom(&["mirror", "sync", "--from", &plain.url(), "--to", url]).ok();
        let run = sandbox.loom(&["mirror", "verify", url]).ok().stdout();
        assert!(run.contains("OK: no index, not signed, 2 releases"), "{run}");
        let document = sandbox.loom(&["mirror", "verify", url, "--json"]).ok().json();
        assert_eq!(document["serial"], serde_json::Value::Null, "{document}");
    }
    // A layer of the layout is flipped, then gone.
    let asset = fs::read(plain.asset("0.2.0", Packing::TarGz)).unwrap();
    let file = sandbox.project().join(format!("images/blobs/sha256/{}", Digest::of(&asset)));
    fs::write(&file, &asset[1..]).unwrap();
    let run = sandbox.loom(&["mirror", "verify", &layout]).code(6).stdout();
    assert!(run.contains("expected the SHA-256") && run.contains("1 problem found"), "{run}");
    assert!(run.contains("incomplete") && run.contains("complete"), "{run}");
    fs::remove_file(&file).unwrap();
    let run = sandbox.loom(&["mirror", "verify", &layout]).code(3).stdout();
    assert!(run.contains("it is missing"), "{run}");
    let nothing = format!("oci://{}/other", registry.address());
    sandbox.loom(&["mirror", "verify", &nothing]).code(3);
}
