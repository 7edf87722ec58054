//! The configuration of an image.

use std::collections::BTreeMap;

use loom_source::{Digest, Platform, Statement};
use serde::Serialize;

use super::runtime_layer::USER;
use crate::mapping::go_platform;

/// The binary whose image serves on a port.
const SERVER: &str = "loom-bridge-server";

/// The address that the server listens on in a container, and its port.
const SERVER_ADDRESS: &str = "LOOM_BRIDGE_ADDR=0.0.0.0:50051";
const SERVER_PORT: &str = "50051/tcp";

/// The configuration of an image.
#[derive(Serialize)]
pub(super) struct ImageConfig {
    architecture: &'static str,
    os: &'static str,
    config: RunConfig,
    rootfs: LayerList,
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
    working_dir: &'static str,
    labels: BTreeMap<&'static str, String>,
    stop_signal: &'static str,
}

/// `{}`
#[derive(Serialize)]
struct NoSettings {}

#[derive(Serialize)]
struct LayerList {
    #[serde(rename = "type")]
    kind: &'static str,
    diff_ids: Vec<String>,
}

impl ImageConfig {
    /// The configuration of the image of a release whose program is at `entrypoint`.
    pub(super) fn new(statement: &Statement, entrypoint: String, layers: &[Digest]) -> Self {
        let Statement { binary, version, platform, .. } = statement;
        let (os, architecture) = go_platform(*platform);
        let serves = binary.as_ref() == SERVER;
        let labels = [
            ("org.opencontainers.image.title", binary.to_string()),
            ("org.opencontainers.image.version", version.to_string()),
        ];
        let config = RunConfig {
            user: USER,
            exposed_ports: serves.then_some((SERVER_PORT, NoSettings {})).into_iter().collect(),
            env: serves.then_some(SERVER_ADDRESS).into_iter().collect(),
            entrypoint: vec![entrypoint],
            working_dir: "/",
            labels: labels.into(),
            stop_signal: "SIGTERM",
        };
        let diff_ids = layers.iter().map(|layer| format!("sha256:{layer}")).collect();
        Self { architecture, os, config, rootfs: LayerList { kind: "layers", diff_ids } }
    }

    /// Whether releases of a platform can be images.
    pub(super) fn can_be_of(platform: Platform) -> bool {
        go_platform(platform).0 == "linux"
    }
}
