//! Runs `cargo build` and reads the executable from its messages.

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

/// The destination of cargo's output during a build.
#[derive(Clone, Default)]
pub enum CargoOutput {
    /// The standard error of this process, with cargo's progress bar on a terminal.
    #[default]
    Inherit,
    /// A function that is called with each line.
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

/// A request for a build.
#[derive(Debug, Clone)]
pub struct BuildRequest<'a> {
    /// The cargo program: a path, or a name that is searched in `PATH`.
    pub cargo: &'a Path,
    /// The checkout to build in.
    pub checkout: &'a Path,
    /// The name of the executable to build.
    pub binary: &'a str,
    /// The cargo profile; `None` builds with the default profile.
    pub profile: Option<&'a str>,
    /// The value of `CARGO_TARGET_DIR`.
    pub target_dir: Option<&'a Path>,
    /// The destination of cargo's output.
    pub output: &'a CargoOutput,
}

/// A message of `cargo build --message-format=json`, as far as it is used here:
/// <https://doc.rust-lang.org/cargo/reference/external-tools.html#json-messages>.
#[derive(Deserialize)]
struct CargoMessage {
    reason: String,
    target: Option<CargoTarget>,
    executable: Option<PathBuf>,
}

/// The target that a message is about: a library, an executable, a test.
#[derive(Deserialize)]
struct CargoTarget {
    name: String,
}

/// Runs `cargo build` and returns the executable that cargo reports. Dropping the future kills cargo.
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
    let stdout = child.stdout.take();
    let stderr = child.stderr.take();
    let (executable, error) = tokio::join!(
        reported_executable(stdout, request.binary),
        forward_output(stderr, request.output)
    );
    let status = child.wait().await.map_err(|e| fail(e.to_string()))?;
    if !status.success() {
        return Err(fail(error.unwrap_or_else(|| status.to_string())));
    }
    executable.ok_or_else(|| fail("cargo reported no such executable".to_owned()))
}

fn command(request: &BuildRequest<'_>) -> Command {
    let mut command = Command::new(request.cargo);
    // Rendered diagnostics go to standard error, so that standard output has the messages only.
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
async fn reported_executable(
    stdout: Option<impl AsyncRead + Unpin>,
    binary: &str,
) -> Option<PathBuf> {
    let mut lines = BufReader::new(stdout?).lines();
    let mut last = None;
    while let Ok(Some(line)) = lines.next_line().await {
        last = executable_in(&line, binary).or(last);
    }
    last
}

/// The executable that a line reports, where the line is a message about `binary`.
fn executable_in(line: &str, binary: &str) -> Option<PathBuf> {
    let message: CargoMessage = serde_json::from_str(line).ok()?;
    let named = message.target.is_some_and(|target| target.name == binary);
    message.executable.filter(|_| named && message.reason == "compiler-artifact")
}

/// Passes cargo's output to `output` and returns the last line that reports an error.
async fn forward_output(
    stderr: Option<impl AsyncRead + Unpin>,
    output: &CargoOutput,
) -> Option<String> {
    let mut lines = BufReader::new(stderr?).lines();
    let mut error = None;
    while let Ok(Some(line)) = lines.next_line().await {
        if let CargoOutput::Lines(on_line) = output {
            on_line(&line);
        }
        if line.starts_with("error") {
            error = Some(line);
        }
    }
    error
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
            assert_eq!(executable_in(&line, name).as_deref(), expected.map(Path::new), "{line}");
        }
    }
}
