//! [`Started`]: a runtime that this process has started.

use std::{
    io::{self, BufRead, BufReader, Write},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus},
    sync::{Arc, Mutex},
    thread,
    time::Instant,
};

use loom_base::{LockExt as _, StopRequest, StopRequests, reap::reap_as_first_process};

use super::{
    LaunchError, RuntimeDocument, ServerExit,
    control::StartReport,
    events::{KILL, STAY, STOP},
    foreground::{self, ForegroundEvent, ForegroundSignals},
    log_follower::LogFollower,
    signals, system,
};

/// A runtime that this process has started and that is ready. When it is dropped, its supervisor stops the server,
/// unless [`Started::detach`] was called.
#[derive(Debug)]
pub struct Started {
    /// The running runtime.
    pub document: RuntimeDocument,
    supervisor: Child,
    commands: ChildStdin,
    reports: BufReader<ChildStdout>,
}

impl Started {
    pub(super) fn new(
        document: RuntimeDocument,
        supervisor: Child,
        commands: ChildStdin,
        reports: BufReader<ChildStdout>,
    ) -> Self {
        Self { document, supervisor, commands, reports }
    }

    /// Lets the runtime outlive this process; [`down`](super::down()) stops it.
    pub fn detach(mut self) -> RuntimeDocument {
        send(&mut self.commands, STAY);
        self.document
    }

    /// Stops the runtime, and waits until it has ended.
    ///
    /// # Errors
    /// [`LaunchError::Silent`] where the supervisor does not report the end.
    pub fn stop(mut self) -> Result<ServerExit, LaunchError> {
        send(&mut self.commands, STOP);
        let report = StartReport::read(&mut self.reports);
        let _ = self.supervisor.wait();
        ended(report)
    }

    /// Waits in the foreground until the runtime ends. A signal that asks this process to end stops the server; one
    /// that follows after a second or later kills it. New lines of the log are copied to `out`. If this process is killed, the server stays.
    ///
    /// # Errors
    /// [`LaunchError::Watch`] where waiting fails, [`LaunchError::Silent`] where the supervisor does not report the
    /// end.
    pub fn attach(
        self,
        signals: ForegroundSignals,
        out: Option<&mut dyn Write>,
    ) -> Result<ServerExit, LaunchError> {
        self.watch(signals, None, out)
    }

    /// Waits until the runtime ends, for a parent process that owns the other end of `input`: a line `stop` or the
    /// end of `input` stops the server, a line `kill` kills it. If this process is killed, the server ends.
    ///
    /// # Errors
    /// As of [`attach`](Self::attach).
    pub fn exit_with_parent(
        self,
        signals: ForegroundSignals,
        input: impl BufRead + Send + 'static,
        out: &mut dyn Write,
    ) -> Result<ServerExit, LaunchError> {
        self.watch(signals, Some(Box::new(input)), Some(out))
    }

    fn watch(
        self,
        signals: ForegroundSignals,
        parent: Option<Box<dyn BufRead + Send>>,
        out: Option<&mut dyn Write>,
    ) -> Result<ServerExit, LaunchError> {
        reap_as_first_process();
        let Self { document, mut supervisor, commands, mut reports } = self;
        let commands = Arc::new(Mutex::new(commands));
        let stays = parent.is_none();
        if let Some(parent) = parent {
            forward(parent, Arc::clone(&commands));
        }
        let log = PathBuf::from(&document.log);
        let mut requests = StopRequests::default();
        let report = foreground::attach(
            signals,
            move || StartReport::read(&mut reports),
            |event| match event {
                ForegroundEvent::Listening if stays => send(&mut commands.locked(), STAY),
                ForegroundEvent::Listening => {}
                ForegroundEvent::Signal(_) => match requests.meaning(Instant::now()) {
                    StopRequest::Stop => send(&mut commands.locked(), STOP),
                    StopRequest::Repeated => {}
                    StopRequest::Kill => send(&mut commands.locked(), KILL),
                },
            },
            out.map(|out| (LogFollower::from_start(&log), out)),
        );
        let report = report.map_err(|source| LaunchError::Watch { source })?;
        let _ = supervisor.wait();
        ended(report)
    }

    /// Runs `command` while the runtime runs, then stops the runtime; returns how the command ended.
    ///
    /// # Errors
    /// Where the command cannot be started or waited for; the runtime is stopped all the same.
    pub fn run_command(
        self,
        signals: ForegroundSignals,
        mut command: Command,
    ) -> io::Result<ExitStatus> {
        reap_as_first_process();
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                let _ = self.stop();
                return Err(error);
            }
        };
        let pid = child.id();
        let status = foreground::attach(
            signals,
            move || child.wait(),
            |event| match event {
                ForegroundEvent::Signal(number) if !signals::sent_to_all(number) => {
                    system::forward(pid, number);
                }
                _ => {}
            },
            None,
        );
        // The result is that of the command; a runtime that crashed meanwhile has its own log.
        let _ = self.stop();
        status?
    }
}

/// Sends a command to a supervisor. One that has exited needs none.
fn send(commands: &mut ChildStdin, command: &str) {
    let _ = writeln!(commands, "{command}").and_then(|()| commands.flush());
}

/// Forwards the commands of a parent process to the supervisor, and its end as a request to stop.
fn forward(parent: Box<dyn BufRead + Send>, commands: Arc<Mutex<ChildStdin>>) {
    thread::spawn(move || {
        let send = |command: &str| send(&mut commands.locked(), command);
        for line in parent.lines().map_while(Result::ok) {
            match line.trim() {
                STOP => send(STOP),
                KILL => {
                    // The supervisor only kills a server that it is stopping.
                    send(STOP);
                    send(KILL);
                }
                _ => {}
            }
        }
        send(STOP);
    });
}

fn ended(report: Option<StartReport>) -> Result<ServerExit, LaunchError> {
    match report {
        Some(StartReport::Ended(ended)) => Ok(ended),
        _ => Err(LaunchError::Silent),
    }
}
