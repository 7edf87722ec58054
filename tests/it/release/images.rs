//! `loom release publish` and `loom mirror push` to registries and image layouts, judged by skopeo.

use std::{fs, path::Path};

use loom_source::Digest;
use loom_test_support::docker_registry::{DockerRegistry, RegistryAccess};
use serde_json::Value;

use super::{PLATFORMS, asset, packed, tool};
use crate::support::{
    BINARY, Packing, Plain, Sandbox,
    signer::{Signer, required, trust},
};

/// The repository of the tests.
const REPOSITORY: &str = "team/loom/loom-bridge-server";

/// A registry, and the address that releases are published to.
fn registry() -> (DockerRegistry, String) {
    let registry = DockerRegistry::start(&RegistryAccess::Open);
    let to = format!("oci://{}/team/loom", registry.address);
    (registry, to)
}

/// The manifest or index at a path of skopeo's `docker://` transport.
fn raw(sandbox: &Sandbox, image: &str) -> Value {
    let inspect = ["skopeo", "inspect", "--raw", "--tls-verify=false", image];
    serde_json::from_str(&tool(sandbox, &sandbox.project(), &inspect)).unwrap()
}

/// The digest of an index, as skopeo computes it.
pub(super) fn digest(sandbox: &Sandbox, image: &str) -> String {
    let file = sandbox.project().join("index");
    let inspect = ["skopeo", "inspect", "--raw", "--tls-verify=false", image];
    fs::write(&file, tool(sandbox, &sandbox.project(), &inspect)).unwrap();
    tool(sandbox, &sandbox.project(), &["skopeo", "manifest-digest", "index"]).trim().to_owned()
}

/// Copies an image with all platforms, as they are.
pub(super) fn copy(sandbox: &Sandbox, from: &str, to: &str) {
    let copy = ["skopeo", "copy", "--insecure-policy", "--quiet", "--all", "--preserve-digests"];
    let insecure = ["--src-tls-verify=false", "--dest-tls-verify=false", from, to];
    tool(sandbox, &sandbox.project(), &[&copy[..], &insecure].concat());
}

#[test]
fn one_tag_is_a_release_and_an_image_wherever_it_is_copied() {
    let (sandbox, dist) = packed("0.2.0");
    let signer = Signer::new();
    signer.sign(&dist.join("SHA256SUMS"));
    signer.sign(&dist.join(asset("0.2.0", "linux-x86_64")));
    let (registry, to) = registry();
    let publish = ["release", "publish", "dist", "--to", &to];
    let document = sandbox.loom(&[&publish[..], &["--json"]].concat()).ok().json();
    assert_eq!(document["uploaded"].as_array().unwrap().len(), PLATFORMS.len(), "{document}");
    assert_eq!(document["url"], format!("oci://{}/{REPOSITORY}:0.2.0", registry.address));

    let image = format!("docker://{}/{REPOSITORY}:0.2.0", registry.address);
    assert_eq!(document["digest"], digest(&sandbox, &image));
    let inspect = ["skopeo", "inspect", "--config", "--tls-verify=false", "--override-arch=amd64"];
    let config = tool(
        &sandbox,
        &sandbox.project(),
        &[&inspect[..], &["--override-os=linux", &image]].concat(),
    );
    let config: Value = serde_json::from_str(&config).unwrap();
    assert_eq!(config["config"]["User"], "65532:65532");
    let entry = config["config"]["Entrypoint"][0].as_str().unwrap();
    assert!(entry.ends_with(BINARY), "{entry}");
    let index = raw(&sandbox, &image);
    assert_eq!(index["manifests"].as_array().unwrap().len(), PLATFORMS.len());

    // Through a folder into another registry: the digest stays.
    copy(&sandbox, &image, "oci:images:0.2.0");
    let (other, elsewhere) = self::registry();
    let copied = format!("docker://{}/{REPOSITORY}:0.2.0", other.address);
    copy(&sandbox, "oci:images:0.2.0", &copied);
    assert_eq!(document["digest"], digest(&sandbox, &copied));
    let layout = format!("oci-layout:{}", sandbox.project().join("images").display());
    for source in [&elsewhere, &layout] {
        let user = Sandbox::new();
        user.loom(&["get", "0.2.0", "--source", source]).ok();
    }

    // The signatures are in the first registry.
    let user = Sandbox::new();
    trust(&user, &to, &required(&[&signer.public]));
    let before = registry.requests().len();
    user.loom(&["get", "0.2.0"]).ok();
    // A list of referrers, which this registry keeps under a tag; a manifest and a blob for each of the two signatures, and
    // the file that one of them is about.
    let requests = registry.requests().split_off(before);
    let count = |part: &str| requests.iter().filter(|request| request.contains(part)).count();
    assert_eq!(count("/manifests/0.2.0 "), 1, "{requests:?}");
    assert_eq!((count("/referrers/"), count("/manifests/sha256-")), (1, 1), "{requests:?}");
    assert_eq!(count("/manifests/sha256:"), 1 + 2, "{requests:?}");
    assert_eq!(count("/blobs/"), 1 + 2 + 1, "{requests:?}");
    assert_eq!(requests.len(), 10, "{requests:?}");
    user.loom(&["get", "0.2.0"]).ok();
    assert_eq!(registry.requests().len(), before + 10, "what is here and signed costs nothing");
    let stranger = Sandbox::new();
    trust(&stranger, &to, &required(&[&Signer::new().public]));
    stranger.loom(&["get", "0.2.0"]).code(6);
    let check = ["release", "check", &to, "0.2.0", "--key", &signer.public];
    sandbox.loom(&check).ok();
}

#[test]
fn a_version_is_published_once() {
    let (sandbox, dist) = packed("0.2.0");
    let (registry, to) = registry();
    let publish = ["release", "publish", "dist", "--to", &to];
    sandbox.loom(&publish).ok();
    let before = registry.requests().len();
    let again = sandbox.loom(&publish).ok().stdout();
    assert!(again.contains("was published already") && again.contains("5 unchanged"), "{again}");
    let requests = registry.requests().split_off(before);
    // Whether the registry is signed, then the tag.
    let [index, tag] = requests.as_slice() else { panic!("{requests:?}") };
    assert!(index.starts_with("GET ") && index.ends_with("/loom-index 404"), "{requests:?}");
    assert!(tag.starts_with("HEAD "), "{requests:?}");
    // A signature that is made later is added.
    Signer::new().sign(&dist.join(asset("0.2.0", "linux-x86_64")));
    let later = sandbox.loom(&[&publish[..], &["--json"]].concat()).ok().json();
    assert_eq!(later["uploaded"], serde_json::json!([asset("0.2.0", "linux-x86_64")]));
    // A version that is taken stays as it is.
    let program = sandbox.project().join("builds/linux-x86_64/loom-bridge-server");
    let mut other = fs::read(&program).unwrap();
    other.extend(b"other");
    fs::write(&program, other).unwrap();
    super::pack(&sandbox, "0.2.0", "other").ok();
    let publish = ["release", "publish", "other", "--to", &to];
    let run = sandbox.loom(&publish).code(6);
    run.says(&["another image for linux-x86_64", "expected sha256:", "got sha256:"]);
    for useless in [&["--notes", "x"][..], &["--key", "k"], &["--tag", "v1"]] {
        sandbox.loom(&[&publish[..], useless].concat()).code(2);
    }
}

#[test]
fn releases_of_the_store_are_put_into_a_layout() {
    let plain = Plain::of(&["0.1.0", "0.2.0"]);
    let sandbox = Sandbox::new();
    sandbox.write_user_config("[store]\nkeep_archives = true\n");
    for version in ["0.1.0", "0.2.0"] {
        sandbox.loom(&["get", version, "--source", &plain.url()]).ok();
    }
    let push = ["mirror", "push", "--to", "oci-layout:images", BINARY];
    let document = sandbox.loom(&[&push[..], &["--json"]].concat()).ok().json();
    assert_eq!(document["images"].as_array().unwrap().len(), 2, "{document}");
    let archive = Digest::of(&fs::read(plain.asset("0.2.0", Packing::TarGz)).unwrap());
    let layer = sandbox.project().join(format!("images/blobs/sha256/{archive}"));
    assert!(layer.exists(), "the archive that the store keeps is the layer of an image");
    let again = sandbox.loom(&push).ok().stdout();
    assert_eq!(again.matches("is up to date").count(), 2, "{again}");
    let layout = format!("oci-layout:{}", sandbox.project().join("images").display());
    let user = Sandbox::new();
    user.loom(&["get", "--offline", "--source", &layout]).ok();
    assert!(user.link("0.2.0").exists());
    let list = user.loom(&["list", "--remote", "--source", &layout]).ok().stdout();
    assert!(list.contains("0.1.0"), "{list}");
    assert!(Path::new(&user.link("0.2.0")).exists());
    let run = sandbox.loom(&[&push[..], &["--key", "k"]].concat()).code(2);
    run.says(&["cannot use the key"]);
}

#[test]
fn a_registry_gets_what_a_source_has() {
    let plain = Plain::of(&["0.1.0", "0.2.0"]);
    let (registry, to) = registry();
    let sandbox = Sandbox::new();
    let statements = |from: &str, to: &str| {
        let sync = ["mirror", "sync", "--from", from, "--to", to, "--json"];
        let document = sandbox.loom(&sync).ok().json();
        let copied = document["copied"].as_array().unwrap().iter();
        let mut statements: Vec<_> = copied.map(|one| one["statement"].to_string()).collect();
        statements.sort();
        statements
    };
    let first = statements(&plain.url(), "./mirror");
    assert_eq!(first.len(), 2);
    assert_eq!(statements("./mirror", &to), first, "statements are copied as they are");
    let before = registry.requests().len();
    assert!(statements("./mirror", &to).is_empty());
    let requests = registry.requests().split_off(before);
    assert!(requests.iter().all(|request| request.starts_with("GET ")), "{requests:?}");
    let user = Sandbox::new();
    user.loom(&["get", "0.1.0", "--source", &to]).ok();
    // What a registry has, another gets.
    let (_other, elsewhere) = self::registry();
    assert_eq!(statements(&to, &elsewhere), first);
}

#[test]
fn images_travel_in_one_file() {
    let plain = Plain::of(&["0.2.0"]);
    let (registry, to) = registry();
    let sandbox = Sandbox::new();
    sandbox.loom(&["mirror", "sync", "--from", &plain.url(), "--to", &to]).ok();
    let bundle = ["mirror", "bundle", "--format", "oci-layout", "--from", &to];
    let bundle = [&bundle[..], &["--version", "0.2.0", "--json", "--to"]].concat();
    let digest = |file: &str| {
        let document = sandbox.loom(&[&bundle[..], &[file]].concat()).ok().json();
        document["sha256"].as_str().unwrap().to_owned()
    };
    assert_eq!(digest("a.tar"), digest("b.tar"));
    let file = sandbox.project().join("a.tar");
    let user = Sandbox::new();
    let source = format!("oci-layout:{}", file.display());
    user.loom(&["get", "0.2.0", "--offline", "--source", &source]).ok();
    // skopeo takes it to an inner registry, with the same digest.
    let (other, elsewhere) = self::registry();
    let inner = format!("docker://{}/{REPOSITORY}:0.2.0", other.address);
    // It gives the files that it unpacks to their owner, which only root may.
    let from = if rustix::process::geteuid().is_root() {
        "oci-archive:a.tar:0.2.0"
    } else {
        fs::create_dir(sandbox.project().join("unpacked")).unwrap();
        tool(&sandbox, &sandbox.project(), &["tar", "-xf", "a.tar", "-C", "unpacked"]);
        "oci:unpacked:0.2.0"
    };
    copy(&sandbox, from, &inner);
    let outer = format!("docker://{}/{REPOSITORY}:0.2.0", registry.address);
    assert_eq!(self::digest(&sandbox, &inner), self::digest(&sandbox, &outer));
    Sandbox::new().loom(&["get", "0.2.0", "--source", &elsewhere]).ok();
    sandbox.loom(&[&bundle[..], &["c.tar", "--with-loom"]].concat()).code(2);
}
