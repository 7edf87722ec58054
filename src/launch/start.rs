//! Starting a runtime: its supervisor is started and reports when the server answers.

use std::{
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use super::{
    Ended, Launch, LaunchError, LaunchKind, RequestedSettings, RuntimeDocument, RuntimeState,
    StartFailure,
    attend::{self, Sign},
    control::StartReport,
    document::InstanceRecord,
    folder::InstanceFolder,
    inbox::{KILL, STAY, STOP},
    log::LogFollower,
    look::query,
    settings,
    spec::StartRequest,
    system,
};

/// What became of a wish for a running runtime.
#[derive(Debug)]
pub enum Up {
    /// It was started.
    Started(Box<Started>),
    /// It ran already, as it was asked for.
    Found(Box<RuntimeDocument>),
}

/// A runtime that was started and answers. Dropped, it is ended by its supervisor, unless [`Started::stay`] was said.
#[derive(Debug)]
pub struct Started {
    /// What runs.
    pub document: RuntimeDocument,
    child: Child,
    words: ChildStdin,
    reports: BufReader<ChildStdout>,
}

/// Starts `launch`, or answers what runs already with the same settings. Blocks until it answers.
///
/// # Errors
/// [`LaunchError::OtherSettings`] and [`LaunchError::Orphan`] when something else runs in this project,
/// [`LaunchError::Failed`] when it does not come up.
pub fn up(launch: Launch) -> Result<Up, LaunchError> {
    let folder = InstanceFolder::of(&launch.state, &launch.project, &launch.binary, launch.kind);
    if launch.kind == LaunchKind::Exec {
        return start(&launch, &folder).map(|started| Up::Started(Box::new(started)));
    }
    let patience = WaitLimits::new(launch.ready_timeout + launch.grace);
    loop {
        match query(&folder)? {
            None => match start(&launch, &folder) {
                // Somebody was faster, or looked at the very moment: look again.
                Err(LaunchError::Failed(StartFailure::Busy)) => patience.or_busy()?,
                other => return other.map(|started| Up::Started(Box::new(started))),
            },
            Some(kept) => match kept.instance.state {
                RuntimeState::Starting | RuntimeState::Stopping => patience.or_busy()?,
                RuntimeState::Ready => return same(&launch, kept).map(Up::Found),
                RuntimeState::Orphaned => return Err(orphan(kept)),
            },
        }
    }
}

/// How long somebody else's start or end is waited for.
struct WaitLimits(Instant);

impl WaitLimits {
    fn new(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// Waits a moment, or is at its end.
    fn or_busy(&self) -> Result<(), LaunchError> {
        if Instant::now() >= self.0 {
            return Err(LaunchError::Busy);
        }
        std::thread::sleep(Duration::from_millis(20));
        Ok(())
    }
}

/// Whether [`up`] may go on as far as is known before the program is at hand: nothing runs that is sure to be in its
/// way.
///
/// # Errors
/// [`LaunchError::OtherSettings`] and [`LaunchError::Orphan`], as of [`up`].
pub fn agree(
    state: &Path,
    project: &Path,
    binary: &str,
    wanted: &RequestedSettings<'_>,
) -> Result<(), LaunchError> {
    let Some(kept) = query(&InstanceFolder::of(state, project, binary, LaunchKind::Up))? else {
        return Ok(());
    };
    match kept.instance.state {
        // How long that goes on nobody knows.
        RuntimeState::Starting | RuntimeState::Stopping => Ok(()),
        RuntimeState::Orphaned => Err(orphan(kept)),
        RuntimeState::Ready => {
            let asked = settings::known(wanted, &kept.salt);
            compare(&asked, kept).map(|_| ())
        }
    }
}

fn orphan(kept: InstanceRecord) -> LaunchError {
    LaunchError::Orphan { document: Box::new(kept.instance.document) }
}

fn same(launch: &Launch, kept: InstanceRecord) -> Result<Box<RuntimeDocument>, LaunchError> {
    compare(&settings::of(launch, &kept.salt), kept)
}

fn compare(
    asked: &settings::Settings,
    kept: InstanceRecord,
) -> Result<Box<RuntimeDocument>, LaunchError> {
    let differences = settings::differences(&kept.settings, asked);
    let document = Box::new(kept.instance.document);
    match differences.is_empty() {
        true => Ok(document),
        false => Err(LaunchError::OtherSettings { document, differences }),
    }
}

/// Starts `launch` in `folder`, whatever is there.
pub(super) fn start(launch: &Launch, folder: &InstanceFolder) -> Result<Started, LaunchError> {
    let line = StartRequest::of(launch, &folder.id).line()?;
    let (mut child, mut words, mut reports) = supervisor(launch)?;
    // A supervisor that is gone says so by the end of its reports.
    let _ = words.write_all(line.as_bytes()).and_then(|()| words.flush());
    match next(&mut reports) {
        Some(StartReport::Ready(document)) => {
            Ok(Started { document: *document, child, words, reports })
        }
        Some(StartReport::Failed(failure)) => {
            let _ = child.wait();
            Err(failure.into())
        }
        _ => {
            let _ = child.wait();
            Err(LaunchError::Silent)
        }
    }
}

fn supervisor(launch: &Launch) -> Result<(Child, ChildStdin, BufReader<ChildStdout>), LaunchError> {
    let program = &launch.launcher.program;
    let failed = |source: io::Error| LaunchError::Supervisor { program: program.clone(), source };
    if let Some(lease) = &launch.lease {
        system::inheritable(lease).map_err(failed)?;
    }
    // None of our own streams goes along: who captures our output is not to wait for the server's end.
    let mut child = Command::new(program)
        .args(&launch.launcher.args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let (Some(words), Some(reports)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(LaunchError::Silent);
    };
    Ok((child, words, BufReader::new(reports)))
}

fn next(reports: &mut impl BufRead) -> Option<StartReport> {
    let mut line = String::new();
    reports.read_line(&mut line).ok()?;
    serde_json::from_str(&line).ok()
}

/// Says one word to a supervisor; one that is gone needs none.
fn say(words: &mut ChildStdin, word: &str) {
    let _ = writeln!(words, "{word}").and_then(|()| words.flush());
}

/// Passes on what `master` says; its end is a wish, too.
fn obey(master: Box<dyn BufRead + Send>, words: Arc<Mutex<ChildStdin>>) {
    thread::spawn(move || {
        let say = |word: &str| say(&mut words.lock().unwrap_or_else(PoisonError::into_inner), word);
        for line in master.lines().map_while(Result::ok) {
            match line.trim() {
                STOP => say(STOP),
                KILL => {
                    // It is only to be hurried once it was asked.
                    say(STOP);
                    say(KILL);
                }
                _ => {}
            }
        }
        say(STOP);
    });
}

impl Started {
    /// Lets it run on its own; it lives until [`super::down`].
    pub fn stay(mut self) -> RuntimeDocument {
        say(&mut self.words, STAY);
        self.document
    }

    /// Ends it, and waits for its end.
    pub fn end(mut self) -> Result<Ended, LaunchError> {
        say(&mut self.words, STOP);
        let report = next(&mut self.reports);
        let _ = self.child.wait();
        ended(report)
    }

    /// Stays with it until it ends: a signal that asks this process to end asks the server, a second one kills it.
    /// Its output is copied to `out` as it comes. Should this process be killed, the server stays.
    pub fn attach(self, out: Option<&mut dyn Write>) -> Result<Ended, LaunchError> {
        self.watch(None, out)
    }

    /// The same for a program that wants it for as long as `input` is open: a line `stop` or the end of `input` asks
    /// the server to end, a line `kill` kills it. Should this process be killed, the server ends.
    pub fn tied(
        self,
        input: impl BufRead + Send + 'static,
        out: &mut dyn Write,
    ) -> Result<Ended, LaunchError> {
        self.watch(Some(Box::new(input)), Some(out))
    }

    fn watch(
        self,
        master: Option<Box<dyn BufRead + Send>>,
        out: Option<&mut dyn Write>,
    ) -> Result<Ended, LaunchError> {
        let Self { document, mut child, words, mut reports } = self;
        let words = Arc::new(Mutex::new(words));
        let say = |word: &str| say(&mut words.lock().unwrap_or_else(PoisonError::into_inner), word);
        let stays = master.is_none();
        if let Some(master) = master {
            obey(master, Arc::clone(&words));
        }
        let log = PathBuf::from(&document.log);
        let mut asked = false;
        let report = attend::attach(
            move || next(&mut reports),
            |sign| match sign {
                Sign::Listening if stays => say(STAY),
                Sign::Listening => {}
                Sign::Signal(_) => {
                    say(if asked { KILL } else { STOP });
                    asked = true;
                }
            },
            out.map(|out| (LogFollower::from_start(&log), out)),
        );
        let report = report.map_err(|source| LaunchError::Watch { source })?;
        let _ = child.wait();
        ended(report)
    }

    /// Runs `command` beside it, then ends it; answers how the command ended.
    ///
    /// # Errors
    /// When the command cannot be started, or waited for; the runtime is ended all the same.
    pub fn beside(self, mut command: Command) -> io::Result<ExitStatus> {
        let mut beside = match command.spawn() {
            Ok(beside) => beside,
            Err(error) => {
                let _ = self.end();
                return Err(error);
            }
        };
        let pid = beside.id();
        let status = attend::attach(
            move || beside.wait(),
            |sign| match sign {
                Sign::Signal(number) if !system::sent_to_all(number) => system::ask_to_end(pid),
                _ => {}
            },
            None,
        );
        // The command's end is what counts; a runtime that crashed meanwhile has told so by its own log.
        let _ = self.end();
        status?
    }
}

fn ended(report: Option<StartReport>) -> Result<Ended, LaunchError> {
    match report {
        Some(StartReport::Ended(ended)) => Ok(ended),
        _ => Err(LaunchError::Silent),
    }
}
