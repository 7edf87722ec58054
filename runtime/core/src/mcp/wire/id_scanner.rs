//! The id of a message that cannot be read.

use serde_json::Value;

/// The longest id that is found, in bytes.
const MAX_ID_BYTES: usize = 64;
/// The deepest nesting that is followed.
const MAX_DEPTH: usize = 1024;

/// Finds the member `id` of the outermost object of a text that is too long or no valid JSON. It takes the text byte by
/// byte and keeps none of it.
#[derive(Debug, Default)]
pub(super) struct IdScanner {
    /// The open brackets, outermost first, cut at [`MAX_DEPTH`].
    brackets: Vec<u8>,
    in_string: bool,
    is_escaped: bool,
    /// The name or value in the outermost object that is being read, cut at [`MAX_ID_BYTES`].
    token: Vec<u8>,
    /// The token is the value of `id`.
    is_id: bool,
    id: Option<Value>,
}

impl IdScanner {
    /// Takes the next bytes of the text.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.step(byte));
    }

    /// The id, once it was read completely: a number or a string.
    pub(super) fn id(&self) -> Option<&Value> {
        self.id.as_ref()
    }

    fn step(&mut self, byte: u8) {
        if self.in_string {
            self.in_string = self.is_escaped || byte != b'"';
            self.is_escaped = byte == b'\\' && !self.is_escaped;
            return self.push(byte);
        }
        match byte {
            b'"' => {
                self.in_string = true;
                self.push(byte);
            }
            b'{' | b'[' => {
                // A value that is an object or an array is no id.
                self.push(byte);
                if self.brackets.len() < MAX_DEPTH {
                    self.brackets.push(byte);
                }
            }
            b'}' => self.close(b'{'),
            b']' => self.close(b'['),
            b',' => self.end_member(),
            b':' if self.is_outermost() => {
                self.is_id = self.token == b"\"id\"";
                self.token.clear();
            }
            byte if byte.is_ascii_whitespace() => {}
            byte => self.push(byte),
        }
    }

    fn is_outermost(&self) -> bool {
        self.brackets.len() == 1
    }

    /// Closes the innermost bracket of this kind, and those within it that were not closed.
    fn close(&mut self, opened: u8) {
        self.end_member();
        if let Some(index) = self.brackets.iter().rposition(|bracket| *bracket == opened) {
            self.brackets.truncate(index);
        }
    }

    fn push(&mut self, byte: u8) {
        if self.is_outermost() && self.token.len() <= MAX_ID_BYTES {
            self.token.push(byte);
        }
    }

    fn end_member(&mut self) {
        if !self.is_outermost() {
            return;
        }
        if std::mem::take(&mut self.is_id) {
            let value = serde_json::from_slice(&self.token).ok();
            self.id = value.filter(|value: &Value| value.is_number() || value.is_string());
        }
        self.token.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_the_outermost_object_is_found() {
        for (text, id) in [
            (r#"{"jsonrpc":"2.0","id":7,"result":{"a":NaN}}"#, "7"),
            (r#"{"result": {"id": 1, "x": "\"id\":2,"}, "id" : 7 }"#, "7"),
            (r#"{"result":["id",{"id":1}],"id":"a,}b"}"#, r#""a,}b""#),
            (r#"{"id":7,"result":"cut"#, "7"),
            (r#"{"result":{"content":[},"id":7}"#, "7"),
            (r#"{"result":{"content":]},"id":7}"#, "7"),
            (r#"{"result":"cut"#, ""),
            (r#"{"id":{"id":1},"result":1}"#, ""),
            (r#"{"id":null}"#, ""),
            (r#"{"error":"\\","id":3}"#, "3"),
            ("[1]", ""),
            ("log: id:1}", ""),
        ] {
            let mut scanner = IdScanner::default();
            scanner.feed(text.as_bytes());
            let found = scanner.id().map(Value::to_string).unwrap_or_default();
            assert_eq!(found, id, "{text}");
        }
    }

    #[test]
    fn a_long_text_is_not_kept() {
        let mut scanner = IdScanner::default();
        scanner.feed(b"{\"x\":\"");
        (0..1000).for_each(|_| scanner.feed(&[b'x'; 1000]));
        assert!(scanner.token.len() <= MAX_ID_BYTES + 1);
        scanner.feed(b"\",\"id\":1}");
        assert_eq!(scanner.id(), Some(&Value::from(1)));
    }
}
