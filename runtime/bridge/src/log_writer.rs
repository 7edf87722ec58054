//! [`LogWriter`]: log lines without what agents and other peers could use to forge lines or to control a terminal.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use loom_base::clean;
use loom_environment::LogFormat;

/// Cleans log events, each of which arrives in one write and becomes one line.
#[derive(Debug)]
pub(crate) struct LogWriter<W> {
    inner: W,
    format: LogFormat,
    /// Whether the text has colours. The formatter escapes those of values, so that all that is left is its own.
    colours: bool,
}

impl<W: Write> LogWriter<W> {
    pub(crate) fn new(inner: W, format: LogFormat, colours: bool) -> Self {
        Self { inner, format, colours }
    }

    fn cleaned<'t>(&self, event: &'t str) -> Cow<'t, str> {
        match self.format {
            LogFormat::Json => clean::json(event),
            LogFormat::Text if self.colours => Cow::Owned(with_colours(event)),
            LogFormat::Text => clean::line(event),
        }
    }
}

impl<W: Write> Write for LogWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let (event, end) = text.strip_suffix('\n').map_or((&*text, ""), |event| (event, "\n"));
        let line = format!("{}{end}", self.cleaned(event));
        self.inner.write_all(line.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The cleaned line with its colours: `ESC [`, numbers, `m`.
fn with_colours(event: &str) -> String {
    let mut parts = event.split("\u{1b}[");
    let mut line = clean::line(parts.next().unwrap_or_default()).into_owned();
    for part in parts {
        let numbers = part.bytes().take_while(|b| b.is_ascii_digit() || *b == b';').count();
        let (numbers, rest) = part.split_at(numbers);
        match rest.strip_prefix('m') {
            Some(rest) => line.push_str(&format!("\u{1b}[{numbers}m{}", clean::line(rest))),
            None => line.push_str(&clean::line(&format!("\u{1b}[{part}"))),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: LogFormat, colours: bool, event: &str) -> String {
        let mut line = Vec::new();
        LogWriter::new(&mut line, format, colours).write_all(event.as_bytes()).unwrap();
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn an_event_is_one_line_that_controls_nothing() {
        let event = "INFO agent \u{202e}id\nERROR forged\r \x1b]0;t\x07\u{9b}1m\n";
        let line = "INFO agent \\u{202e}id\\nERROR forged\\r \\u{1b}]0;t\\u{7}\\u{9b}1m\n";
        assert_eq!(written(LogFormat::Text, false, event), line);
        assert_eq!(written(LogFormat::Text, true, event), line);
    }

    #[test]
    fn colours_stay_where_there_are_some() {
        let event = "\x1b[2mnow\x1b[0m \x1b[31;1mERROR\x1b[0m a\u{202e}\x1b[2J\n";
        let line = "\x1b[2mnow\x1b[0m \x1b[31;1mERROR\x1b[0m a\\u{202e}\\u{1b}[2J\n";
        assert_eq!(written(LogFormat::Text, true, event), line);
        assert!(!written(LogFormat::Text, false, event).contains('\x1b'));
    }

    #[test]
    fn json_lines_keep_their_values() {
        let event = "{\"message\":\"a\\n\u{202e}\u{9b}\"}\n";
        let line = "{\"message\":\"a\\n\\u202e\\u009b\"}\n";
        assert_eq!(written(LogFormat::Json, false, event), line);
    }
}
