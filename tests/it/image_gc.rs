//! `loom mirror gc` of registries and layouts.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use loom_source::Digest;
use loom_test_support::docker_registry::{DockerRegistry, RegistryAccess};
use serde_json::{Value, json};

use crate::support::{
    Packing, Plain, Sandbox, TestedRegistry,
    signer::{Signer, required, trust},
};

const VERSIONS: [&str; 3] = ["0.1.0", "0.2.0", "0.3.0"];

/// A signed registry with three versions, each with a signature.
struct KeptRegistry {
    url: String,
    owner: Sandbox,
    plain: Plain,
    signer: Signer,
    /// The name of 0.1.0 in the list of what the index does not name.
    oldest: String,
}

impl KeptRegistry {
    fn new(url: String) -> Self {
        let (plain, signer, owner) = (Plain::of(&VERSIONS), Signer::new(), Sandbox::new());
        for version in VERSIONS {
            signer.sign(&plain.asset(version, Packing::TarGz));
        }
        owner.loom(&["mirror", "init", "--to", &url, "--keys", "keys"]).ok();
        let this = Self { url, owner, plain, signer, oldest: String::new() };
        let images = this.sync(&[])["images"].clone();
        let is_oldest = |one: &&Value| one["image"].as_str().unwrap().contains(":0.1.0");
        let oldest = images.as_array().unwrap().iter().find(is_oldest).unwrap();
        let text = |key: &str| oldest[key].as_str().unwrap();
        Self { oldest: format!("{}@{}", text("image"), text("digest")), ..this }
    }

    fn sync(&self, more: &[&str]) -> Value {
        let sync = ["mirror", "sync", "--from", &self.plain.url(), "--to", &self.url, "--json"];
        self.owner.loom(&[&sync[..], &["--key", "keys/index.pem"], more].concat()).ok().json()
    }

    /// The versions that were removed, and how many may be later.
    fn collect(&self, more: &[&str]) -> (Vec<String>, u64) {
        let gc = ["mirror", "gc", &self.url, "--json"];
        let document = self.owner.loom(&[&gc[..], more].concat()).ok().json();
        let files = document["files"].as_array().unwrap().iter();
        let files = files.map(|file| file.as_str().unwrap().to_owned()).collect();
        (files, document["young"].as_u64().unwrap())
    }

    /// Makes the list of what the index does not name old.
    fn age(&self, registry: &TestedRegistry) {
        let since = json!({(self.oldest.as_str()): "2026-01-01T00:00:00Z"});
        let list = json!({"schema": 1, "since": since}).to_string();
        registry.put("loom-unnamed", &[list.as_bytes()]);
    }

    /// Whether a reader without a root gets a version, with its signature.
    fn serves(&self, version: &str) -> bool {
        let user = Sandbox::new();
        trust(&user, &self.url, &required(&[&self.signer.public]));
        let run = user.loom(&["get", version]);
        assert!([0, 3].contains(&run.exit()), "{run:?}");
        run.exit() == 0
    }
}

#[test]
fn a_version_that_no_index_names_for_seven_days_is_removed_with_all_that_refers_to_it() {
    for registry in [TestedRegistry::docker(), TestedRegistry::ferro()] {
        let kept = KeptRegistry::new(registry.url());
        assert_eq!(kept.collect(&[]), (vec![], 0));
        let synced = kept.sync(&["--keep", "2"]);
        assert_eq!((&synced["releases"], &synced["changed"]), (&json!(2), &json!(true)));
        assert_eq!(kept.collect(&["--dry-run"]), (vec![], 1));
        assert_eq!(kept.collect(&[]), (vec![], 1));
        assert!(VERSIONS.iter().all(|version| kept.serves(version)));
        // Another run within these days removes nothing either.
        assert_eq!(kept.collect(&[]), (vec![], 1));
        kept.age(&registry);
        assert_eq!(kept.collect(&["--dry-run"]), (vec![kept.oldest.clone()], 0));
        assert!(kept.serves("0.1.0"));
        assert_eq!(kept.collect(&[]), (vec![kept.oldest.clone()], 0));
        assert!(!kept.serves("0.1.0"));
        assert!(kept.serves("0.2.0") && kept.serves("0.3.0"));
        kept.owner.loom(&["mirror", "verify", &kept.url]).ok();
        assert_eq!(kept.collect(&[]), (vec![], 0));
    }
}

/// The tags of the repository of the binary in a `docker-registry`, a folder each.
fn tags(registry: &DockerRegistry) -> PathBuf {
    let repository = "docker/registry/v2/repositories/team/loom/loom-bridge-server";
    registry.data().join(repository).join("_manifests/tags")
}

#[test]
fn what_another_tag_names_stays_and_a_run_that_broke_off_is_gone_on_with() {
    let registry = TestedRegistry::docker();
    let kept = KeptRegistry::new(registry.url());
    let TestedRegistry::Docker(docker) = &registry else { panic!("it is docker-registry") };
    let lists = || {
        let names = fs::read_dir(tags(docker)).unwrap().map(|tag| tag.unwrap().file_name());
        names.filter(|name| name.to_str().unwrap().starts_with("sha256-")).count()
    };
    assert_eq!(lists(), 6, "of the index and of the manifest of each version");
    kept.sync(&["--keep", "2"]);
    let (_, digest) = kept.oldest.rsplit_once('@').unwrap();
    let stable = tags(docker).join("stable");
    fs::create_dir_all(stable.join("current")).unwrap();
    fs::write(stable.join("current/link"), digest).unwrap();
    kept.age(&registry);
    assert_eq!(kept.collect(&[]), (vec![], 0));
    assert!(kept.serves("0.1.0"));
    fs::remove_dir_all(&stable).unwrap();
    kept.age(&registry);
    // What refers to the index is gone already, as after a run that broke off.
    let list = tags(docker).join(digest.replace(':', "-"));
    fs::remove_dir_all(list).unwrap();
    assert_eq!(kept.collect(&[]), (vec![kept.oldest.clone()], 0));
    assert_eq!(lists(), 4);
    assert_eq!(kept.collect(&[]), (vec![], 0));
}

#[test]
fn a_registry_that_does_not_delete_is_told_at_once() {
    let registry = DockerRegistry::without_deletion(&RegistryAccess::Open);
    let kept = KeptRegistry::new(format!("oci://{}/team/loom", registry.address));
    assert_eq!(kept.collect(&[]), (vec![], 0));
    kept.sync(&["--keep", "2"]);
    let gc = ["mirror", "gc", &kept.url];
    kept.owner.loom(&gc).code(2).says(&["deletes no manifests", "REGISTRY_STORAGE_DELETE_ENABLED"]);
    assert_eq!(kept.collect(&["--dry-run"]), (vec![], 1));
    assert!(kept.serves("0.1.0"));
}

#[test]
fn tags_without_an_index_are_not_collected() {
    let registry = TestedRegistry::docker();
    let (url, sandbox) = (registry.url(), Sandbox::new());
    let plain = Plain::of(&["0.1.0"]);
    sandbox.loom(&["mirror", "sync", "--from", &plain.url(), "--to", &url]).ok();
    sandbox.loom(&["mirror", "gc", &url]).code(3).says(&["has no releases/index.json"]);
    sandbox.loom(&["get", "0.1.0", "--source", &url]).ok();
}

/// A signed layout in a folder with three versions.
struct KeptLayout {
    folder: tempfile::TempDir,
    kept: KeptRegistry,
}

impl KeptLayout {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let kept = KeptRegistry::new(format!("oci-layout:{}", folder.path().display()));
        kept.sync(&["--keep", "2"]);
        Self { folder, kept }
    }

    fn blobs(&self) -> PathBuf {
        self.folder.path().join("blobs/sha256")
    }

    /// The versions and the blobs that were removed, and how many versions may be later.
    fn collect(&self, more: &[&str]) -> (Vec<String>, Vec<String>, u64) {
        let gc = ["mirror", "gc", &self.kept.url, "--json"];
        let document = self.kept.owner.loom(&[&gc[..], more].concat()).ok().json();
        let texts = |key: &str| {
            let texts = document[key].as_array().unwrap().iter();
            texts.map(|text| text.as_str().unwrap().to_owned()).collect()
        };
        (texts("files"), texts("blobs"), document["young"].as_u64().unwrap())
    }

    /// Makes all blobs as old as those of a month ago.
    fn age_blobs(&self) {
        for entry in fs::read_dir(self.blobs()).unwrap() {
            let file = fs::File::options().write(true).open(entry.unwrap().path()).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(30 * 24 * 60 * 60)).unwrap();
        }
    }

    /// Writes a blob; returns its digest.
    fn put(&self, bytes: &[u8]) -> String {
        let digest = Digest::of(bytes).to_string();
        fs::write(self.blobs().join(&digest), bytes).unwrap();
        digest
    }

    /// Changes the entries of the list.
    fn change_list(&self, change: impl FnOnce(&mut Vec<Value>)) {
        let path = self.folder.path().join("index.json");
        let mut list: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        change(list["manifests"].as_array_mut().unwrap());
        fs::write(path, list.to_string()).unwrap();
    }

    /// Makes the list of what the index does not name old.
    fn age_versions(&self) {
        let since = json!({(self.kept.oldest.as_str()): "2026-01-01T00:00:00Z"});
        let list = json!({"schema": 1, "since": since}).to_string();
        let list = json!({
            "mediaType": "application/json", "size": list.len(),
            "digest": format!("sha256:{}", self.put(list.as_bytes())),
        });
        let empty = json!({
            "mediaType": "application/vnd.oci.empty.v1+json", "size": 2,
            "digest": format!("sha256:{}", self.put(b"{}")),
        });
        let manifest = json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "artifactType": "application/vnd.loom.mirror.v1", "config": empty, "layers": [list],
        });
        let text = manifest.to_string();
        let digest = self.put(text.as_bytes());
        self.change_list(|entries| {
            let name = "org.opencontainers.image.ref.name";
            let is_list = |one: &&mut Value| one["annotations"][name] == "loom-unnamed";
            let entry = entries.iter_mut().find(is_list).unwrap();
            entry["digest"] = format!("sha256:{digest}").into();
            entry["size"] = text.len().into();
        });
    }

    fn has_archive(&self, version: &str) -> bool {
        let archive = fs::read(self.kept.plain.asset(version, Packing::TarGz)).unwrap();
        self.blobs().join(Digest::of(&archive).to_string()).exists()
    }
}

#[test]
fn a_layout_is_collected_with_the_blobs_that_no_tag_needs() {
    let layout = KeptLayout::new();
    let kept = &layout.kept;
    assert_eq!(layout.collect(&[]), (vec![], vec![], 1));
    // The indexes before are old, and so is what writers left that broke off.
    layout.age_blobs();
    let (unneeded, young) = (layout.put(b"unneeded"), layout.put(b"young"));
    fs::write(layout.blobs().join(".new-1"), b"half").unwrap();
    for name in [unneeded.as_str(), ".new-1"] {
        let file = fs::File::options().write(true).open(layout.blobs().join(name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(8 * 24 * 60 * 60)).unwrap();
    }
    let (versions, blobs, later) = layout.collect(&[]);
    assert_eq!((versions, later), (vec![], 1));
    for name in [unneeded.as_str(), ".new-1"] {
        assert!(blobs.contains(&format!("blobs/sha256/{name}")), "{blobs:?}");
    }
    assert!(blobs.len() > 2 && layout.blobs().join(young).exists(), "{blobs:?}");
    assert!(VERSIONS.iter().all(|version| kept.serves(version) && layout.has_archive(version)));
    kept.owner.loom(&["mirror", "verify", &kept.url]).ok();

    layout.age_versions();
    let (versions, announced, later) = layout.collect(&["--dry-run"]);
    assert_eq!((versions, later), (vec![kept.oldest.clone()], 0));
    assert!(kept.serves("0.1.0") && layout.has_archive("0.1.0"));
    let gc = kept.owner.loom(&["mirror", "gc", &kept.url]).ok().stdout();
    let count = format!("removed 1 version and {} blobs (", announced.len());
    assert!(gc.contains(&count), "{gc}");
    assert!(!kept.serves("0.1.0") && !layout.has_archive("0.1.0"));
    for version in ["0.2.0", "0.3.0"] {
        assert!(kept.serves(version) && layout.has_archive(version), "{version}");
    }
    kept.owner.loom(&["mirror", "verify", &kept.url]).ok();
    layout.age_blobs();
    layout.collect(&[]);
    assert_eq!(layout.collect(&[]), (vec![], vec![], 0));
    assert!(kept.serves("0.2.0") && kept.serves("0.3.0"));
}

#[test]
fn a_layout_that_is_not_understood_stays_as_it_is() {
    let layout = KeptLayout::new();
    layout.collect(&[]);
    layout.age_blobs();
    let before = fs::read_dir(layout.blobs()).unwrap().count();
    let digest = layout.put(b"a picture");
    let entry = json!({"mediaType": "image/png", "digest": format!("sha256:{digest}"), "size": 9});
    layout.change_list(|entries| entries.push(entry));
    let gc = ["mirror", "gc", &layout.kept.url];
    layout.kept.owner.loom(&gc).code(5).says(&[&digest, "neither an image nor an index"]);
    assert_eq!(fs::read_dir(layout.blobs()).unwrap().count(), before + 1);
    // An archive is not changed.
    let tar = layout.kept.owner.project().join("images.tar");
    let mut archive = tar::Builder::new(fs::File::create(&tar).unwrap());
    archive.append_dir_all(".", layout.folder.path()).unwrap();
    archive.into_inner().unwrap();
    let run = layout.kept.owner.loom(&["mirror", "gc", "oci-layout:images.tar"]).code(2);
    run.says(&["images.tar"]);
}
