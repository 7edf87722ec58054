//! A running program and all that it started.

use std::{io, process::ExitStatus, process::Stdio, sync::Arc, time::Duration};

use secrecy::ExposeSecret as _;
use tokio::{
    process::{Child, ChildStdin, ChildStdout, Command},
    task::JoinHandle,
    time::timeout,
};

use self::system::ProcessGroup;
use super::{config::McpProgramConfig, stderr_tail::StderrTail};

/// How long a program may take to end after its input was closed: it may have to end what it started itself.
const GRACE: Duration = Duration::from_secs(5);
/// How long it may take after it was asked to terminate, and again after it was killed.
const GRACE_AFTER_SIGNAL: Duration = Duration::from_millis(500);
/// How long reading the rest of standard error may take after the program's end.
const DRAIN: Duration = Duration::from_millis(200);
/// The longest time that ending a program takes.
pub const LONGEST_END: Duration = Duration::from_millis(6500);

/// A program in a process group of its own. Dropping it kills the group.
#[derive(Debug)]
pub(super) struct McpProcess {
    child: Child,
    group: ProcessGroup,
    stderr: StderrTail,
    stderr_reader: Option<JoinHandle<()>>,
}

impl McpProcess {
    /// Starts the program. Returns it with its standard input and output.
    ///
    /// The program does not outlive the runtime for long, even if the runtime is killed: its input is closed then, upon
    /// which MCP servers end.
    pub(super) fn start(
        config: &Arc<McpProgramConfig>,
    ) -> io::Result<(Self, ChildStdin, ChildStdout)> {
        let mut command = Command::new(system::program(config));
        command.args(&config.args).env_clear().envs(&config.inherited);
        command.envs(config.env.iter().map(|(name, value)| (name, value.expose_secret())));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true);
        system::set_own_group(&mut command);
        let mut child = command.spawn()?;
        let group = ProcessGroup::of(&child);
        let stderr = StderrTail::default();
        let read = |pipe| tokio::spawn(stderr.clone().read(pipe, Arc::clone(config)));
        let stderr_reader = child.stderr.take().map(read);
        let not_piped = || io::Error::other("standard input and output are not piped");
        let stdin = child.stdin.take().ok_or_else(not_piped)?;
        let stdout = child.stdout.take().ok_or_else(not_piped)?;
        Ok((Self { child, group, stderr, stderr_reader }, stdin, stdout))
    }

    /// Waits until the program has ended. Cancel safe.
    pub(super) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Ends a program whose input is closed: waits, asks it to terminate, kills it; then kills all that it started.
    /// Returns the last lines on its standard error.
    pub(super) async fn end(mut self) -> String {
        let mut has_ended = timeout(GRACE, self.child.wait()).await.is_ok();
        if !has_ended {
            self.group.terminate();
            has_ended = timeout(GRACE_AFTER_SIGNAL, self.child.wait()).await.is_ok();
        }
        self.group.kill();
        if !has_ended {
            // For systems without process groups. An error means that the program has ended.
            _ = self.child.start_kill();
            _ = timeout(GRACE_AFTER_SIGNAL, self.child.wait()).await;
        }
        if let Some(reader) = self.stderr_reader.take() {
            // A process that left the group may still hold the pipe open.
            _ = timeout(DRAIN, reader).await;
        }
        self.stderr.take()
    }
}

impl Drop for McpProcess {
    fn drop(&mut self) {
        self.group.kill();
    }
}

#[cfg(unix)]
mod system {
    use rustix::process::{Pid, Signal, kill_process_group};
    use tokio::process::{Child, Command};

    use crate::mcp::config::McpProgramConfig;

    pub(super) fn program(config: &McpProgramConfig) -> &str {
        &config.command
    }

    pub(super) fn set_own_group(command: &mut Command) {
        command.process_group(0);
    }

    /// The process group of a program: the program and what it started, unless that left the group.
    ///
    /// The group's number can be reused only after the program was waited for and the whole group is gone. It is used
    /// right after the wait and never again; the system assigns all other numbers before it reuses one.
    #[derive(Debug)]
    pub(super) struct ProcessGroup(Option<Pid>);

    impl ProcessGroup {
        pub(super) fn of(child: &Child) -> Self {
            Self(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)))
        }

        pub(super) fn terminate(&self) {
            self.send(Signal::TERM);
        }

        /// Kills the group. Further calls have no effect.
        pub(super) fn kill(&mut self) {
            self.send(Signal::KILL);
            self.0 = None;
        }

        /// An error means that the group is gone, which is the aim.
        fn send(&self, signal: Signal) {
            if let Some(group) = self.0 {
                _ = kill_process_group(group, signal);
            }
        }
    }
}

#[cfg(not(unix))]
mod system {
    use std::path::{Path, PathBuf};

    use tokio::process::{Child, Command};

    use crate::mcp::config::McpProgramConfig;

    /// Scripts such as `npx` are found by their complete file name only.
    pub(super) fn program(config: &McpProgramConfig) -> PathBuf {
        let plain = PathBuf::from(&config.command);
        if plain.extension().is_some() {
            return plain;
        }
        let path = config.inherited.iter().find(|(name, _)| name.eq_ignore_ascii_case("PATH"));
        let folders = path.map(|(_, value)| std::env::split_paths(value).collect::<Vec<_>>());
        let folders = folders.unwrap_or_default();
        let candidates = |folder: &Path| {
            ["exe", "cmd", "bat"].map(|kind| folder.join(&plain).with_extension(kind))
        };
        let all = folders.iter().flat_map(|folder| candidates(folder));
        all.into_iter().find(|file| file.is_file()).unwrap_or(plain)
    }

    pub(super) fn set_own_group(_: &mut Command) {}

    /// Without process groups only the program itself is ended; what it started sees its input closed.
    #[derive(Debug)]
    pub(super) struct ProcessGroup;

    impl ProcessGroup {
        pub(super) fn of(_: &Child) -> Self {
            Self
        }

        pub(super) fn terminate(&self) {}

        pub(super) fn kill(&mut self) {}
    }
}
