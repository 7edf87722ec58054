//! Signed registries as sources: what their index decides, and which indexes are refused.

use std::{fs, time::SystemTime};

use loom_base::time::format_rfc3339;
use loom_source::{
    Index, IndexTimestamp,
    record::{IndexPayload, SignedDocument, SignedKind},
};

use crate::support::{
    MirrorKeys, Sandbox, SignedDepot, TestedRegistry,
    signed_depot::{DAY, role},
    tested_registry::configure,
};

/// A mirror in a folder, the same in a registry, and a user who knows its first root.
struct SignedRegistry {
    mirror: SignedDepot,
    registry: TestedRegistry,
    reader: Sandbox,
}

impl SignedRegistry {
    fn new(registry: TestedRegistry, versions: &[&str]) -> Self {
        let mirror = SignedDepot::of(versions);
        let sandbox = Sandbox::new();
        let sync = ["mirror", "sync", "--from", &mirror.url(), "--to", &registry.url()];
        sandbox.loom(&sync).ok();
        registry.publish(&mirror, "loom-root-1", "root/1.json");
        registry.publish(&mirror, "loom-index", Index::PATH);
        let reader = Sandbox::new();
        let (file, sha256) = mirror.anchor();
        configure(&reader, &registry.url());
        reader.loom(&["trust", "add-root", &file, "--sha256", &sha256]).ok();
        Self { mirror, registry, reader }
    }

    /// Signs an index with the serial 2, changed as the function does, and publishes it.
    fn sign(&mut self, change: impl FnOnce(&mut IndexPayload)) {
        self.mirror.serial = 2;
        self.mirror.sign_with(change);
        self.publish_index();
    }

    fn publish_index(&self) {
        self.registry.publish(&self.mirror, "loom-index", Index::PATH);
    }

    #[track_caller]
    fn lists(&self, versions: &[&str]) {
        let run = self.reader.loom(&["list", "--remote", "--json"]).ok();
        let document = run.json();
        let releases = document["releases"].as_array().unwrap().iter();
        let mut listed: Vec<&str> = releases.map(|one| one["version"].as_str().unwrap()).collect();
        listed.sort_unstable();
        assert_eq!(listed, versions);
    }
}

#[test]
fn a_signed_index_in_a_registry_decides_which_versions_there_are() {
    for registry in [TestedRegistry::docker(), TestedRegistry::ferro()] {
        let mut signed = SignedRegistry::new(registry, &["0.1.0", "0.2.0"]);
        signed.lists(&["0.1.0", "0.2.0"]);
        signed.reader.loom(&["get"]).ok();
        let why = signed.reader.loom(&["why", "0.2.0"]).ok().stdout();
        assert!(why.contains("signed index, serial 1 of mirror"), "{why}");
        // A tag that the index does not name is none, and a version that it withdraws is used by its number only.
        signed.sign(|payload| payload.releases.retain(|one| one.version.to_string() == "0.1.0"));
        signed.lists(&["0.1.0"]);
        let reader = &signed.reader;
        reader.loom(&["remove", "0.2.0", "--forget"]).ok();
        reader.loom(&["get", "0.2.0"]).code(3);
        signed.mirror.serial = 3;
        signed.mirror.sign_with(|payload| payload.releases[1].yanked = true);
        signed.publish_index();
        signed.lists(&["0.1.0"]);
        for verbose in [&[][..], &["-v"]] {
            signed.reader.loom(&["remove", "0.2.0", "--forget"]);
            let get = [&["get", "0.2.0"][..], verbose].concat();
            signed.reader.loom(&get).ok().says(&["has withdrawn"]);
        }
        if let TestedRegistry::Docker(registry) = &signed.registry {
            let requests = registry.requests();
            let begin = requests.iter().rposition(|one| one.starts_with("PUT ")).unwrap();
            let lists = requests[begin..].iter().filter(|one| one.contains("tags/list"));
            assert_eq!(lists.count(), 0, "{requests:?}");
        }
        // Without a root, the reserved tags are no versions.
        let stranger = Sandbox::new();
        configure(&stranger, &signed.registry.url());
        let list = stranger.loom(&["list", "--remote"]).ok().stdout();
        assert!(list.contains("0.2.0") && !list.contains("loom-"), "{list}");
    }
}

/// What a hostile registry shows, the exit code of a reader, and what it says.
type Attack = (fn(&mut SignedRegistry), i32, &'static str);

const ATTACKS: [Attack; 11] = [
    (wrong_signature, 6, "expected signatures of 1 of the 1 keys"),
    (no_signature, 6, "got 0"),
    (rolled_back, 6, "expected serial 2 of root 1 or a later one, got serial 1"),
    (two_indexes, 6, "two indexes have serial 2"),
    (expired, 5, "the index expired at"),
    (older_root, 5, "got one of the older root 1"),
    (forged_root, 6, "root/2.json"),
    (no_timestamp, 5, "it has no timestamp"),
    (other_index_than_stamped, 6, "expected the index that the timestamp names"),
    (two_layers, 5, "expected one layer, got 2"),
    (a_page, 5, "returned an HTML page instead of a file"),
];

fn wrong_signature(signed: &mut SignedRegistry) {
    signed.mirror.sign_payload(&signed.mirror.payload(), &MirrorKeys::default().index);
    signed.publish_index();
}

fn no_signature(signed: &mut SignedRegistry) {
    let payload = signed.mirror.payload().to_payload();
    let bytes = SignedDocument::unsigned(payload).to_bytes(SignedKind::Index);
    signed.registry.put("loom-index", &[&bytes]);
}

fn rolled_back(signed: &mut SignedRegistry) {
    signed.mirror.serial = 1;
    signed.mirror.sign();
    signed.publish_index();
}

fn two_indexes(signed: &mut SignedRegistry) {
    signed.sign(|payload| payload.releases.clear());
}

fn expired(signed: &mut SignedRegistry) {
    signed.mirror.serial = 3;
    signed.mirror.sign_with(|payload| {
        payload.issued = Some(format_rfc3339(SystemTime::now() - 9 * DAY));
        payload.expires = Some(format_rfc3339(SystemTime::now() - DAY));
    });
    signed.publish_index();
}

fn older_root(signed: &mut SignedRegistry) {
    signed.mirror.new_root(|_| {});
    signed.registry.publish(&signed.mirror, "loom-root-2", "root/2.json");
}

fn forged_root(signed: &mut SignedRegistry) {
    let keys = std::mem::take(&mut signed.mirror.keys);
    signed.mirror.new_root(|_| {});
    signed.mirror.sign();
    signed.registry.publish(&signed.mirror, "loom-root-2", "root/2.json");
    signed.publish_index();
    drop(keys);
}

fn no_timestamp(signed: &mut SignedRegistry) {
    let timestamp = role(&[&signed.mirror.keys.timestamp], 1);
    signed.mirror.new_root(|root| root.roles.timestamp = Some(timestamp));
    signed.mirror.sign();
    signed.registry.publish(&signed.mirror, "loom-root-2", "root/2.json");
    signed.publish_index();
}

fn other_index_than_stamped(signed: &mut SignedRegistry) {
    no_timestamp(signed);
    let mut other = signed.mirror.payload();
    other.releases.clear();
    let stamp = signed.mirror.timestamp(&other);
    signed.mirror.put_timestamp(&stamp, &signed.mirror.keys.timestamp);
    signed.registry.publish(&signed.mirror, "loom-timestamp", IndexTimestamp::PATH);
}

fn two_layers(signed: &mut SignedRegistry) {
    let bytes = fs::read(signed.mirror.depot.path().join(Index::PATH)).unwrap();
    signed.registry.put("loom-index", &[&bytes, b"more"]);
}

fn a_page(signed: &mut SignedRegistry) {
    signed.registry.put("loom-index", &[b"<!doctype html><title>login</title>"]);
}

#[test]
fn a_hostile_index_in_a_registry_is_refused() {
    for (number, (attack, code, text)) in ATTACKS.into_iter().enumerate() {
        let mut signed = SignedRegistry::new(TestedRegistry::docker(), &["0.1.0", "0.2.0"]);
        signed.sign(|_| {});
        signed.lists(&["0.1.0", "0.2.0"]);
        attack(&mut signed);
        let run = signed.reader.loom(&["list", "--remote"]).code(code);
        let said = format!("{}{}", run.stdout(), run.stderr());
        assert!(said.contains(text), "attack {number}: expected {text:?}: {said}");
        let run = signed.reader.loom(&["get"]);
        assert!([5, 6].contains(&run.exit()), "attack {number}: {run:?}");
        assert!(signed.reader.trees().is_empty(), "attack {number}");
    }
}

#[test]
fn a_registry_without_the_index_that_is_required_is_not_asked_for_its_tags() {
    let mirror = SignedDepot::of(&["0.2.0"]);
    let registry = TestedRegistry::docker();
    let sandbox = Sandbox::new();
    sandbox.loom(&["mirror", "sync", "--from", &mirror.url(), "--to", &registry.url()]).ok();
    configure(&sandbox, &registry.url());
    let (file, sha256) = mirror.anchor();
    sandbox.loom(&["trust", "add-root", &file, "--sha256", &sha256]).ok();
    let TestedRegistry::Docker(docker) = &registry else { panic!("it is docker-registry") };
    let before = docker.requests().len();
    for command in [&["list", "--remote"][..], &["get"], &["get", "0.2.0"]] {
        sandbox.loom(command).code(5).says(&["it has no index"]);
    }
    let requests = docker.requests().split_off(before);
    let is_document = |one: &String| one.contains("/v2/team/loom/manifests/loom-");
    assert!(requests.iter().all(is_document), "{requests:?}");
}
