//! Server-sent events, read from the bytes of a response.

/// The largest event; a longer one is left out.
const MAX_BYTES: usize = 4 << 20;

/// One event of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSentEvent {
    /// The name; empty for an unnamed event.
    pub name: String,
    /// The data.
    pub data: String,
}

/// Puts events together from bytes that come in pieces.
#[derive(Debug, Default)]
pub(super) struct EventParser {
    line: Vec<u8>,
    name: String,
    data: String,
    is_too_long: bool,
}

impl EventParser {
    /// The events that these bytes complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<ServerSentEvent> {
        let mut events = Vec::new();
        for byte in bytes {
            match byte {
                b'\n' => events.extend(self.end_line()),
                byte if self.line.len() < MAX_BYTES => self.line.push(*byte),
                _ => self.is_too_long = true,
            }
        }
        events
    }

    /// Ends a line; an empty one ends the event.
    fn end_line(&mut self) -> Option<ServerSentEvent> {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end_matches('\r');
        if line.is_empty() {
            let (name, data) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data));
            let is_whole = !std::mem::take(&mut self.is_too_long);
            return (is_whole && !data.is_empty()).then_some(ServerSentEvent { name, data });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" if self.data.len() + value.len() < MAX_BYTES => {
                if !self.data.is_empty() {
                    self.data.push('\n');
                }
                self.data.push_str(value);
            }
            "data" => self.is_too_long = true,
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_in_any_pieces() {
        let text = "event: ping\ndata: {}\n\n: comment\nid: 1\ndata: a\r\ndata:b\n\n\nevent: none\n\ndata: é\n\n";
        let event =
            |name: &str, data: &str| ServerSentEvent { name: name.into(), data: data.into() };
        let expected = [event("ping", "{}"), event("", "a\nb"), event("", "é")];
        for size in [1, 2, 7, 1000] {
            let mut parser = EventParser::default();
            let events: Vec<_> =
                text.as_bytes().chunks(size).flat_map(|c| parser.push(c)).collect();
            assert_eq!(events, expected, "{size}");
        }
    }

    #[test]
    fn an_event_that_is_too_long_is_left_out() {
        let mut parser = EventParser::default();
        let long = format!("data: {}\n\ndata: x\n\n", "y".repeat(MAX_BYTES));
        let events = parser.push(long.as_bytes());
        assert_eq!(events.iter().map(|event| &*event.data).collect::<Vec<_>>(), ["x"]);
    }
}
