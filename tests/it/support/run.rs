//! A finished command, and a running one.

use std::{
    io::Read,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};

/// The time limit of a command, after which the test fails instead of hanging.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// A finished command.
#[derive(Debug)]
pub struct Run {
    /// The command line, as a user would type it.
    pub line: String,
    /// Exit status and both outputs.
    pub output: Output,
}

impl Run {
    /// Standard output as text.
    pub fn stdout(&self) -> String {
        String::from_utf8(self.output.stdout.clone()).expect("standard output is UTF-8")
    }

    /// Standard error as text.
    pub fn stderr(&self) -> String {
        String::from_utf8(self.output.stderr.clone()).expect("standard error is UTF-8")
    }

    /// The exit code; 128+n after signal n.
    pub fn exit(&self) -> i32 {
        use std::os::unix::process::ExitStatusExt;
        let status = self.output.status;
        status.code().or(status.signal().map(|n| 128 + n)).expect("it has ended")
    }

    /// Asserts this exit code.
    #[track_caller]
    pub fn code(self, expected: i32) -> Self {
        let exit = self.exit();
        assert!(
            exit == expected,
            "`{}` ended with {exit}, not {expected}\n--- stdout\n{}\n--- stderr\n{}",
            self.line,
            String::from_utf8_lossy(&self.output.stdout),
            String::from_utf8_lossy(&self.output.stderr),
        );
        self
    }

    /// Asserts success.
    #[track_caller]
    pub fn ok(self) -> Self {
        self.code(0)
    }

    /// Standard output as one JSON document, an object with `"schema": 1`.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        let document: serde_json::Value = serde_json::from_slice(&self.output.stdout)
            .unwrap_or_else(|e| panic!("`{}`: {e} in {:?}", self.line, self.stdout()));
        assert_eq!(document["schema"], 1, "`{}`: no schema in {document}", self.line);
        document
    }

    /// The last line of standard output, as the path that `get` and `which` print.
    #[track_caller]
    pub fn path(&self) -> PathBuf {
        let stdout = self.stdout();
        let line = stdout.lines().last();
        PathBuf::from(line.unwrap_or_else(|| panic!("`{}` printed nothing", self.line)))
    }

    /// Asserts that standard error contains each of these.
    #[track_caller]
    pub fn says(self, parts: &[&str]) -> Self {
        let stderr = self.stderr();
        for part in parts {
            assert!(stderr.contains(part), "`{}`: no {part:?} in\n{stderr}", self.line);
        }
        self
    }

    /// Asserts that standard error contains none of these.
    #[track_caller]
    pub fn never_says(self, parts: &[&str]) -> Self {
        let stderr = self.stderr();
        for part in parts {
            assert!(!stderr.contains(part), "`{}`: {part:?} in\n{stderr}", self.line);
        }
        self
    }
}

/// A stream that is read to its end in the background.
#[derive(Debug)]
struct Drained {
    so_far: Arc<Mutex<Vec<u8>>>,
    reader: thread::JoinHandle<()>,
}

impl Drained {
    /// Waits for the end.
    fn whole(self) -> Vec<u8> {
        self.reader.join().unwrap();
        std::mem::take(&mut self.so_far.lock().unwrap())
    }
}

/// A command that still runs; killed with its process group when dropped.
#[derive(Debug)]
pub struct Running {
    line: String,
    child: Option<Child>,
    streams: Option<(Drained, Drained)>,
}

impl Running {
    /// Starts `command` in a process group of its own, with both outputs captured.
    pub fn start(line: String, mut command: Command) -> Self {
        use std::os::unix::process::CommandExt;
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().unwrap_or_else(|e| panic!("cannot run `{line}`: {e}"));
        let streams = (drain(child.stdout.take()), drain(child.stderr.take()));
        Self { line, child: Some(child), streams: Some(streams) }
    }

    /// The process id.
    pub fn pid(&self) -> Pid {
        Pid::from_child(self.child.as_ref().expect("it has not been waited for"))
    }

    /// Sends a signal to the process (not to its group).
    pub fn signal(&self, signal: Signal) {
        rustix::process::kill_process(self.pid(), signal).expect("it runs");
    }

    /// Kills the process as `kill -9` does, and waits for it.
    pub fn kill(self) -> Run {
        self.signal(Signal::KILL);
        self.wait()
    }

    /// Whether it has printed anything to standard output.
    pub fn has_answered(&self) -> bool {
        self.streams.as_ref().is_some_and(|(stdout, _)| !stdout.so_far.lock().unwrap().is_empty())
    }

    /// Whether it has already ended.
    pub fn ended(&mut self) -> bool {
        self.child.as_mut().is_none_or(|child| child.try_wait().unwrap().is_some())
    }

    /// Waits until the command has ended, and validates what it printed with `--json`.
    pub fn wait(mut self) -> Run {
        let pid = self.pid();
        let (done, watched) = mpsc::channel::<()>();
        let watchdog = thread::spawn(move || {
            let late = watched.recv_timeout(TIME_LIMIT) == Err(mpsc::RecvTimeoutError::Timeout);
            if late {
                let _ = kill_process_group(pid, Signal::KILL);
            }
            late
        });
        let status = self.child.as_mut().expect("waited for once").wait().unwrap();
        let (stdout, stderr) = self.streams.take().expect("waited for once");
        let (stdout, stderr) = (stdout.whole(), stderr.whole());
        self.child = None;
        drop(done);
        let run =
            Run { line: std::mem::take(&mut self.line), output: Output { status, stdout, stderr } };
        assert!(!watchdog.join().unwrap(), "`{}` did not end: {}", run.line, run.stderr());
        super::schema::validate(&run);
        run
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
            let _ = child.wait();
        }
    }
}

fn drain(stream: Option<impl Read + Send + 'static>) -> Drained {
    let mut stream = stream.expect("a captured stream");
    let so_far = Arc::new(Mutex::new(Vec::new()));
    let shared = Arc::clone(&so_far);
    let reader = thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(read @ 1..) = stream.read(&mut buffer) {
            shared.lock().unwrap().extend_from_slice(&buffer[..read]);
        }
    });
    Drained { so_far, reader }
}
