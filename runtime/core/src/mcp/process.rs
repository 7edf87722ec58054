//! A program that runs, and everything it started.

use std::{io, process::ExitStatus, process::Stdio, sync::Arc, time::Duration};

use secrecy::ExposeSecret as _;
use tokio::{
    process::{Child, ChildStdin, ChildStdout, Command},
    task::JoinHandle,
    time::timeout,
};

use self::system::Group;
use super::{McpServerConfig, words::Words};

/// How long a program may take to end by itself once its input has ended, and again once it was asked to.
const GRACE: Duration = Duration::from_millis(700);
/// How long its last words may take.
const LAST: Duration = Duration::from_millis(200);

/// A program with a group of its own. Dropped, it and all in its group are killed.
#[derive(Debug)]
pub(crate) struct McpProcess {
    child: Child,
    group: Group,
    words: Words,
    listener: Option<JoinHandle<()>>,
}

impl McpProcess {
    /// Starts the program; its input and output are ours to speak with.
    ///
    /// It never outlives us for long, even where we are killed: its input ends with us, and that tells it to end.
    pub(crate) fn start(
        spec: &Arc<McpServerConfig>,
    ) -> io::Result<(Self, ChildStdin, ChildStdout)> {
        let mut command = Command::new(system::program(spec));
        command.args(&spec.args).env_clear().envs(&spec.inherited);
        command.envs(spec.env.iter().map(|(name, value)| (name, value.expose_secret())));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true);
        system::own_group(&mut command);
        let mut child = command.spawn()?;
        let group = Group::of(&child);
        let words = Words::default();
        let listen = |stderr| tokio::spawn(words.clone().listen(stderr, Arc::clone(spec)));
        let listener = child.stderr.take().map(listen);
        let gone = || io::Error::other("its input and output are not there");
        let stdin = child.stdin.take().ok_or_else(gone)?;
        let stdout = child.stdout.take().ok_or_else(gone)?;
        Ok((Self { child, group, words, listener }, stdin, stdout))
    }

    /// Waits until the program ends by itself; may be dropped and called again.
    pub(crate) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Waits for a program whose input has ended, asks it to end, ends it; then ends all that it started. Gives what
    /// it said last.
    pub(crate) async fn end(mut self) -> String {
        let mut ended = timeout(GRACE, self.child.wait()).await.is_ok();
        if !ended {
            self.group.ask();
            ended = timeout(GRACE, self.child.wait()).await.is_ok();
        }
        self.group.kill();
        if !ended {
            // Where there are no groups; an error means that it is over.
            _ = self.child.start_kill();
            _ = timeout(GRACE, self.child.wait()).await;
        }
        if let Some(listener) = self.listener.take() {
            // What left the group may still hold the other end.
            _ = timeout(LAST, listener).await;
        }
        self.words.last()
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

    use crate::mcp::McpServerConfig;

    pub(super) fn program(spec: &McpServerConfig) -> &str {
        &spec.command
    }

    pub(super) fn own_group(command: &mut Command) {
        command.process_group(0);
    }

    /// A program and what it started, as far as that stays in its group.
    ///
    /// Its number can be another group's only once the program was waited for and all of its group is gone; it is used
    /// right after the wait and never again, and the system hands out all other numbers before one comes back.
    #[derive(Debug)]
    pub(super) struct Group(Option<Pid>);

    impl Group {
        pub(super) fn of(child: &Child) -> Self {
            Self(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)))
        }

        pub(super) fn ask(&self) {
            self.send(Signal::TERM);
        }

        /// Once: afterwards the number means nothing to us.
        pub(super) fn kill(&mut self) {
            self.send(Signal::KILL);
            self.0 = None;
        }

        /// A group that is gone is what we want: nothing to report.
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

    use crate::mcp::McpServerConfig;

    /// Scripts such as `npx` are found only by their whole name here.
    pub(super) fn program(spec: &McpServerConfig) -> PathBuf {
        let plain = PathBuf::from(&spec.command);
        if plain.extension().is_some() {
            return plain;
        }
        let path = spec.inherited.iter().find(|(name, _)| name.eq_ignore_ascii_case("PATH"));
        let folders = path.map(|(_, value)| std::env::split_paths(value).collect::<Vec<_>>());
        let folders = folders.unwrap_or_default();
        let named = |folder: &Path| {
            ["exe", "cmd", "bat"].map(|kind| folder.join(&plain).with_extension(kind))
        };
        let all = folders.iter().flat_map(|folder| named(folder));
        all.into_iter().find(|file| file.is_file()).unwrap_or(plain)
    }

    pub(super) fn own_group(_: &mut Command) {}

    /// Here only the program itself can be ended; what it started sees its input end.
    #[derive(Debug)]
    pub(super) struct Group;

    impl Group {
        pub(super) fn of(_: &Child) -> Self {
            Self
        }

        pub(super) fn ask(&self) {}

        pub(super) fn kill(&mut self) {}
    }
}
