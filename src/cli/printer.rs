//! Data on stdout, messages on stderr.

use std::{
    io::{self, IsTerminal, Write},
    sync::{Arc, Mutex, PoisonError},
};

use serde::Serialize;

use super::{CommandError, Exit, global::Global};

/// Where a command's output goes. Clones share one output.
#[derive(Debug, Clone)]
pub(crate) struct Printer {
    json: bool,
    quiet: bool,
    verbose: u8,
    terminal: bool,
    /// Keeps the lines of several threads whole.
    line: Arc<Mutex<()>>,
}

impl Printer {
    pub(crate) fn new(global: &Global) -> Self {
        Self {
            json: global.json,
            quiet: global.quiet,
            verbose: global.verbose,
            terminal: io::stderr().is_terminal(),
            line: Arc::default(),
        }
    }

    /// Whether one JSON document is wanted.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether messages and progress are unwanted.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether more than messages is wanted.
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose > 0 && !self.quiet
    }

    /// Whether stderr is a terminal that understands more than plain lines.
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// The command's answer: `document` with `--json`, else the text of `human`, a line feed added where it lacks one.
    pub(crate) fn answer(
        &self,
        document: &impl Serialize,
        human: impl FnOnce() -> String,
    ) -> Result<(), CommandError> {
        let mut text = if self.json {
            serde_json::to_string(document).map_err(|e| CommandError::of(Exit::Failure, &e))?
        } else {
            human()
        };
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        self.bytes(text.as_bytes())
    }

    /// These bytes on stdout. A reader that went away is no failure: `loom … | head` is a way to use us.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<(), CommandError> {
        let mut out = io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
                let exit = match e.kind() {
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Exit::DiskFull,
                    _ => Exit::Failure,
                };
                Err(CommandError::new(exit, format!("could not write to stdout: {e}")))
            }
            _ => Ok(()),
        }
    }

    /// A message for people, unless they want quiet.
    pub(crate) fn message(&self, text: impl AsRef<str>) {
        if !self.quiet {
            self.stderr(text.as_ref());
        }
    }

    /// A message for those who asked for more.
    pub(crate) fn detail(&self, text: impl AsRef<str>) {
        if self.verbose > 0 {
            self.message(text);
        }
    }

    /// Something that is not right; said even with `--quiet`.
    pub(crate) fn warning(&self, text: impl AsRef<str>) {
        self.stderr(&format!("warning: {}", text.as_ref()));
    }

    /// The end of a run that failed: a document on stdout with `--json`, text on stderr without.
    pub(crate) fn failure(&self, failure: &CommandError) {
        if self.json {
            // Nothing is left to do where even this cannot be written.
            let _ = self.bytes(format!("{}\n", failure.json()).as_bytes());
        } else {
            self.stderr(failure.human().trim_end());
        }
    }

    /// A failure after the document was printed: text on stderr in any case.
    pub(crate) fn complaint(&self, failure: &CommandError) {
        self.stderr(failure.human().trim_end());
    }

    fn stderr(&self, text: &str) {
        let _line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        // A closed stderr leaves nobody to tell.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }
}
