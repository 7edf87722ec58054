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

/// How cargo selects the package to build, which decides the features of its dependencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PackageSelection {
    /// The package alone: its own features and no others.
    #[default]
    Package,
    /// The default members of the workspace, as a plain `cargo run` or `cargo build` selects them. What such a run has
    /// compiled is then not compiled again with other features.
    DefaultMembers,
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
    /// How the package is selected.
    pub selection: PackageSelection,
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
        let command = format!("cargo {}", arguments(&request).join(" "));
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
    command.args(arguments(request)).current_dir(request.checkout);
    // Diagnostics are rendered on standard error; standard output has only the messages.
    command.arg("--message-format=json-render-diagnostics");
    for variable in SET_BY_CARGO_RUN {
        command.env_remove(variable);
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

/// The variables that `cargo run` sets for the program that it runs. A cargo that inherits them compiles each dependency
/// again whose build script reads one of them (`ring` is such a one), because for cargo the variable has changed.
const SET_BY_CARGO_RUN: [&str; 19] = [
    "CARGO_BIN_NAME",
    "CARGO_CRATE_NAME",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_PATH",
    "CARGO_PKG_AUTHORS",
    "CARGO_PKG_DESCRIPTION",
    "CARGO_PKG_HOMEPAGE",
    "CARGO_PKG_LICENSE",
    "CARGO_PKG_LICENSE_FILE",
    "CARGO_PKG_NAME",
    "CARGO_PKG_README",
    "CARGO_PKG_REPOSITORY",
    "CARGO_PKG_RUST_VERSION",
    "CARGO_PKG_VERSION",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
    "OUT_DIR",
];

/// The arguments that decide what is compiled.
pub fn arguments(request: &BuildRequest<'_>) -> Vec<String> {
    let mut arguments = vec!["build".to_owned()];
    match request.selection {
        PackageSelection::Package => arguments.extend(["-p".to_owned(), PACKAGE.to_owned()]),
        PackageSelection::DefaultMembers => {}
    }
    arguments.extend(["--bin".to_owned(), request.binary.to_owned()]);
    if let Some(profile) = request.profile {
        let profile = if profile == "debug" { "dev" } else { profile };
        arguments.push(format!("--profile={profile}"));
    }
    arguments
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
