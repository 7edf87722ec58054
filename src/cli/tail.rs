//! [`OutputTail`]: a writer that keeps the last lines.

use std::{
    collections::VecDeque,
    io::{self, Write},
};

/// The number of bytes that are kept.
const KEPT: usize = 4096;

/// A writer that keeps the end of what is written to it, and optionally copies everything to another writer.
#[derive(Debug)]
pub(crate) struct OutputTail<W> {
    end: VecDeque<u8>,
    copy: Option<W>,
}

impl<W: Write> OutputTail<W> {
    pub(crate) fn new(copy: Option<W>) -> Self {
        Self { end: VecDeque::new(), copy }
    }

    /// The kept text, from the beginning of a line.
    pub(crate) fn text(&self) -> String {
        let bytes: Vec<u8> = self.end.iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        match text.split_once('\n') {
            Some((_, whole)) if self.end.len() == KEPT => whole.to_owned(),
            _ => text.into_owned(),
        }
    }
}

impl<W: Write> Write for OutputTail<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(copy) = &mut self.copy {
            // Errors are ignored: a closed stderr must not keep the end from being kept.
            let _ = copy.write_all(bytes);
        }
        let new = &bytes[bytes.len().saturating_sub(KEPT)..];
        let excess = (self.end.len() + new.len()).saturating_sub(KEPT);
        self.end.drain(..excess);
        self.end.extend(new);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_kept_from_the_beginning_of_a_line() {
        let mut tail = OutputTail::new(None::<io::Sink>);
        write!(tail, "first\nsecond").unwrap();
        assert_eq!(tail.text(), "first\nsecond");
        let line = "x".repeat(99) + "\n";
        for _ in 0..100 {
            tail.write_all(line.as_bytes()).unwrap();
        }
        assert_eq!(tail.text(), line.repeat(40));
        tail.write_all(&[b'y'; 3 * KEPT]).unwrap();
        assert_eq!(tail.text(), "y".repeat(KEPT));
    }
}
