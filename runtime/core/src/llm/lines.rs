//! From bytes to the data of server-sent events.

/// What one event may hold; a longer one is no answer of a language model.
const LONGEST: usize = 1 << 20;

/// An event is longer than [`Lines`] takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event is longer than {LONGEST} bytes")]
pub struct TooLong;

/// Takes bytes as they come and gives the data of each complete event.
///
/// The format is that of <https://html.spec.whatwg.org/multipage/server-sent-events.html>; names, ids and comments
/// mean nothing here.
#[derive(Debug, Default)]
pub struct Lines {
    /// A line that is not complete yet.
    line: Vec<u8>,
    /// The data of an event that is not complete yet.
    data: Option<String>,
    /// The last byte was a CR: an LF right after it belongs to it.
    after_cr: bool,
}

impl Lines {
    /// The events that are complete with these bytes.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, TooLong> {
        let mut events = Vec::new();
        for &byte in bytes {
            let ends_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
            match byte {
                b'\n' if ends_cr => {}
                b'\n' | b'\r' => events.extend(self.end_line()),
                byte => self.line.push(byte),
            }
            if self.line.len() + self.data.as_ref().map_or(0, String::len) > LONGEST {
                return Err(TooLong);
            }
        }
        Ok(events)
    }

    fn end_line(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            return self.data.take();
        }
        let value = line.strip_prefix(b"data")?;
        let value = if value.is_empty() { value } else { value.strip_prefix(b":")? };
        let text = String::from_utf8_lossy(value.strip_prefix(b" ").unwrap_or(value));
        match &mut self.data {
            Some(data) => {
                data.push('\n');
                data.push_str(&text);
            }
            none => *none = Some(text.into_owned()),
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "data: {\"a\": 1}\n\n: comment\r\n\r\nevent: x\rdata:two\r\ndata: lines é\r\n\r\nid: 1\n\ndata\n\ndata: [DONE]\n\ndata: cut";

    #[test]
    fn events_are_found_however_the_bytes_are_cut() {
        let expected = ["{\"a\": 1}", "two\nlines é", "", "[DONE]"];
        for size in 1..=STREAM.len() {
            let mut lines = Lines::default();
            let events: Vec<_> =
                STREAM.as_bytes().chunks(size).flat_map(|part| lines.push(part).unwrap()).collect();
            assert_eq!(events, expected, "{size}");
        }
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut lines = Lines::default();
        let mut pushed = 0;
        while lines.push(&[b'x'; 4096]).is_ok() {
            pushed += 4096;
        }
        assert!(pushed <= LONGEST, "{pushed}");
        let mut lines = Lines::default();
        while lines.push(b"data: more and more\n").is_ok() {}
    }
}
