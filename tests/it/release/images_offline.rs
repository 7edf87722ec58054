//! Images behind an air gap: one file for `loom`, podman and skopeo, and one for Docker.

use loom_test_support::docker_registry::{DockerRegistry, RegistryAccess};
use serde_json::{Value, json};

use super::{
    images::{copy, digest},
    readers::{demand, serves},
};
use crate::support::{
    BINARY, DockerDaemon, PodmanMachine, Sandbox, platform,
    server_release::{self, VERSION},
    signer::{Signer, required, trust},
    tested_registry::reader_of,
};

fn registry() -> (DockerRegistry, String) {
    let registry = DockerRegistry::start(&RegistryAccess::Open);
    let url = format!("oci://{}/team/loom", registry.address);
    (registry, url)
}

/// Publishes the server with a signature to a signed registry; the root, and the digest of the version's index.
fn published(owner: &Sandbox, signer: &Signer, url: &str) -> (Value, String) {
    let init = ["mirror", "init", "--to", url, "--keys", "keys", "--timestamp", "--json"];
    let root = owner.loom(&init).ok().json();
    server_release::pack(owner);
    let asset = format!("dist/{BINARY}-{VERSION}-{}.tar.gz", platform());
    signer.sign(&owner.project().join(asset));
    let publish = ["release", "publish", "dist", "--json", "--runtime-layer", "auto", "--to", url];
    let keys = ["--key", "keys/index.pem", "--key", "keys/timestamp.pem"];
    let document = owner.loom(&[&publish[..], &keys].concat()).ok().json();
    (root, document["digest"].as_str().unwrap().to_owned())
}

/// Writes the images of the registry into a file twice, with the same bytes; its name.
fn bundled(owner: &Sandbox, url: &str, format: &str) -> String {
    let bundle = ["mirror", "bundle", "--from", url, "--version", VERSION, "--json", "--format"];
    let files = ["one", "other"].map(|name| format!("{format}-{name}.tar"));
    let [one, other] = files.each_ref().map(|file| {
        let document = owner.loom(&[&bundle[..], &[format, "--to", file]].concat()).ok().json();
        document["sha256"].clone()
    });
    assert_eq!(one, other);
    files[0].clone()
}

#[test]
fn images_travel_with_signatures_index_and_what_they_run_with() {
    let Some(podman) = PodmanMachine::new() else { return };
    let (outer, url) = registry();
    let (owner, signer) = (Sandbox::new(), Signer::new());
    let (root, index) = published(&owner, &signer, &url);
    let file = bundled(&owner, &url, "oci-layout");
    drop(outer);

    let path = owner.project().join(&file);
    let layout = format!("oci-layout:{}", path.display());
    let reader = Sandbox::new();
    trust(&reader, &layout, &required(&[&signer.public]));
    let sha256 = root["sha256"].as_str().unwrap();
    reader.loom(&["trust", "add-root", &format!("{layout}/root/1.json"), "--sha256", sha256]).ok();
    reader.loom(&["get", VERSION, "--offline"]).ok();
    let why = reader.loom(&["why", VERSION]).ok().stdout();
    assert!(why.contains("signed index, serial 2"), "{why}");
    let verified = reader.loom(&["mirror", "verify", &layout, "--json"]).ok().json();
    assert_eq!((&verified["sound"], &verified["signed"]["known"]), (&json!(true), &json!(true)));

    let archive = format!("oci-archive:{}:{VERSION}", path.display());
    let image = demand(podman.rooted(&["pull", "--quiet", &archive]));
    serves(&|args| podman.rooted(args), image.trim());

    // skopeo takes image and index to an inner registry.
    let (inner, inside) = registry();
    let tag = |registry: &DockerRegistry| {
        format!("docker://{}/team/loom/{BINARY}:{VERSION}", registry.address)
    };
    copy(&owner, &format!("oci-archive:{file}:{VERSION}"), &tag(&inner));
    assert_eq!(digest(&owner, &tag(&inner)), index);
    for paper in ["loom-index", "loom-timestamp", "loom-root-1"] {
        let to = format!("docker://{}/team/loom:{paper}", inner.address);
        copy(&owner, &format!("oci-archive:{file}:{paper}"), &to);
    }
    let user = reader_of(&inside, &root);
    user.loom(&["get"]).ok();
    let why = user.loom(&["why", VERSION]).ok().stdout();
    assert!(why.contains("signed index, serial 2"), "{why}");

    // `loom` takes the image with its signatures.
    let (inner, inside) = registry();
    owner.loom(&["mirror", "sync", "--from", &layout, "--to", &inside]).ok();
    assert_eq!(digest(&owner, &tag(&inner)), index);
    let user = Sandbox::new();
    trust(&user, &inside, &required(&[&signer.public]));
    user.loom(&["get", VERSION]).ok();
}

#[test]
fn docker_loads_a_bundle() {
    let Some(docker) = DockerDaemon::start() else { return };
    let (_registry, url) = registry();
    let (owner, signer) = (Sandbox::new(), Signer::new());
    published(&owner, &signer, &url);
    let file = owner.project().join(bundled(&owner, &url, "docker-archive"));
    let image = format!("{BINARY}:{VERSION}");
    let loaded = demand(docker.docker(&["load", "--input", file.to_str().unwrap()]));
    assert!(loaded.contains(&image), "{loaded}");
    serves(&|args| docker.docker(args), &image);

    let bundle =
        ["mirror", "bundle", "--format", "docker-archive", "--from", &url, "--to", "x.tar"];
    let two = ["--platform", "linux-x86_64", "--platform", "linux-aarch64"];
    owner.loom(&[&bundle[..], &two].concat()).code(2).says(&["one platform"]);
}
