//! The values that describe one launch. Where they come from (store, files, flags) is not known here.

use std::{ffi::OsString, fs::File, path::PathBuf, time::Duration};

use loom_base::{DailyWindow, HostPort};
use loom_environment::ServerVariable;
use serde::{Deserialize, Serialize};

use crate::state::StateDir;

/// Which command started a runtime, which decides how long it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LaunchKind {
    /// `up`: one per project and program; lives until it is stopped.
    Up,
    /// `exec` and `up --exit-with-parent`: any number per project; lives as long as the process that started it.
    Exec,
}

/// The command that becomes the supervisor: the running `loom` with a hidden subcommand.
#[derive(Debug, Clone)]
pub struct Launcher {
    /// The path of the `loom` program.
    pub program: PathBuf,
    /// Its arguments, such as `__supervise`.
    pub args: Vec<OsString>,
}

/// How the supervisor of a runtime looks for newer releases.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UpdateWatch {
    /// The program that looks for one, and its arguments: see [`CheckConversation`](super::CheckConversation).
    pub command: Vec<OsString>,
    /// How often.
    pub interval: Duration,
    /// When the runtime may be switched.
    pub window: DailyWindow,
    /// Whether the supervisor keeps the listening sockets, so that connections wait during a switch.
    pub keeps_sockets: bool,
    /// The key of the product, by which updates are remembered.
    pub product: String,
}

/// A runtime to start.
#[derive(Debug)]
pub struct Launch {
    /// The program itself, not a link, which might be changed while the program starts.
    pub program: PathBuf,
    /// The name of the program's release, such as `loom-bridge-server`.
    pub binary: String,
    /// The version for messages and documents: `0.2.0`, `dev`.
    pub version: String,
    /// The digest of the tree that holds the program, in hexadecimal.
    pub tree: Option<String>,
    /// The shared lock on the tree. Supervisor and server inherit it, so that it is held as long as either lives.
    /// Not used on Windows, where the file of a running program cannot be removed.
    pub lease: Option<File>,
    /// Variables added to the inherited environment. The variables that a launch sets itself (`LOOM_BRIDGE_ADDR`,
    /// `LOOM_DASHBOARD*`, `LOOM_READY_FILE`) take precedence.
    pub env: Vec<ServerVariable>,
    /// Where gRPC is served; port 0 lets the server pick a free one.
    pub bridge: HostPort,
    /// Where the dashboard is served; `None` turns it off.
    pub dashboard: Option<HostPort>,
    /// How long the server may take to become ready.
    pub ready_timeout: Duration,
    /// How long the server may take to end after a stop was requested, before it is killed.
    pub grace: Duration,
    /// The absolute path of the project's folder, which is the server's working directory.
    pub project: PathBuf,
    /// The state folder; each instance has a folder in `instances/` below it.
    pub state: StateDir,
    /// Which command starts it.
    pub kind: LaunchKind,
    /// How to start the supervisor.
    pub launcher: Launcher,
    /// How newer releases are looked for while it runs; `None` where they are not. Only of use for `up`.
    pub update: Option<UpdateWatch>,
    /// The arguments that the caller needs again to restart this runtime. They are written to disk: no secrets.
    pub launch_args: serde_json::Value,
}

impl Launch {
    /// The same launch, without its lease.
    #[must_use]
    pub fn without_lease(&self) -> Self {
        Self {
            lease: None,
            program: self.program.clone(),
            binary: self.binary.clone(),
            version: self.version.clone(),
            tree: self.tree.clone(),
            env: self.env.clone(),
            bridge: self.bridge.clone(),
            dashboard: self.dashboard.clone(),
            ready_timeout: self.ready_timeout,
            grace: self.grace,
            project: self.project.clone(),
            state: self.state.clone(),
            kind: self.kind,
            launcher: self.launcher.clone(),
            update: self.update.clone(),
            launch_args: self.launch_args.clone(),
        }
    }
}
