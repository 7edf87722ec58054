//! The message that hands a launch to the supervisor: one line of JSON on its standard input, never in its arguments,
//! because it holds secrets. Both ends are the same program, so the shape may change.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use loom_base::{HostPort, time::format_rfc3339, token::random_token};

use loom_environment::ServerVariable;
use serde::{Deserialize, Serialize};

use super::{
    Launch, LaunchError, LaunchKind,
    document::{Instance, InstanceRecord, RuntimeDocument, RuntimeState},
    kept_ports::KeptPorts,
    settings, system,
    updates::ReleaseProgram,
    values::UpdateWatch,
};
use crate::state::StateDir;

/// A [`Launch`] to be serialised. Paths are [`OsString`]s, whose JSON can hold any path.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct StartRequest {
    program: OsString,
    pub(super) binary: String,
    version: String,
    tree: Option<String>,
    /// The number of the inherited descriptor that holds the lease of the tree.
    pub(super) lease: Option<i32>,
    pub(super) env: Vec<(String, String)>,
    pub(super) bridge: HostPort,
    pub(super) dashboard: Option<HostPort>,
    /// The ports of the runtime that this one replaces.
    pub(super) kept: KeptPorts,
    pub(super) ready_timeout: Duration,
    pub(super) grace: Duration,
    project: OsString,
    state: OsString,
    pub(super) kind: LaunchKind,
    settings: BTreeMap<String, String>,
    salt: String,
    pub(super) launch_args: serde_json::Value,
    /// How newer releases are looked for; `None` where they are not.
    pub(super) update: Option<UpdateWatch>,
    /// The id of the instance, which the starter chose.
    pub(super) id: String,
}

fn exposed(variable: &ServerVariable) -> (String, String) {
    let (name, value) = variable.expose();
    (name.to_owned(), value.to_owned())
}

impl StartRequest {
    /// # Errors
    /// [`LaunchError::Random`] where no salt can be made.
    pub(super) fn of(launch: &Launch, id: &str, kept: KeptPorts) -> Result<Self, LaunchError> {
        let salt = random_token().map_err(|source| LaunchError::Random { source })?;
        Ok(Self {
            program: launch.program.clone().into(),
            binary: launch.binary.clone(),
            version: launch.version.clone(),
            tree: launch.tree.clone(),
            lease: launch.lease.as_ref().and_then(system::number_of),
            env: launch.env.iter().map(exposed).collect(),
            bridge: launch.bridge.clone(),
            dashboard: launch.dashboard.clone(),
            kept,
            ready_timeout: launch.ready_timeout,
            grace: launch.grace,
            project: launch.project.clone().into(),
            state: launch.state.path().into(),
            kind: launch.kind,
            settings: settings::of(launch, &salt),
            salt,
            launch_args: launch.launch_args.clone(),
            update: launch.update.clone().filter(|_| launch.kind == LaunchKind::Up),
            id: id.to_owned(),
        })
    }

    pub(super) fn program(&self) -> PathBuf {
        self.program.clone().into()
    }

    /// The version that is started.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// The name and the version of the program, for messages.
    pub(super) fn named(&self) -> String {
        format!("{} {}", self.binary, self.version)
    }

    /// Whether the supervisor keeps the listening sockets.
    pub(super) fn keeps_sockets(&self) -> bool {
        self.update.as_ref().is_some_and(|update| update.keeps_sockets)
    }

    /// Makes the supervisor keep the listening sockets from the next start on.
    pub(super) fn keep_sockets(&mut self) {
        self.update.iter_mut().for_each(|update| update.keeps_sockets = true);
    }

    /// Makes this the request for another release; returns the release before.
    pub(super) fn replace(&mut self, release: ReleaseProgram) -> ReleaseProgram {
        let version = std::mem::replace(&mut self.version, release.version);
        let tree = std::mem::replace(&mut self.tree, release.tree);
        let program = std::mem::replace(&mut self.program, release.program);
        settings::set_release(&mut self.settings, &self.version, self.tree.as_deref());
        ReleaseProgram { version, tree, program }
    }

    pub(super) fn project(&self) -> PathBuf {
        self.project.clone().into()
    }

    pub(super) fn state(&self) -> StateDir {
        StateDir::new(&self.state)
    }

    /// The message, with its line feed.
    pub(super) fn line(&self) -> Result<String, LaunchError> {
        let mut line = serde_json::to_string(self).map_err(LaunchError::Describe)?;
        line.push('\n');
        Ok(line)
    }

    /// The record of an instance that starts now and logs to `log`.
    pub(super) fn new_record(&self, log: &Path) -> InstanceRecord {
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
                started: format_rfc3339(SystemTime::now()),
            },
            settings: self.settings.clone(),
            salt: self.salt.clone(),
            launch_args: self.launch_args.clone(),
            login_key: None,
        }
    }
}
