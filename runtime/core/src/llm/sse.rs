//! A decoder of server-sent events.

/// The longest event, in bytes; no response of a language model has a longer one.
const MAX_EVENT_BYTES: usize = 1 << 20;

/// An event is longer than [`SseDecoder`] accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event is longer than {MAX_EVENT_BYTES} bytes")]
pub struct SseEventTooLong;

/// One server-sent event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SseEvent {
    /// The name of the event; empty for most.
    pub name: String,
    /// The data; its lines are separated by LF.
    pub data: String,
}

/// Decodes a byte stream of server-sent events and yields each complete event that has data.
///
/// The format is that of <https://html.spec.whatwg.org/multipage/server-sent-events.html>. Ids, comments and a byte order
/// mark are ignored.
#[derive(Debug, Default)]
pub struct SseDecoder {
    /// The incomplete line at the end of the input.
    line: Vec<u8>,
    /// The name of the incomplete event at the end of the input.
    name: String,
    /// Its data.
    data: Option<String>,
    /// A line has ended: a byte order mark could only precede the first one.
    is_after_first_line: bool,
    /// The last byte was a CR: an LF that follows belongs to the same line end.
    after_cr: bool,
}

impl SseDecoder {
    /// Adds bytes to the input. Returns the events that are complete with them.
    ///
    /// # Errors
    /// If the incomplete event is longer than 1 MiB.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<SseEvent>, SseEventTooLong> {
        let mut events = Vec::new();
        for &byte in bytes {
            let follows_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
            match byte {
                b'\n' if follows_cr => {}
                b'\n' | b'\r' => events.extend(self.end_line()),
                byte => self.line.push(byte),
            }
            let data = self.data.as_ref().map_or(0, String::len);
            if self.line.len() + self.name.len() + data > MAX_EVENT_BYTES {
                return Err(SseEventTooLong);
            }
        }
        Ok(events)
    }

    fn end_line(&mut self) -> Option<SseEvent> {
        let line = std::mem::take(&mut self.line);
        let is_first = !std::mem::replace(&mut self.is_after_first_line, true);
        let line = if is_first { without_mark(&line) } else { &line };
        if line.is_empty() {
            let name = std::mem::take(&mut self.name);
            return self.data.take().map(|data| SseEvent { name, data });
        }
        if let Some(name) = value_of(line, b"event") {
            self.name = name;
        } else if let Some(text) = value_of(line, b"data") {
            match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(&text);
                }
                none => *none = Some(text),
            }
        }
        None
    }
}

/// A line without UTF-8's byte order mark.
fn without_mark(line: &[u8]) -> &[u8] {
    line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line)
}

/// The value of the field `name` if the line is one.
fn value_of(line: &[u8], name: &[u8]) -> Option<String> {
    let value = line.strip_prefix(name)?;
    let value = if value.is_empty() { value } else { value.strip_prefix(b":")? };
    Some(String::from_utf8_lossy(value.strip_prefix(b" ").unwrap_or(value)).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "\u{feff}data: {\"a\": 1}\n\n: comment\r\n\r\nevent: x\rdata:two\r\ndata: lines é\r\n\r\nid: 1\n\ndata\n\ndata: [DONE]\n\ndata: cut";

    #[test]
    fn events_are_decoded_wherever_the_bytes_are_split() {
        let expected = [("", "{\"a\": 1}"), ("x", "two\nlines é"), ("", ""), ("", "[DONE]")];
        for size in 1..=STREAM.len() {
            let mut decoder = SseDecoder::default();
            let parts = STREAM.as_bytes().chunks(size);
            let events: Vec<_> = parts.flat_map(|part| decoder.push(part).unwrap()).collect();
            let events: Vec<_> = events.iter().map(|event| (&*event.name, &*event.data)).collect();
            assert_eq!(events, expected, "{size}");
        }
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut decoder = SseDecoder::default();
        let mut pushed = 0;
        while decoder.push(&[b'x'; 4096]).is_ok() {
            pushed += 4096;
        }
        assert!(pushed <= MAX_EVENT_BYTES, "{pushed}");
        let mut decoder = SseDecoder::default();
        while decoder.push(b"data: more and more\n").is_ok() {}
    }
}
