//! [`TestedRegistry`]: the registries of the tests, and those who read them.

use std::fs;

use loom_test_support::{
    docker_registry::{DockerRegistry, RegistryAccess},
    ferro_registry::FerroRegistry,
    release_images::ReleaseImages,
};
use serde_json::json;

use super::{Sandbox, SignedDepot};

/// Two registries with nothing in common: one without referrers and with ranges, one with referrers and without ranges.
#[derive(Debug)]
pub enum TestedRegistry {
    Docker(DockerRegistry),
    Ferro(FerroRegistry),
}

impl TestedRegistry {
    pub fn docker() -> Self {
        Self::Docker(DockerRegistry::start(&RegistryAccess::Open))
    }

    pub fn ferro() -> Self {
        Self::Ferro(FerroRegistry::start())
    }

    pub fn address(&self) -> String {
        match self {
            Self::Docker(registry) => registry.address.clone(),
            Self::Ferro(registry) => registry.address.to_string(),
        }
    }

    pub fn url(&self) -> String {
        format!("oci://{}/team/loom", self.address())
    }

    /// Lets a reserved tag name an artifact with these layers.
    pub fn put(&self, tag: &str, layers: &[&[u8]]) {
        let mut images = ReleaseImages::default();
        let empty = images.add_blob(b"{}".to_vec());
        let layer = |bytes: &&[u8]| {
            let digest = images.add_blob(bytes.to_vec());
            json!({"mediaType": "application/json", "digest": format!("sha256:{digest}"), "size": bytes.len()})
        };
        let layers: Vec<_> = layers.iter().map(layer).collect();
        let manifest = images.add_document(&json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "artifactType": "application/vnd.loom.mirror.v1",
            "config": {
                "mediaType": "application/vnd.oci.empty.v1+json", "digest": format!("sha256:{empty}"), "size": 2,
            },
            "layers": layers,
        }));
        images.tags.insert(("loom".to_owned(), tag.to_owned()), manifest);
        images.push(&self.address(), "team");
    }

    /// Publishes a document of a mirror in a folder.
    pub fn publish(&self, mirror: &SignedDepot, tag: &str, path: &str) {
        self.put(tag, &[&fs::read(mirror.depot.path().join(path)).unwrap()]);
    }
}

/// Makes the registry the one source of a sandbox.
pub fn configure(sandbox: &Sandbox, url: &str) {
    let table = format!("[[sources]]\ntype = \"oci\"\nurl = \"{url}\"\n");
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), &table);
}

/// A sandbox that is given the root of a mirror by its address.
pub fn reader_of(url: &str, root: &serde_json::Value) -> Sandbox {
    let reader = Sandbox::new();
    configure(&reader, url);
    let sha256 = root["sha256"].as_str().unwrap();
    let file = format!("{url}/root/1.json");
    reader.loom(&["trust", "add-root", &file, "--sha256", sha256]).ok();
    reader
}
