//! Runs `cargo build` and learns the executable from its messages.

use std::{
    fmt,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
};

use loom_source::{SourceError, SourceErrorKind};
use serde::Deserialize;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader},
    process::Command,
};

use crate::checkout::PACKAGE;

/// What happens to the lines that cargo says while it builds.
#[derive(Clone, Default)]
pub enum CargoOutput {
    /// They go where our own standard error goes, with cargo's progress bar on a terminal.
    #[default]
    Inherit,
    /// Each is handed to this function.
    Lines(Arc<dyn Fn(&str) + Send + Sync>),
}

impl fmt::Debug for CargoOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inherit => "Inherit",
            Self::Lines(_) => "Lines",
        })
    }
}

/// What to build, and with what.
#[derive(Debug, Clone)]
pub struct BuildRequest<'a> {
    /// The cargo program: a path, or a name to be looked up.
    pub cargo: &'a Path,
    /// The checkout to build in.
    pub checkout: &'a Path,
    /// The executable to build.
    pub binary: &'a str,
    /// The cargo profile; `None` builds what a plain `cargo build` does.
    pub profile: Option<&'a str>,
    /// The value of `CARGO_TARGET_DIR`.
    pub target_dir: Option<&'a Path>,
    /// Where cargo's words go.
    pub output: &'a CargoOutput,
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    target: Option<Artifact>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Artifact {
    name: String,
}

/// Builds and returns the executable that cargo reports. Dropping the future ends cargo.
///
/// # Errors
/// [`SourceErrorKind::Build`] if cargo cannot be started, fails, or reports no such executable.
pub async fn build(request: BuildRequest<'_>) -> Result<PathBuf, SourceError> {
    let fail = |reason: String| {
        let command = format!("cargo build -p {PACKAGE} --bin {}", request.binary);
        let at = request.checkout.display().to_string();
        SourceError::new(at, SourceErrorKind::Build { command, reason })
    };
    let mut child = command(&request)
        .spawn()
        .map_err(|e| fail(format!("{} cannot be started: {e}", request.cargo.display())))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (executable, last) =
        tokio::join!(executable(stdout, request.binary), words(stderr, request.output));
    let status = child.wait().await.map_err(|e| fail(e.to_string()))?;
    if !status.success() {
        return Err(fail(last.unwrap_or_else(|| status.to_string())));
    }
    executable.ok_or_else(|| fail("cargo reported no such executable".to_owned()))
}

fn command(request: &BuildRequest<'_>) -> Command {
    let mut command = Command::new(request.cargo);
    // Diagnostics are rendered for people on standard error; standard output has the messages alone.
    command.args(["build", "-p", PACKAGE, "--message-format=json-render-diagnostics", "--bin"]);
    command.arg(request.binary).current_dir(request.checkout);
    if let Some(profile) = request.profile {
        let profile = if profile == "debug" { "dev" } else { profile };
        command.arg(format!("--profile={profile}"));
    }
    if let Some(dir) = request.target_dir {
        command.env("CARGO_TARGET_DIR", dir);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    command.stderr(match request.output {
        CargoOutput::Inherit => Stdio::inherit(),
        CargoOutput::Lines(_) => Stdio::piped(),
    });
    command
}

/// The last executable of this name in cargo's messages.
async fn executable(stdout: Option<impl AsyncRead + Unpin>, binary: &str) -> Option<PathBuf> {
    let mut lines = BufReader::new(stdout?).lines();
    let mut found = None;
    while let Ok(Some(line)) = lines.next_line().await {
        found = artifact(&line, binary).or(found);
    }
    found
}

fn artifact(line: &str, binary: &str) -> Option<PathBuf> {
    let message: Message = serde_json::from_str(line).ok()?;
    let named = message.target.is_some_and(|target| target.name == binary);
    message.executable.filter(|_| named && message.reason == "compiler-artifact")
}

/// Passes on what cargo says and returns the last line that says what is wrong.
async fn words(stderr: Option<impl AsyncRead + Unpin>, output: &CargoOutput) -> Option<String> {
    let mut lines = BufReader::new(stderr?).lines();
    let mut last = None;
    while let Ok(Some(line)) = lines.next_line().await {
        if let CargoOutput::Lines(say) = output {
            say(&line);
        }
        if line.starts_with("error") {
            last = Some(line);
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_read_from_the_messages() {
        let name = "loom-bridge-server";
        let line = |reason: &str, target: &str, executable: &str| {
            format!(
                r#"{{"reason":"{reason}","target":{{"name":"{target}","kind":["bin"]}},"executable":{executable}}}"#
            )
        };
        for (line, expected) in [
            (line("compiler-artifact", name, r#""/t/debug/x""#), Some("/t/debug/x")),
            (line("compiler-artifact", name, "null"), None),
            (line("compiler-artifact", "other", r#""/t/debug/x""#), None),
            (line("other", name, r#""/t/debug/x""#), None),
            (r#"{"reason":"build-finished","success":true}"#.to_owned(), None),
            ("what a build script printed".to_owned(), None),
        ] {
            assert_eq!(artifact(&line, name).as_deref(), expected.map(Path::new), "{line}");
        }
    }
}
