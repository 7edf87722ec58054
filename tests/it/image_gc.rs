//! `loom mirror gc` of registries.

use std::{fs, path::PathBuf};

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
        let is_oldest = |one: &&Value| one["image"].as_str().unwrap().ends_with(":0.1.0");
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
