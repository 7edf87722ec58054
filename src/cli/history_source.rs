//! Asks the history of the project: the running runtime over its dashboard, or the file of one that does not run.

use std::{
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use loom_base::clean;
use loom_environment::HistoryChoice;
use loom_runtime::{config::Flags, launch::DashboardRequest, store::Presence};
use serde_json::Value;

use super::{
    CommandError, Exit, context::Context, kept_history::kept_history, locked,
    project_scope::ProjectScope, running_dashboard::RunningDashboard, which,
};

/// How long a server may take to read a file.
const READ_LIMIT: Duration = Duration::from_secs(60);
/// The digits of a complete id.
const ID_DIGITS: usize = 32;

/// Where the history is.
pub(crate) enum HistorySource {
    /// In the runtime of the project, behind its dashboard.
    Running(RunningDashboard),
    /// In a file, which a server reads.
    File { server: PathBuf, file: PathBuf },
}

impl HistorySource {
    /// The history of the project in which the command was typed.
    pub(crate) fn of(context: &Context) -> Result<Self, CommandError> {
        let project = ProjectScope::of(context)?;
        match RunningDashboard::find(context, &project)? {
            Some(dashboard) => Ok(Self::Running(dashboard)),
            None => Self::left(context, &project),
        }
    }

    /// The file that a runtime left, and an installed server that can read it.
    fn left(context: &Context, project: &ProjectScope) -> Result<Self, CommandError> {
        let resolved = context.resolve(Flags::default())?;
        let HistoryChoice::File(file) = kept_history(&resolved, project) else {
            let message = "no runtime runs, and history.file says that no file keeps its runs";
            let hint = "`loom config get history.file` tells where that is set";
            return Err(CommandError::new(Exit::Absent, message).hint(hint));
        };
        if !file.exists() {
            let message = "this project has no history of runs yet";
            let hint = "`loom up` starts a runtime that keeps one";
            return Err(CommandError::new(Exit::Absent, message).hint(hint));
        }
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
    pub(crate) fn ask(&self, path: &str) -> Result<Value, CommandError> {
        match self {
            Self::Running(dashboard) => dashboard.ask(DashboardRequest::new("GET", path)),
            Self::File { server, file } => read(server, file, path, READ_LIMIT),
        }
    }

    /// Removes what the path names; only a running runtime can.
    pub(crate) fn delete(&self, path: &str) -> Result<Value, CommandError> {
        match self {
            Self::Running(dashboard) => dashboard.ask(DashboardRequest::new("DELETE", path)),
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
    pub(crate) fn complete(&self, id: &str) -> Result<String, CommandError> {
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
        let page = self.ask("/api/runs?limit=500&registrations=true")?;
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

/// Lets a server read the file: this program has no database.
fn read(server: &Path, file: &Path, path: &str, limit: Duration) -> Result<Value, CommandError> {
    let failed = |why: String| {
        let message = format!("{} could not read {}: {why}", server.display(), file.display());
        CommandError::new(Exit::Failure, clean::text(&message))
    };
    let output = match output_within(server, file, path, limit) {
        Ok(Some(output)) => output,
        Ok(None) => {
            let hint = "a disk that does not answer may be the reason; `loom up` starts a runtime that answers instead";
            return Err(failed(format!("no answer within {limit:?}")).hint(hint));
        }
        Err(error) => return Err(failed(error.to_string())),
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let first = said.lines().next().unwrap_or_default();
        return Err(failed(first.trim_start_matches("error: ").to_owned()));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| failed(error.to_string()))
}

/// What the server prints; `None`, and it is killed, if it takes longer than `limit`.
fn output_within(
    server: &Path,
    file: &Path,
    path: &str,
    limit: Duration,
) -> std::io::Result<Option<Output>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut command = tokio::process::Command::new(server);
        command.arg("history").arg(file).arg(path).env_clear();
        command.stdin(Stdio::null()).kill_on_drop(true);
        let output = tokio::time::timeout(limit, command.output()).await;
        output.map_or(Ok(None), |output| output.map(Some))
    })
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, io, os::unix::fs::PermissionsExt as _, time::Instant};

    use super::*;

    fn server(script: &str) -> io::Result<(tempfile::TempDir, PathBuf)> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("server");
        fs::write(&path, format!("#!/bin/sh\n{script}\n"))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        Ok((folder, path))
    }

    #[test]
    fn a_server_that_does_not_answer_is_not_waited_for() {
        let (_folder, path) = server("exec sleep 600").unwrap();
        let begin = Instant::now();
        let error = read(&path, Path::new("h.db"), "/api/runs", Duration::from_millis(300));
        let message = error.unwrap_err().message;
        assert!(message.ends_with("could not read h.db: no answer within 300ms"), "{message}");
        assert!(begin.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn a_server_says_why_it_cannot_read_the_file() {
        let (_folder, path) = server("echo 'error: no such file' >&2; exit 1").unwrap();
        let error = read(&path, Path::new("h.db"), "/api/runs", READ_LIMIT).unwrap_err();
        assert!(error.message.ends_with("could not read h.db: no such file"), "{}", error.message);
        let (_folder, path) = server("echo '[1]'").unwrap();
        let answer = read(&path, Path::new("h.db"), "/api/runs", READ_LIMIT).unwrap();
        assert_eq!(answer, serde_json::json!([1]));
    }
}
