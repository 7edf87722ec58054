//! Lines of bounded length.

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

use super::id_scanner::IdScanner;

/// The longest message of a server, in bytes.
pub(in crate::mcp) const MAX_MESSAGE_BYTES: usize = 16 << 20;

/// What was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Line {
    /// A line without its end.
    Complete(Vec<u8>),
    /// A line that was too long and is lost, except for the id of the message in it.
    TooLong(Option<Value>),
}

/// Reads lines. A line is lost if it is too long, and so is a last line without an end.
#[derive(Debug)]
pub(super) struct LineReader<R> {
    input: BufReader<R>,
    line: Vec<u8>,
    /// Reads the rest of a line that is too long.
    scanner: Option<IdScanner>,
}

impl<R: AsyncRead + Unpin> LineReader<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input: BufReader::new(input), line: Vec::new(), scanner: None }
    }

    /// The next line; `None` at the end of the input, or if it fails. Cancel safe: what was read is kept.
    pub(super) async fn next(&mut self) -> Option<Line> {
        loop {
            let available = self.input.fill_buf().await.ok().filter(|bytes| !bytes.is_empty())?;
            let end = available.iter().position(|&byte| byte == b'\n');
            let part = &available[..end.unwrap_or(available.len())];
            let read = part.len() + usize::from(end.is_some());
            match &mut self.scanner {
                Some(scanner) => scanner.feed(part),
                None => self.line.extend_from_slice(part),
            }
            self.input.consume(read);
            if self.line.len() > MAX_MESSAGE_BYTES {
                let mut scanner = IdScanner::default();
                scanner.feed(&std::mem::take(&mut self.line));
                self.scanner = Some(scanner);
            }
            if end.is_some() {
                return Some(match self.scanner.take() {
                    Some(scanner) => Line::TooLong(scanner.id().cloned()),
                    None => Line::Complete(std::mem::take(&mut self.line)),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_line_that_is_too_long_is_lost_and_its_id_is_kept() {
        let long = "x".repeat(MAX_MESSAGE_BYTES);
        let text = format!("one\n{{\"id\":1,\"result\":\"{long}\"}}\n\nlast\ncut");
        let mut reader = LineReader::new(text.as_bytes());
        let complete = |text: &str| Some(Line::Complete(text.into()));
        assert_eq!(reader.next().await, complete("one"));
        assert_eq!(reader.next().await, Some(Line::TooLong(Some(1.into()))));
        assert_eq!(reader.next().await, complete(""));
        assert_eq!(reader.next().await, complete("last"));
        assert_eq!(reader.next().await, None);
    }
}
