//! The launch as it is told to the supervisor: one line of JSON on its standard input, never in its arguments, since
//! it holds secrets. Both ends are the same program, so the shape is free to change.

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf, time::Duration};

use loom_environment::ServerVariable;
use serde::{Deserialize, Serialize};

use super::{
    Endpoint, Launch, LaunchError, LaunchKind,
    document::{Instance, InstanceRecord, RuntimeDocument, RuntimeState},
    settings,
};

/// See [`Launch`]. Paths as [`OsString`], which can say any of them in JSON.
#[derive(Serialize, Deserialize)]
pub(super) struct StartRequest {
    program: OsString,
    pub(super) binary: String,
    version: String,
    tree: Option<String>,
    pub(super) env: Vec<(String, String)>,
    pub(super) bridge: Endpoint,
    pub(super) dashboard: Option<Endpoint>,
    pub(super) ready_timeout: Duration,
    pub(super) grace: Duration,
    project: OsString,
    state: OsString,
    pub(super) kind: LaunchKind,
    settings: BTreeMap<String, String>,
    salt: String,
    launch_args: serde_json::Value,
    /// The folder's name was chosen by who starts us.
    pub(super) id: String,
}

fn exposed(variable: &ServerVariable) -> (String, String) {
    let (name, value) = variable.expose();
    (name.to_owned(), value.to_owned())
}

impl StartRequest {
    pub(super) fn of(launch: &Launch, id: &str) -> Self {
        let salt = settings::random_token();
        Self {
            program: launch.program.clone().into(),
            binary: launch.binary.clone(),
            version: launch.version.clone(),
            tree: launch.tree.clone(),
            env: launch.env.iter().map(exposed).collect(),
            bridge: launch.bridge.clone(),
            dashboard: launch.dashboard.clone(),
            ready_timeout: launch.ready_timeout,
            grace: launch.grace,
            project: launch.project.clone().into(),
            state: launch.state.clone().into(),
            kind: launch.kind,
            settings: settings::of(launch, &salt),
            salt,
            launch_args: launch.launch_args.clone(),
            id: id.to_owned(),
        }
    }

    pub(super) fn program(&self) -> PathBuf {
        self.program.clone().into()
    }

    pub(super) fn project(&self) -> PathBuf {
        self.project.clone().into()
    }

    pub(super) fn state(&self) -> PathBuf {
        self.state.clone().into()
    }

    pub(super) fn line(&self) -> Result<String, LaunchError> {
        let mut line = serde_json::to_string(self).map_err(LaunchError::Describe)?;
        line.push('\n');
        Ok(line)
    }

    /// What is kept of it when its instance begins, its log being `log`.
    pub(super) fn begin(&self, log: &std::path::Path) -> InstanceRecord {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        InstanceRecord {
            instance: Instance {
                document: RuntimeDocument {
                    schema: 1,
                    version: self.version.clone(),
                    tree: self.tree.clone(),
                    binary: self.binary.clone(),
                    program: self.program().display().to_string(),
                    pid: None,
                    supervisor_pid: std::process::id(),
                    bridge: None,
                    dashboard: None,
                    log: log.display().to_string(),
                },
                state: RuntimeState::Starting,
                id: self.id.clone(),
                project: self.project().display().to_string(),
                kind: self.kind,
                started: now.map_or(0, |since| since.as_secs()),
            },
            settings: self.settings.clone(),
            salt: self.salt.clone(),
            launch_args: self.launch_args.clone(),
        }
    }
}
