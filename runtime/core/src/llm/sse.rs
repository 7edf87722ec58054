//! A decoder of server-sent events.

/// The longest event, in bytes; no response of a language model has a longer one.
const MAX_EVENT_BYTES: usize = 1 << 20;

/// An event is longer than [`SseDecoder`] accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event is longer than {MAX_EVENT_BYTES} bytes")]
pub struct SseEventTooLong;

/// Decodes a byte stream of server-sent events and yields the data of each complete event.
///
/// The format is that of <https://html.spec.whatwg.org/multipage/server-sent-events.html>. Event names, ids and
/// comments are ignored.
#[derive(Debug, Default)]
pub struct SseDecoder {
    /// The incomplete line at the end of the input.
    line: Vec<u8>,
    /// The data of the incomplete event at the end of the input.
    data: Option<String>,
    /// The last byte was a CR: an LF that follows belongs to the same line end.
    after_cr: bool,
}

impl SseDecoder {
    /// Adds bytes to the input. Returns the data of the events that are complete with them.
    ///
    /// # Errors
    /// If the incomplete event is longer than 1 MiB.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, SseEventTooLong> {
        let mut events = Vec::new();
        for &byte in bytes {
            let follows_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
            match byte {
                b'\n' if follows_cr => {}
                b'\n' | b'\r' => events.extend(self.end_line()),
                byte => self.line.push(byte),
            }
            if self.line.len() + self.data.as_ref().map_or(0, String::len) > MAX_EVENT_BYTES {
                return Err(SseEventTooLong);
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
    fn events_are_decoded_wherever_the_bytes_are_split() {
        let expected = ["{\"a\": 1}", "two\nlines é", "", "[DONE]"];
        for size in 1..=STREAM.len() {
            let mut decoder = SseDecoder::default();
            let parts = STREAM.as_bytes().chunks(size);
            let events: Vec<_> = parts.flat_map(|part| decoder.push(part).unwrap()).collect();
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
