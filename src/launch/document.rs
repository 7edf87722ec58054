//! What is said about a running runtime, to people's programs and between our own processes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::LaunchKind;

/// The document of `up --json`. Shapes are promised: fields may be added, none removed or changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuntimeDocument {
    /// 1.
    pub schema: u32,
    /// `0.2.0`, `dev`.
    pub version: String,
    /// SHA-256 of the tree the program lies in.
    pub tree: Option<String>,
    /// The program's name, such as `loom-bridge-server`.
    pub binary: String,
    /// The program that runs.
    pub program: String,
    /// The server's process; `None` until it is started.
    pub pid: Option<u32>,
    /// Its supervisor's process.
    pub supervisor_pid: u32,
    /// Where gRPC is served; `None` until it answers.
    pub bridge: Option<BridgeAddress>,
    /// Where the dashboard is; `None` when off.
    pub dashboard: Option<DashboardAddress>,
    /// The log file.
    pub log: String,
}

/// Where gRPC is served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BridgeAddress {
    /// `host:port`
    pub address: String,
}

/// Where the dashboard is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DashboardAddress {
    /// Such as `http://127.0.0.1:3030`.
    pub url: String,
}

/// What a runtime is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuntimeState {
    /// Started, not answering yet.
    Starting,
    /// Answering.
    Ready,
    /// Asked to end.
    Stopping,
    /// Its supervisor is gone (killed) or does not answer; the server itself still runs.
    Orphaned,
}

impl std::fmt::Display for RuntimeState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Stopping => "stopping",
            Self::Orphaned => "orphaned",
        })
    }
}

/// One entry of `status --json`: the document, and whose it is and how it fares.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// What `up --json` says.
    #[serde(flatten)]
    pub document: RuntimeDocument,
    /// What it is doing.
    pub state: RuntimeState,
    /// The instance's folder under `instances/`.
    pub id: String,
    /// The project's folder.
    pub project: String,
    /// Why it was started.
    pub kind: LaunchKind,
    /// When, in seconds since 1970.
    pub started: u64,
}

/// `instance.json`: the instance, and what else its successors want to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct InstanceRecord {
    #[serde(flatten)]
    pub(super) instance: Instance,
    /// How it was asked for, see [`super::settings`].
    pub(super) settings: BTreeMap<String, String>,
    /// Salt of the digests in `settings`.
    pub(super) salt: String,
    #[serde(rename = "memo")]
    pub(super) launch_args: serde_json::Value,
}
