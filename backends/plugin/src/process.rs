//! A plugin's process: its environment, its last words, its end.

use std::{
    collections::VecDeque,
    ffi::OsString,
    io,
    path::Path,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::{Child, ChildStdin, ChildStdout, Command},
    task::JoinHandle,
};

/// How much of what it says on its standard error is kept: the end.
const LAST_WORDS: usize = 2048;

/// How long last words may take to arrive once its standard output has ended.
const GRACE: Duration = Duration::from_millis(200);

/// A running plugin. Dropped before its end it is killed, with all that it has started.
#[derive(Debug)]
pub(crate) struct PluginProcess {
    child: Child,
    ended: bool,
    words: Arc<Mutex<VecDeque<u8>>>,
    listening: JoinHandle<()>,
}

impl PluginProcess {
    /// Starts the program with this environment and nothing else of ours.
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
        let missing = || io::Error::other("a pipe to it is missing");
        let stdin = child.stdin.take().ok_or_else(missing)?;
        let stdout = child.stdout.take().ok_or_else(missing)?;
        let stderr = child.stderr.take().ok_or_else(missing)?;
        let words = Arc::new(Mutex::new(VecDeque::new()));
        let listening = tokio::spawn(listen(stderr, words.clone()));
        Ok((Self { child, ended: false, words, listening }, stdin, stdout))
    }

    /// Waits for its end.
    pub(crate) async fn end(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await;
        self.ended = status.is_ok();
        status
    }

    /// The last lines that it wrote to its standard error, as one line without control characters.
    pub(crate) async fn last_words(&mut self) -> String {
        let _ = tokio::time::timeout(GRACE, &mut self.listening).await;
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = words.iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> =
            text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let last = &lines[lines.len().saturating_sub(3)..];
        last.join("; ").replace(char::is_control, " ")
    }

    #[cfg(unix)]
    fn kill(&mut self) {
        use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, waitpid};
        let pid = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let Some(pid) = pid else { return };
        // Its group is still its own: it has not been waited for.
        let _ = kill_process_group(pid, Signal::KILL);
        // A killed process is gone at once; one that hangs in the kernel is left to the runtime.
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
        self.listening.abort();
        if !self.ended {
            self.kill();
        }
    }
}

/// Starts it; one that is being written at this moment is tried again.
async fn spawn(command: &mut Command) -> io::Result<Child> {
    for _ in 0..20 {
        match command.spawn() {
            Err(e) if e.kind() == io::ErrorKind::ExecutableFileBusy => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            done => return done,
        }
    }
    command.spawn()
}

/// Reads to the end, keeping the last of it.
async fn listen(mut stream: impl AsyncRead + Unpin, words: Arc<Mutex<VecDeque<u8>>>) {
    let mut piece = [0_u8; 1024];
    while let Ok(read @ 1..) = stream.read(&mut piece).await {
        let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
        words.extend(&piece[..read]);
        let over = words.len().saturating_sub(LAST_WORDS);
        words.drain(..over);
    }
}
