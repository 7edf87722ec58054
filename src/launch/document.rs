//! The documents that describe a running runtime, for programs and between our own processes.

use std::{collections::BTreeMap, time::SystemTime};

use loom_environment::LoginKey;
use serde::{Deserialize, Serialize};

use super::values::LaunchKind;

/// The document of `up --json`. Its shape is stable: fields may be added, none is removed or changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuntimeDocument {
    /// The version of this shape: 1.
    pub schema: u32,
    /// The version of the release: `0.2.0`, or `dev` for a cargo build.
    pub version: String,
    /// The SHA-256 of the tree that holds the program, in hexadecimal.
    pub tree: Option<String>,
    /// The name of the program, such as `loom-bridge-server`.
    pub binary: String,
    /// The path of the program.
    pub program: String,
    /// The process id of the server; `None` until it is started.
    pub pid: Option<u32>,
    /// The process id of the supervisor.
    pub supervisor_pid: u32,
    /// Where gRPC is served; `None` until the server is ready.
    pub bridge: Option<BridgeAddress>,
    /// Where the dashboard is served; `None` where it is off, and until the server is ready.
    pub dashboard: Option<DashboardAddress>,
    /// The path of the log.
    pub log: String,
}

/// Where gRPC is served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BridgeAddress {
    /// `host:port`
    pub address: String,
}

/// Where the dashboard is served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DashboardAddress {
    /// Such as `http://127.0.0.1:3030`.
    pub url: String,
    /// The URL with a login code, which is valid once and for ten minutes; absent where the dashboard needs no login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_url: Option<String>,
}

impl DashboardAddress {
    /// The URL to open in a browser.
    pub fn to_open(&self) -> &str {
        self.login_url.as_ref().unwrap_or(&self.url)
    }
}

/// The phase of a runtime's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuntimeState {
    /// Started, not ready yet.
    Starting,
    /// Ready: it answers health checks.
    Ready,
    /// It is being replaced by another release; its addresses stay.
    Switching,
    /// A stop was requested.
    Stopping,
    /// The supervisor was killed or does not answer; the server still runs.
    Orphaned,
}

impl std::fmt::Display for RuntimeState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Switching => "switching",
            Self::Stopping => "stopping",
            Self::Orphaned => "orphaned",
        })
    }
}

/// One entry of `status --json`: the document of `up`, the project it belongs to and its state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// The document of `up --json`.
    #[serde(flatten)]
    pub document: RuntimeDocument,
    /// The phase of its life.
    pub state: RuntimeState,
    /// The name of the instance's folder under `instances/`.
    pub id: String,
    /// The path of the project's folder.
    pub project: String,
    /// Which command started it.
    pub kind: LaunchKind,
    /// When it was started: RFC 3339, UTC.
    pub started: String,
}

impl Instance {
    /// When it was started; `None` where the document has no valid time.
    pub fn started_at(&self) -> Option<SystemTime> {
        loom_base::time::parse_rfc3339(&self.started)
    }
}

/// The content of `instance.json`: the instance, and what another `loom` needs to compare or restart it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct InstanceRecord {
    #[serde(flatten)]
    pub(super) instance: Instance,
    /// The settings it was started with, see [`super::settings`].
    pub(super) settings: BTreeMap<String, String>,
    /// The salt of the digests in `settings`.
    pub(super) salt: String,
    /// As [`Launch::launch_args`](super::Launch::launch_args).
    #[serde(rename = "memo")]
    pub(super) launch_args: serde_json::Value,
    /// The key of the dashboard's login codes, where it needs a login. Only the supervisor and the ready file have it; instance.json does not.
    #[serde(skip)]
    pub(super) login_key: Option<LoginKey>,
}

impl InstanceRecord {
    /// The record with a new login code.
    pub(super) fn with_login_url(&self) -> Self {
        let mut record = self.clone();
        // Without randomness there is no code, and the page asks for the token.
        let code = self.login_key.as_ref().and_then(|key| key.code(SystemTime::now()).ok());
        if let (Some(dashboard), Some(code)) = (&mut record.instance.document.dashboard, code) {
            dashboard.login_url = Some(format!("{}/#code={code}", dashboard.url));
        }
        record
    }
}
