//! Runs the program `loom` in a world.

use std::{
    fmt,
    io::Read,
    os::unix::process::{CommandExt as _, ExitStatusExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::tally::Outcome;

/// How long a command may take.
const LONGEST: Duration = Duration::from_secs(60);

/// The program to test.
#[derive(Debug, Clone)]
pub(crate) struct Looms(PathBuf);

impl Looms {
    /// The program at this path, or the one beside this program.
    pub(crate) fn find(path: Option<&Path>) -> Outcome<Self> {
        let own = std::env::current_exe()?;
        // The test of this program lies one folder deeper.
        let beside = own.ancestors().skip(1).take(2).map(|folder| folder.join("loom"));
        let found = match path {
            Some(path) => Some(path.to_owned()),
            None => beside.into_iter().find(|path| path.is_file()),
        };
        let found = found.ok_or("there is no `loom` beside this program; name one with --loom")?;
        Ok(Self(found.canonicalize()?))
    }

    /// The program.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

/// What one run of a program answered.
#[derive(Debug)]
pub(crate) struct Run {
    /// The exit code, if it ended by itself.
    pub(crate) code: Option<i32>,
    /// The signal that ended it.
    pub(crate) signal: Option<i32>,
    /// Its standard output.
    pub(crate) out: String,
    /// Its standard error.
    pub(crate) err: String,
}

impl Run {
    /// Runs a command to its end, within a minute.
    pub(crate) fn of(command: Command) -> Outcome<Self> {
        let line = format!("{command:?}");
        Self::within(LONGEST, command)?.ok_or_else(|| format!("it did not end: {line}").into())
    }

    /// Runs a command to its end; one that takes longer is killed, with all that it has started.
    pub(crate) fn within(longest: Duration, mut command: Command) -> Outcome<Option<Self>> {
        command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let (out, err) = (read_all(child.stdout.take()), read_all(child.stderr.take()));
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if start.elapsed() > longest {
                let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
                group.map(|group| kill_process_group(group, Signal::KILL)).transpose()?;
                child.wait()?;
                return Ok(None);
            }
            thread::sleep(Duration::from_millis(1));
        };
        let text = |reader: thread::JoinHandle<Vec<u8>>| {
            String::from_utf8_lossy(&reader.join().unwrap_or_default()).into_owned()
        };
        let (code, signal) = (status.code(), status.signal());
        Ok(Some(Self { code, signal, out: text(out), err: text(err) }))
    }

    /// Why this is not the end of a program that reports its errors; nothing if it is.
    pub(crate) fn untyped(&self) -> Option<String> {
        let known = self.code.is_some_and(|code| (0..=10).contains(&code) && code != 2);
        let panicked = self.err.contains("panicked") || self.err.contains("internal error");
        let says = |word: &str| self.err.contains(word);
        // What `store repair` could not mend is its result.
        let reports = self.out.contains(" left\n");
        let silent = self.code != Some(0) && !says("error:") && !says("warning:") && !reports;
        (!known || panicked || silent).then(|| self.to_string())
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}{}", self.out, self.err);
        write!(f, "exit {:?} signal {:?}: {}", self.code, self.signal, text.trim())
    }
}

/// Reads a pipe to its end, beside everything else.
fn read_all(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is enough for a message.
        let _ = pipe.map(|mut pipe| pipe.read_to_end(&mut bytes));
        bytes
    })
}
