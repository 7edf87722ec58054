//! [`PluginProcess`]: the process of a plugin, with its environment, its standard error and its end.

use std::{
    collections::VecDeque,
    ffi::OsString,
    io,
    path::Path,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use loom_base::{clean, sync::LockExt as _};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::{Child, ChildStdin, ChildStdout, Command},
    task::JoinHandle,
};

/// How many of the last bytes of standard error are kept.
const KEPT_STDERR: usize = 2048;

/// How long the rest of standard error is waited for once standard output has ended.
const STDERR_GRACE: Duration = Duration::from_millis(200);

/// How often, and at which interval, a program is started again while its file is still open for writing.
const BUSY_RETRIES: u32 = 20;
const BUSY_INTERVAL: Duration = Duration::from_millis(10);

/// A running plugin. Dropping it kills the process with all processes that it has started, unless it has ended.
#[derive(Debug)]
pub(crate) struct PluginProcess {
    child: Child,
    ended: bool,
    stderr: Arc<Mutex<VecDeque<u8>>>,
    stderr_reader: JoinHandle<()>,
}

impl PluginProcess {
    /// Starts the program with exactly this environment, in its own process group and in its own folder.
    pub(crate) async fn start(
        program: &Path,
        environment: &[(OsString, OsString)],
    ) -> io::Result<(Self, ChildStdin, ChildStdout)> {
        let mut command = Command::new(program);
        command.env_clear().envs(environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.current_dir(program.parent().unwrap_or(Path::new("/"))).kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let mut child = spawn(&mut command).await?;
        let missing = || io::Error::other("a pipe to the process is missing");
        let stdin = child.stdin.take().ok_or_else(missing)?;
        let stdout = child.stdout.take().ok_or_else(missing)?;
        let pipe = child.stderr.take().ok_or_else(missing)?;
        let stderr = Arc::new(Mutex::new(VecDeque::new()));
        let stderr_reader = tokio::spawn(keep_end(pipe, Arc::clone(&stderr)));
        Ok((Self { child, ended: false, stderr, stderr_reader }, stdin, stdout))
    }

    /// Waits until the process ends.
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await;
        self.ended = status.is_ok();
        status
    }

    /// The last three lines of standard error, as one line without control characters.
    pub(crate) async fn last_error_lines(&mut self) -> String {
        let _ = tokio::time::timeout(STDERR_GRACE, &mut self.stderr_reader).await;
        let bytes: Vec<u8> = self.stderr.locked().iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> =
            text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let last = &lines[lines.len().saturating_sub(3)..];
        clean::blanked(&last.join("; "))
    }

    #[cfg(unix)]
    fn kill(&mut self) {
        use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, waitpid};
        let pid = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let Some(pid) = pid else { return };
        // The process has not been waited for, so its process group cannot belong to another process yet.
        let _ = kill_process_group(pid, Signal::KILL);
        // A killed process ends at once; one that hangs in a system call is left for the tokio runtime to wait for.
        for _ in 0..200 {
            match waitpid(Some(pid), WaitOptions::NOHANG) {
                Ok(None) => std::thread::sleep(Duration::from_millis(1)),
                _ => break,
            }
        }
    }

    #[cfg(not(unix))]
    fn kill(&mut self) {
        let _ = self.child.start_kill();
    }
}

impl Drop for PluginProcess {
    fn drop(&mut self) {
        self.stderr_reader.abort();
        if !self.ended {
            self.kill();
        }
    }
}

/// Starts the process. A program whose file is open for writing (it has just been installed) is tried again.
async fn spawn(command: &mut Command) -> io::Result<Child> {
    for _ in 0..BUSY_RETRIES {
        match command.spawn() {
            Err(e) if e.kind() == io::ErrorKind::ExecutableFileBusy => {
                tokio::time::sleep(BUSY_INTERVAL).await;
            }
            result => return result,
        }
    }
    command.spawn()
}

/// Reads `stream` to its end and keeps its last bytes in `kept`.
async fn keep_end(mut stream: impl AsyncRead + Unpin, kept: Arc<Mutex<VecDeque<u8>>>) {
    let mut piece = [0_u8; 1024];
    while let Ok(read @ 1..) = stream.read(&mut piece).await {
        let mut kept = kept.locked();
        kept.extend(&piece[..read]);
        let excess = kept.len().saturating_sub(KEPT_STDERR);
        kept.drain(..excess);
    }
}
