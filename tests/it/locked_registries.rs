//! What locking a version of a registry costs, and what a locked version costs: requests are counted.

use std::{fs, time::Duration};

use loom_source::{Digest, Platform, contract::PublishedRelease};
use loom_test_support::{
    docker_registry::{DockerRegistry, RegistryAccess},
    release_images::ReleaseImages,
    token_realm::{RealmRules, TokenRealm},
};

use crate::{
    oci::{PREFIX, assets, prints, published, registry},
    support::{
        Packing, Plain, Sandbox,
        signer::{Signer, required, trust},
    },
};

/// The kinds of the requests after the first `before`, with their statuses.
pub(crate) fn kinds(registry: &DockerRegistry, before: usize) -> Vec<String> {
    let kind = |request: String| {
        let (head, status) = request.rsplit_once(' ').unwrap();
        let (method, path) = head.split_once(' ').unwrap();
        let kinds = ["/manifests/sha256:", "/manifests/", "/blobs/", "/tags/", "/referrers/"];
        let kind = kinds.into_iter().find(|kind| path.contains(kind)).unwrap_or("other");
        format!("{method} {} {status}", kind.trim_matches('/'))
    };
    registry.requests().split_off(before).into_iter().map(kind).collect()
}

/// A project that has locked 0.2.0 from a layout with this archive, and trusts its lock.
fn locking(archive: PublishedRelease) -> Sandbox {
    let layout = tempfile::tempdir().unwrap();
    ReleaseImages::with(&[archive], |_| None).write_layout(layout.path()).unwrap();
    let sandbox = Sandbox::new();
    sandbox.write(sandbox.project().join("loom.toml"), "[bridge]\nversion = \"0.2.0\"\n");
    let source = format!("oci-layout:{}", layout.path().display());
    sandbox.loom(&["lock", "--source", &source]).ok();
    sandbox.loom(&["trust"]).ok();
    sandbox
}

#[test]
fn a_locked_release_costs_one_request() {
    let released = published(&["0.2.0"]).remove(0);
    let (registry, source) = registry(&RegistryAccess::Open, &assets(&["0.1.0", "0.2.0"]));
    let sandbox = locking(released);
    let run = sandbox.loom(&["get", "--locked", "--source", &source]).ok();
    assert_eq!(run.path(), sandbox.link("0.2.0"));
    assert_eq!(kinds(&registry, 0), ["GET blobs 200"]);
    prints(&sandbox.loom(&["why", "0.2.0"]).ok(), &["archive, by the lock file", "(registry)"]);
    // It is here now: nothing is requested.
    sandbox.loom(&["get", "--locked", "--source", &source]).ok();
    assert_eq!(registry.requests().len(), 1);
    sandbox.verify();
}

#[test]
fn a_locked_release_of_a_registry_with_tokens_costs_a_challenge_and_a_token_more() {
    let realm = TokenRealm::start(RealmRules::Anonymous, Duration::from_secs(300));
    let access =
        RegistryAccess::Token { realm: realm.url.clone(), certificate: realm.certificate.clone() };
    let (registry, source) = registry(&access, &assets(&["0.2.0"]));
    let sandbox = locking(published(&["0.2.0"]).remove(0));
    sandbox.loom(&["get", "--locked", "--source", &source]).ok();
    assert_eq!(kinds(&registry, 0), ["GET blobs 401", "GET blobs 200"]);
    assert_eq!(realm.requests().len(), 1, "{:?}", realm.requests());
}

#[test]
fn what_a_registry_does_not_have_by_its_digest_is_looked_up() {
    // It has another version only.
    let (registry, source) = self::registry(&RegistryAccess::Open, &assets(&["0.1.0"]));
    let sandbox = locking(published(&["0.2.0"]).remove(0));
    let get = ["get", "--locked", "--source", &source];
    sandbox.loom(&get).code(3);
    let before = registry.requests().len();
    assert_eq!(kinds(&registry, 0)[..2], ["GET blobs 404", "GET manifests 404"]);
    // It has another archive under the version: the lock is told, and both digests.
    let bytes = published(&["0.1.0"]).remove(0).bytes.to_vec();
    let other = PublishedRelease::archive("0.2.0", bytes.clone());
    let images = ReleaseImages::with(&[other], |_| None);
    images.write_registry(&registry.data(), PREFIX).unwrap();
    let locked = Digest::of(&published(&["0.2.0"]).remove(0).bytes).to_string();
    sandbox.loom(&get).code(6).says(&[&locked, &Digest::of(&bytes).to_string(), "loom.lock"]);
    let requests = kinds(&registry, before);
    assert_eq!(requests, ["GET blobs 404", "GET manifests 200", "GET manifests/sha256: 200"]);
    // Another source is asked in its turn.
    let plain = Plain::of(&["0.2.0"]);
    let both = format!("{source},{}", plain.url());
    let mut sandbox = locking(published(&["0.2.0"]).remove(0));
    sandbox.set("LOOM_SOURCES", both).loom(&["get", "--locked"]).ok();
    sandbox.verify();
}

#[test]
fn a_lock_that_is_not_trusted_saves_no_request() {
    let (registry, source) = registry(&RegistryAccess::Open, &assets(&["0.2.0"]));
    let sandbox = locking(published(&["0.2.0"]).remove(0));
    let other = Sandbox::new();
    for file in ["loom.toml", "loom.lock"] {
        let text = fs::read_to_string(sandbox.project().join(file)).unwrap();
        other.write(other.project().join(file), &text);
    }
    other.loom(&["get", "0.2.0", "--source", &source]).ok();
    assert_eq!(
        kinds(&registry, 0),
        ["GET manifests 200", "GET manifests/sha256: 200", "GET blobs 200"]
    );
}

#[test]
fn locking_a_version_reads_its_index_once() {
    let of = |platform| {
        let mut released = published(&["0.2.0"]).remove(0);
        released.release.platform = platform;
        released
    };
    let platforms = [Platform::LinuxX86_64, Platform::MacosAarch64, Platform::WindowsX86_64];
    let images = ReleaseImages::with(&platforms.map(of), |_| None);
    let (registry, source) = registry(&RegistryAccess::Open, &images);
    let sandbox = Sandbox::new();
    sandbox.write(sandbox.project().join("loom.toml"), "[bridge]\nversion = \"0.2.0\"\n");
    let lock = ["lock", "--source", &source, "--json"];
    let locked = sandbox.loom(&lock).ok().json();
    assert_eq!(locked["platforms"].as_array().unwrap().len(), platforms.len(), "{locked}");
    let mut requests = kinds(&registry, 0);
    requests.sort_unstable();
    let manifest = "GET manifests/sha256: 200";
    assert_eq!(requests, ["GET manifests 200", manifest, manifest, manifest]);
    // A registry that does not answer is asked once, and named for each platform.
    drop(registry);
    let run = sandbox.loom(&[&lock[..3], &["--lock", "other.lock"]].concat()).code(5);
    run.says(&["manifests/0.2.0"]);
}

/// A registry that has the release 0.2.0 with a signature, and the key.
fn signed() -> (DockerRegistry, String, Signer) {
    let plain = Plain::of(&["0.2.0"]);
    let signer = Signer::new();
    signer.sign(&plain.asset("0.2.0", Packing::TarGz));
    let registry = DockerRegistry::start(&RegistryAccess::Open);
    let source = format!("oci://{}/team/loom", registry.address);
    let sandbox = Sandbox::new();
    sandbox.loom(&["mirror", "sync", "--from", &plain.url(), "--to", &source]).ok();
    (registry, source, signer)
}

#[test]
fn keys_cost_a_locked_release_nothing_unless_a_signature_is_required() {
    let (registry, source, signer) = signed();
    let sandbox = locking(published(&["0.2.0"]).remove(0));
    let keys = required(&[&signer.public]);
    let (rule, keys) = keys.split_once('\n').unwrap();
    trust(&sandbox, &source, keys);
    let before = registry.requests().len();
    sandbox.loom(&["get", "--locked"]).ok();
    assert_eq!(kinds(&registry, before), ["GET blobs 200"]);
    // What the lock does not vouch for is asked for with its signature.
    let stranger = Sandbox::new();
    trust(&stranger, &source, keys);
    let before = registry.requests().len();
    stranger.loom(&["get", "0.2.0"]).ok();
    let asked = kinds(&registry, before);
    assert!(asked.contains(&"GET referrers 404".to_owned()), "{asked:?}");
    // A rule that requires it holds for what is locked, too.
    let careful = locking(published(&["0.2.0"]).remove(0));
    trust(&careful, &source, &format!("{rule}\n{keys}"));
    let before = registry.requests().len();
    careful.loom(&["get", "--locked"]).ok();
    let asked = kinds(&registry, before);
    let signature =
        ["GET referrers 404", "GET manifests 200", "GET manifests/sha256: 200", "GET blobs 200"];
    // The lock names no image: the index says what signatures refer to, and the manifest is not needed.
    let expected = [&["GET manifests 200"][..], &signature, &["GET blobs 200"]];
    assert_eq!(asked, expected.concat());
    // Where the lock is from a registry it names the image: neither index nor manifest is asked for.
    let locked = Sandbox::new();
    locked.write(locked.project().join("loom.toml"), "[bridge]\nversion = \"0.2.0\"\n");
    locked.loom(&["lock", "--source", &source]).ok();
    locked.loom(&["trust"]).ok();
    trust(&locked, &source, &format!("{rule}\n{keys}"));
    let before = registry.requests().len();
    let run = locked.loom(&["get", "--locked", "-v"]).ok();
    run.says(&["find signatures of loom-bridge-server 0.2.0 ", ": 1 signature ("]);
    assert_eq!(kinds(&registry, before), [&signature[..], &["GET blobs 200"]].concat());
    let why = locked.loom(&["why", "0.2.0"]).ok().stdout();
    assert!(why.contains("minisign"), "{why}");
    let other = locking(published(&["0.2.0"]).remove(0));
    trust(&other, &source, &required(&[&Signer::new().public]));
    other.loom(&["get", "--locked"]).code(6);
}
