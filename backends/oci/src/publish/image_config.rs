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
        layers: &[Digest],
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
        let diff_ids = layers.iter().map(|layer| format!("sha256:{layer}")).collect();
        Self { architecture, os, config, rootfs: LayerList { kind: "layers", diff_ids } }
    }

    /// Whether releases of a platform can be images.
    pub(super) fn can_be_of(platform: Platform) -> bool {
        go_platform(platform).0 == "linux"
    }
}
