//! Data on stdout, messages on stderr.
//!
//! Everything that `loom` prints goes through here, and here the text of others is cleaned: see [`clean`].

use std::{
    io::{self, IsTerminal, Write},
    path::Path,
    sync::{Arc, Mutex},
};

use anstream::{AutoStream, ColorChoice};
use loom_base::{
    LockExt as _,
    clean::{self, CleanWriter},
};
use serde::Serialize;
use unicode_width::UnicodeWidthStr as _;

use super::{CommandError, Exit, color, global::Global, path_text, report};

/// The output of a command. Clones share one output.
#[derive(Debug, Clone)]
pub(crate) struct Printer {
    json: bool,
    quiet: bool,
    verbose: u8,
    terminal: bool,
    /// The progress line at the bottom of the terminal, empty where there is none. Its lock also keeps the lines of
    /// several threads apart.
    progress: Arc<Mutex<String>>,
}

impl Printer {
    pub(crate) fn new(global: &Global) -> Self {
        Self {
            json: global.json,
            quiet: global.quiet,
            verbose: global.verbose,
            terminal: io::stderr().is_terminal(),
            progress: Arc::default(),
        }
    }

    /// Whether the output is one JSON document.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether messages and progress are suppressed.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether details are shown (`-v`).
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose > 0 && !self.quiet
    }

    /// Whether timings are shown (`-vv`).
    pub(crate) fn is_very_verbose(&self) -> bool {
        self.verbose > 1 && !self.quiet
    }

    /// Whether stderr is a terminal.
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// The result of a command: `document` with `--json`, else the text of `human`, with a line feed at its end.
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
        if self.json {
            self.bytes(clean::json(&text).as_bytes())
        } else {
            self.bytes(text.as_bytes())
        }
    }

    /// The result of a command that is a path: `document` with `--json`, else exactly the bytes of the path.
    pub(crate) fn answer_path(
        &self,
        document: &impl Serialize,
        path: &Path,
    ) -> Result<(), CommandError> {
        if self.json {
            self.answer(document, String::new)
        } else {
            self.bytes(&path_text::line(path))
        }
    }

    /// Writes text to stdout, cleaned; bytes that are not UTF-8 stay as they are. A reader that is gone is no failure:
    /// `loom … | head` is a valid use.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<(), CommandError> {
        let mut out = io::stdout().lock();
        let mut write = || {
            for chunk in bytes.utf8_chunks() {
                out.write_all(clean::text(chunk.valid()).as_bytes())?;
                out.write_all(chunk.invalid())?;
            }
            out.flush()
        };
        match write() {
            Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(report::stdout_error(&e)),
            _ => Ok(()),
        }
    }

    /// A writer to stdout for the output of other programs, which is cleaned.
    pub(crate) fn stdout_of_others(&self) -> impl Write + use<> {
        CleanWriter::new(io::stdout().lock())
    }

    /// A writer to stderr for the output of other programs, which is cleaned.
    pub(crate) fn stderr_of_others(&self) -> impl Write + Send + use<> {
        CleanWriter::new(io::stderr())
    }

    /// A message, suppressed by `--quiet`.
    pub(crate) fn message(&self, text: impl AsRef<str>) {
        if !self.quiet {
            self.stderr(&clean::shortened(&clean::text(text.as_ref())));
        }
    }

    /// A message that only `-v` shows.
    pub(crate) fn detail(&self, text: impl AsRef<str>) {
        if self.is_verbose() {
            self.stderr(&color::dim(&clean::shortened(&clean::text(text.as_ref()))));
        }
    }

    /// A warning, shown even with `--quiet`.
    pub(crate) fn warning(&self, text: impl AsRef<str>) {
        // Further lines are indented, so that no text of others looks like a line of ours.
        let text = clean::shortened(&clean::text(text.as_ref())).replace('\n', "\n  ");
        self.stderr(&format!("{} {text}", color::warning("warning:")));
    }

    /// The error that ends a run: a document on stdout with `--json`, else text on stderr.
    pub(crate) fn error(&self, error: &CommandError) {
        if self.json {
            // Where stdout cannot be written, the error is that, and only stderr is left to say so.
            if self.bytes(clean::json(&format!("{}\n", error.json())).as_bytes()).is_err() {
                self.error_text(error);
            }
        } else {
            self.error_text(error);
        }
    }

    /// An error after the document was printed: always text on stderr.
    pub(crate) fn error_text(&self, error: &CommandError) {
        self.stderr(report::human(error).trim_end());
    }

    /// Shows `line` as the progress line, in place of the one before. It must be shorter than the terminal is wide.
    pub(crate) fn show_progress(&self, line: &str) {
        let mut shown = self.progress.locked();
        // Errors are ignored: where stderr is closed, progress has no reader.
        let mut out = io::stderr().lock();
        let _ = write!(out, "\r{line}{}", blanks(shown.width().saturating_sub(line.width())));
        let _ = out.flush();
        line.clone_into(&mut shown);
    }

    /// Removes the progress line.
    pub(crate) fn clear_progress(&self) {
        let mut shown = self.progress.locked();
        let _ = erase(&shown, &mut io::stderr().lock());
        shown.clear();
    }

    /// Writes text with styles, the parts of others in it cleaned.
    fn stderr(&self, text: &str) {
        let shown = self.progress.locked();
        let choice = if self.json { ColorChoice::Never } else { ColorChoice::Auto };
        let mut out = AutoStream::new(io::stderr(), choice).lock();
        // Errors are ignored: where stderr is closed, messages have no reader.
        let _ = erase(&shown, &mut out);
        let _ = writeln!(out, "{text}");
        if !shown.is_empty() {
            let _ = write!(out, "{shown}");
            let _ = out.flush();
        }
    }
}

/// Overwrites the progress line with blanks. Blanks work on every terminal; an escape sequence does not.
fn erase(shown: &str, out: &mut impl Write) -> io::Result<()> {
    if shown.is_empty() {
        return Ok(());
    }
    write!(out, "\r{}\r", blanks(shown.width()))
}

fn blanks(count: usize) -> String {
    " ".repeat(count)
}
