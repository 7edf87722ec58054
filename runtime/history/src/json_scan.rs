//! A copy of JSON without the values of secret keys.

use crate::key_patterns::KeyPatterns;

/// The names of replaced keys that are kept of one body.
const NAMED_KEYS: usize = 32;

/// Copies JSON, token by token, without the values of secret keys. It is lenient: what is no valid JSON, because a sender
/// cut it, is searched the same way.
pub(crate) struct JsonScan<'a> {
    input: &'a [u8],
    at: usize,
    /// What was copied.
    pub(crate) out: Vec<u8>,
    limit: usize,
    /// The keys whose values were replaced.
    pub(crate) keys: Vec<String>,
    patterns: &'a KeyPatterns,
    depth: u8,
}

impl<'a> JsonScan<'a> {
    /// A scan that stops after `limit` bytes, and looks into strings up to a depth.
    pub(crate) fn new(input: &'a [u8], limit: usize, patterns: &'a KeyPatterns, depth: u8) -> Self {
        let out = Vec::with_capacity(input.len().min(limit));
        Self { input, at: 0, out, limit, keys: Vec::new(), patterns, depth }
    }

    /// Returns false if it stopped at the limit.
    pub(crate) fn run(&mut self) -> bool {
        while let Some(byte) = self.input.get(self.at) {
            if self.out.len() > self.limit {
                return false;
            }
            if *byte == b'"' {
                self.string();
            } else {
                self.out.push(*byte);
                self.at += 1;
            }
        }
        true
    }

    fn string(&mut self) {
        let text = &self.input[self.at..self.end_of_string(self.at)];
        self.at += text.len();
        let blank = self.blank_at(self.at);
        if self.input.get(self.at + blank) == Some(&b':') {
            self.out.extend_from_slice(text);
            self.key(text, blank);
        } else {
            self.value(text);
        }
    }

    /// What follows a key: its value is copied by the next steps, or replaced here.
    fn key(&mut self, text: &[u8], blank: usize) {
        let key = decoded(text);
        if !self.patterns.matches(&key) {
            return;
        }
        let colon = self.at + blank;
        let begin = colon + 1 + self.blank_at(colon + 1);
        self.out.extend_from_slice(&self.input[self.at..begin]);
        self.out.extend_from_slice(b"\"***\"");
        self.at = self.end_of_value(begin);
        self.name(key);
    }

    fn name(&mut self, key: String) {
        if self.keys.len() < NAMED_KEYS && !self.keys.contains(&key) {
            self.keys.push(key);
        }
    }

    /// A string that is no key: the JSON in it, if there is any, is searched too.
    fn value(&mut self, text: &[u8]) {
        let inner = text.get(1..).unwrap_or_default();
        let begins = inner.iter().find(|byte| !byte.is_ascii_whitespace());
        if self.depth > 0
            && matches!(begins, Some(b'{' | b'[' | b'\\'))
            && let Some((redacted, keys)) = self.nested(text)
        {
            self.out.extend_from_slice(redacted.as_bytes());
            keys.into_iter().for_each(|key| self.name(key));
            return;
        }
        self.out.extend_from_slice(text);
    }

    /// The string with values of its own JSON replaced; none if there is nothing to replace.
    fn nested(&self, text: &[u8]) -> Option<(String, Vec<String>)> {
        let decoded = decoded(text);
        if !decoded.trim_start().starts_with(['{', '[', '"']) {
            return None;
        }
        let mut scan = JsonScan::new(decoded.as_bytes(), usize::MAX, self.patterns, self.depth - 1);
        scan.run();
        if scan.keys.is_empty() {
            return None;
        }
        let text = serde_json::to_string(&String::from_utf8_lossy(&scan.out)).ok()?;
        Some((text, scan.keys))
    }

    /// The number of blanks at a position.
    fn blank_at(&self, at: usize) -> usize {
        let rest = self.input.get(at..).unwrap_or_default();
        rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
    }

    /// The end of the string that begins at `at` with its quote, or the end of the input.
    fn end_of_string(&self, at: usize) -> usize {
        let mut end = at + 1;
        while let Some(byte) = self.input.get(end) {
            match byte {
                b'"' => return end + 1,
                b'\\' => end += 2,
                _ => end += 1,
            }
        }
        self.input.len()
    }

    /// The end of the value that begins at `at`, or the end of the input.
    fn end_of_value(&self, at: usize) -> usize {
        match self.input.get(at) {
            Some(b'"') => self.end_of_string(at),
            Some(b'{' | b'[') => self.end_of_container(at),
            _ => {
                let rest = self.input.get(at..).unwrap_or_default();
                let is_end =
                    |byte: &u8| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace();
                at + rest.iter().position(is_end).unwrap_or(rest.len())
            }
        }
    }

    fn end_of_container(&self, at: usize) -> usize {
        let (mut end, mut open) = (at, 0_usize);
        while let Some(byte) = self.input.get(end) {
            match byte {
                b'"' => {
                    end = self.end_of_string(end);
                    continue;
                }
                b'{' | b'[' => open += 1,
                b'}' | b']' => open = open.saturating_sub(1),
                _ => {}
            }
            end += 1;
            if open == 0 {
                return end;
            }
        }
        self.input.len()
    }
}

/// The text of a JSON string, also of one that its sender cut or that is not valid.
fn decoded(text: &[u8]) -> String {
    let inner = text.strip_prefix(b"\"").unwrap_or(text);
    let inner = String::from_utf8_lossy(inner.strip_suffix(b"\"").unwrap_or(inner));
    if !inner.contains('\\') {
        return inner.into_owned();
    }
    let mut units = Vec::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => units.push(escaped_unit(&mut rest)),
            _ => units.extend_from_slice(c.encode_utf16(&mut [0; 2])),
        }
    }
    String::from_utf16_lossy(&units)
}

/// The UTF-16 unit of an escape sequence, behind its backslash.
fn escaped_unit(rest: &mut std::str::Chars<'_>) -> u16 {
    const REPLACEMENT: u16 = 0xfffd;
    match rest.next() {
        Some('n') => 0x0a,
        Some('t') => 0x09,
        Some('r') => 0x0d,
        Some('b') => 0x08,
        Some('f') => 0x0c,
        Some('u') => {
            let digits = rest.as_str().get(..4);
            let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
            if unit.is_some() {
                rest.nth(3);
            }
            unit.unwrap_or(REPLACEMENT)
        }
        Some(c) => u16::try_from(u32::from(c)).unwrap_or(REPLACEMENT),
        None => REPLACEMENT,
    }
}
