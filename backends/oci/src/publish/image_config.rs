//! The configuration of an image.

use std::collections::BTreeMap;

use loom_source::{Digest, Platform, Statement};
use serde::Serialize;

use super::{runtime_layer::USER, source_revision::SourceRevision};
use crate::mapping::{REVISION, TITLE, VERSION, go_platform};

/// The binary whose image serves on a port.
const SERVER: &str = "loom-bridge-server";

/// The address that the server listens on in a container, and its port.
const SERVER_ADDRESS: &str = "LOOM_BRIDGE_ADDR=0.0.0.0:50051";
const SERVER_PORT: &str = "50051/tcp";

/// How often Docker asks the server whether it serves, and how long it waits for the answer, in nanoseconds. The server
/// gives up after five seconds.
const HEALTH_INTERVAL: u64 = 10_000_000_000;
const HEALTH_TIMEOUT: u64 = 6_000_000_000;

/// The configuration of an image.
#[derive(Serialize)]
pub(super) struct ImageConfig {
    architecture: &'static str,
    os: &'static str,
    config: RunConfig,
    rootfs: LayerList,
    history: Vec<LayerHistory>,
}

/// How the program is run.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RunConfig {
    user: &'static str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    exposed_ports: BTreeMap<&'static str, NoSettings>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    env: Vec<&'static str>,
    entrypoint: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    healthcheck: Option<HealthCheck>,
    working_dir: &'static str,
    labels: BTreeMap<&'static str, String>,
    stop_signal: &'static str,
}

/// How an engine asks whether the program is healthy: an extension of Docker, which others leave out.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct HealthCheck {
    test: [String; 3],
    interval: u64,
    timeout: u64,
}

/// `{}`
#[derive(Serialize)]
struct NoSettings {}

/// What a layer has, for display: the specification allows that it is left out, but buildah, which podman builds images
/// with, takes no image as a base that has not one entry for each layer.
#[derive(Serialize)]
struct LayerHistory {
    created_by: String,
}

/// A layer of an image, as its configuration names it.
pub(super) struct ConfiguredLayer {
    /// The digest of its tar archive.
    pub(super) diff_id: Digest,
    /// What it has, display only.
    pub(super) content: String,
}

#[derive(Serialize)]
struct LayerList {
    #[serde(rename = "type")]
    kind: &'static str,
    diff_ids: Vec<String>,
}

impl ImageConfig {
    /// The configuration of the image of a release whose program is at `entrypoint`.
    pub(super) fn new(
        statement: &Statement,
        entrypoint: String,
        layers: &[ConfiguredLayer],
        revision: Option<&SourceRevision>,
    ) -> Self {
        let Statement { binary, version, platform, .. } = statement;
        let (os, architecture) = go_platform(*platform);
        let serves = binary.as_ref() == SERVER;
        let mut labels: BTreeMap<_, _> =
            [(TITLE, binary.to_string()), (VERSION, version.to_string())].into();
        labels.extend(revision.map(|revision| (REVISION, revision.to_string())));
        let healthcheck = serves.then(|| HealthCheck {
            test: ["CMD".to_owned(), entrypoint.clone(), "--health".to_owned()],
            interval: HEALTH_INTERVAL,
            timeout: HEALTH_TIMEOUT,
        });
        let config = RunConfig {
            user: USER,
            exposed_ports: serves.then_some((SERVER_PORT, NoSettings {})).into_iter().collect(),
            env: serves.then_some(SERVER_ADDRESS).into_iter().collect(),
            entrypoint: vec![entrypoint],
            healthcheck,
            working_dir: "/",
            labels,
            stop_signal: "SIGTERM",
        };
        let diff_ids = layers.iter().map(|layer| format!("sha256:{}", layer.diff_id)).collect();
        let history = layers.iter().map(|layer| LayerHistory { created_by: layer.content.clone() });
        let rootfs = LayerList { kind: "layers", diff_ids };
        Self { architecture, os, config, rootfs, history: history.collect() }
    }

    /// Whether releases of a platform can be images.
    pub(super) fn can_be_of(platform: Platform) -> bool {
        go_platform(platform).0 == "linux"
    }
}

#[cfg(test)]
mod tests {
    use loom_source::Authority;
    use serde_json::{Value, json};

    use super::*;

    /// The configuration of an image of a binary with two layers.
    fn config(binary: &str, revision: Option<&SourceRevision>) -> Value {
        let statement = Statement {
            authority: Authority::default(),
            binary: binary.parse().unwrap(),
            version: "0.2.0".parse().unwrap(),
            platform: Platform::LinuxX86_64,
            tree: Digest::of(b"tree"),
            entry: binary.to_owned(),
            archives: Vec::new(),
            published: None,
            critical: Vec::new(),
        };
        let layer = |text: &str| ConfiguredLayer {
            diff_id: Digest::of(text.as_bytes()),
            content: text.to_owned(),
        };
        let layers = ["below", "archive"].map(layer);
        let config = ImageConfig::new(&statement, format!("/{binary}"), &layers, revision);
        serde_json::to_value(config).unwrap()
    }

    #[test]
    fn only_the_server_has_a_port_and_a_question_for_its_health() {
        let server = config(SERVER, None);
        let run = &server["config"];
        assert_eq!(run["ExposedPorts"], json!({"50051/tcp": {}}));
        assert_eq!(run["Healthcheck"]["Test"], json!(["CMD", "/loom-bridge-server", "--health"]));
        assert_eq!(run["Healthcheck"]["Interval"], 10_000_000_000_u64);
        let loom = config("loom", None);
        let run = loom["config"].as_object().unwrap();
        for absent in ["ExposedPorts", "Healthcheck", "Env"] {
            assert!(!run.contains_key(absent), "{absent}");
        }
        assert_eq!((&run["Entrypoint"], &run["User"]), (&json!(["/loom"]), &json!("65532:65532")));
    }

    #[test]
    fn every_layer_has_an_entry_in_the_history() {
        let config = config("loom", None);
        assert_eq!(config["history"], json!([{"created_by": "below"}, {"created_by": "archive"}]));
        assert_eq!(config["rootfs"]["diff_ids"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn a_known_commit_is_a_label() {
        let commit = "0123456789012345678901234567890123456789";
        let labels = |revision: Option<&SourceRevision>| {
            config("loom", revision)["config"]["Labels"].clone()
        };
        assert_eq!(labels(Some(&commit.parse().unwrap()))[REVISION], commit);
        assert_eq!(labels(None)[REVISION], Value::Null);
    }
}
