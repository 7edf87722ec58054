//! Asks the history of the project: the running runtime over its dashboard, or the file of one that does not run.

use std::{path::PathBuf, process::Command};

use loom_base::{clean, error_chain};
use loom_runtime::{
    config::Flags,
    launch::{self, DashboardAddress, DashboardError, LaunchKind},
    store::Presence,
};
use serde_json::Value;

use crate::cli::{
    CommandError, Exit, context::Context, locked, project_scope::ProjectScope, which,
};

/// The digits of a complete id.
const ID_DIGITS: usize = 32;

/// Where the history is.
pub(super) enum HistorySource {
    /// In the runtime of the project, behind its dashboard.
    Running(DashboardAddress),
    /// In a file, which a server reads.
    File { server: PathBuf, file: PathBuf },
}

impl HistorySource {
    /// The history of the project in which the command was typed.
    pub(super) fn of(context: &Context) -> Result<Self, CommandError> {
        let project = ProjectScope::of(context)?;
        let running = launch::running(&project.state, project.scope(false))?;
        let own = running.into_iter().find(|instance| {
            instance.kind == LaunchKind::Up && instance.document.binary == project.binary
        });
        match own.map(|instance| instance.document.dashboard) {
            Some(Some(dashboard)) => Ok(Self::Running(dashboard)),
            Some(None) => {
                let message =
                    "the runtime of this project runs without a dashboard, which shows runs";
                let hint = "`loom up --mode full` starts it with one";
                Err(CommandError::new(Exit::Absent, message).hint(hint))
            }
            None => Self::left(context, &project),
        }
    }

    /// The file that a runtime left, and an installed server that can read it.
    fn left(context: &Context, project: &ProjectScope) -> Result<Self, CommandError> {
        let file = launch::history_of(&project.state, &project.project, &project.binary);
        if !file.exists() {
            let message = "this project has no history of runs yet";
            let hint = "`loom up` starts a runtime that keeps one";
            return Err(CommandError::new(Exit::Absent, message).hint(hint));
        }
        let resolved = context.resolve(Flags::default())?;
        let (store, product) = (context.store(&resolved)?, context.line(&resolved)?);
        let choice = locked::choose(context, &resolved, &product, None)?;
        match which::look_up(context, &resolved, &store, &product, &choice)? {
            Presence::Accepted(installed) => Ok(Self::File { server: installed.entry, file }),
            Presence::Refused(..) | Presence::Absent => {
                let message = format!(
                    "no runtime runs, and {} {} is not here to read the history",
                    product.binary, choice.selector
                );
                Err(CommandError::new(Exit::Absent, message).hint("`loom get` fetches it"))
            }
        }
    }

    /// The answer to a question, in the form of a path of the dashboard's API.
    pub(super) fn ask(&self, path: &str) -> Result<Value, CommandError> {
        match self {
            Self::Running(dashboard) => {
                launch::ask_dashboard(dashboard, "GET", path).map_err(|error| refused(&error))
            }
            Self::File { server, file } => read(server, file, path),
        }
    }

    /// Removes what the path names; only a running runtime can.
    pub(super) fn delete(&self, path: &str) -> Result<Value, CommandError> {
        match self {
            Self::Running(dashboard) => {
                launch::ask_dashboard(dashboard, "DELETE", path).map_err(|error| refused(&error))
            }
            Self::File { file, .. } => {
                let message = "runs are removed by a running runtime, and none runs";
                let hint = format!(
                    "`loom up` starts it; without one, delete {}",
                    clean::text(&file.display().to_string())
                );
                Err(CommandError::new(Exit::Absent, message).hint(hint))
            }
        }
    }

    /// The complete id of the run whose id begins so, among the latest runs.
    pub(super) fn complete(&self, id: &str) -> Result<String, CommandError> {
        let is_hex =
            !id.is_empty() && id.len() <= ID_DIGITS && id.bytes().all(|b| b.is_ascii_hexdigit());
        if !is_hex {
            let message =
                format!("expected the id of a run, or its beginning, got {:?}", clean::text(id));
            return Err(CommandError::new(Exit::Usage, message).hint("`loom runs` lists them"));
        }
        let id = id.to_ascii_lowercase();
        if id.len() == ID_DIGITS {
            return Ok(id);
        }
        let page = self.ask("/api/runs?limit=500")?;
        let runs = page.get("runs").and_then(Value::as_array).cloned().unwrap_or_default();
        let ids = runs.iter().filter_map(|run| run.get("id")?.as_str());
        let matching: Vec<&str> = ids.filter(|known| known.starts_with(&id)).collect();
        match *matching {
            [only] => Ok(only.to_owned()),
            [] => {
                let message =
                    format!("none of the latest 500 runs has an id that begins with {id}");
                Err(CommandError::new(Exit::Absent, message).hint("`loom runs` lists them"))
            }
            _ => {
                let message = format!("{} runs have ids that begin with {id}", matching.len());
                Err(CommandError::new(Exit::Usage, message).hint("give more of the id"))
            }
        }
    }
}

fn refused(error: &DashboardError) -> CommandError {
    let exit = match error {
        error if error.is_absent() => Exit::Absent,
        error if error.is_usage() => Exit::Usage,
        _ => Exit::Failure,
    };
    CommandError::new(exit, clean::text(&error_chain(error)))
}

/// Lets a server read the file: this program has no database.
fn read(server: &PathBuf, file: &PathBuf, path: &str) -> Result<Value, CommandError> {
    let output = Command::new(server).arg("history").arg(file).arg(path).env_clear().output();
    let failed = |why: String| {
        let message = format!("{} could not read {}: {why}", server.display(), file.display());
        CommandError::new(Exit::Failure, clean::text(&message))
    };
    let output = output.map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let first = said.lines().next().unwrap_or_default();
        return Err(failed(first.trim_start_matches("error: ").to_owned()));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| failed(error.to_string()))
}
