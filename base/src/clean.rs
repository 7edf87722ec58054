//! Text of others for terminals and logs, without what would change how the rest is displayed.
//!
//! Terminals act on control characters (escape sequences, titles, clipboards), and characters of bidirectional text let a
//! line be read in another order. All of these are replaced by their escapes, such as `\u{1b}`; line feeds and tabs stay.

use std::{
    borrow::Cow,
    io::{self, Write},
};

/// Whether a character changes how the text around it is displayed: a control character other than line feed and tab, one
/// that orders bidirectional text, a separator of lines or paragraphs, an invisible tag or annotation.
pub fn is_unsafe(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        c if c.is_ascii() => c.is_ascii_control(),
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{206f}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => true,
        _ => false,
    }
}

/// The text with unsafe characters escaped. The carriage return of a Windows line end is left out.
///
/// # Examples
/// ```
/// let name = "a\u{1b}[31m\u{202e}b\r\n";
/// assert_eq!(loom_base::clean::text(name), "a\\u{1b}[31m\\u{202e}b\n");
/// ```
pub fn text(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\r' && chars.peek() == Some(&'\n') {
            continue;
        }
        if is_unsafe(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// The characters of a line in messages: paths have at most 4,096 bytes, and longer texts are not read.
const LINE_CHARS: usize = 5_000;

/// The text with the middle of each line of more than 5,000 characters left out: what was typed or sent may be of any length.
///
/// # Examples
/// ```
/// let long = format!("a{}z\nshort", "-".repeat(6_000));
/// let shown = loom_base::clean::shortened(&long);
/// assert!(shown.starts_with("a---") && shown.ends_with("---z\nshort"));
/// assert!(shown.contains("[… 1002 characters …]"), "{shown}");
/// assert_eq!(loom_base::clean::shortened("short\n"), "short\n");
/// ```
pub fn shortened(text: &str) -> Cow<'_, str> {
    if text.split('\n').all(|line| line.len() <= LINE_CHARS) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.split('\n').map(short_line).collect::<Vec<_>>().join("\n"))
}

fn short_line(line: &str) -> Cow<'_, str> {
    let count = line.chars().count();
    if count <= LINE_CHARS {
        return Cow::Borrowed(line);
    }
    let at = |n: usize| line.char_indices().nth(n).map_or(line.len(), |(at, _)| at);
    let (begin, end) = (at(LINE_CHARS / 2), at(count - LINE_CHARS / 2));
    let left_out = count - 2 * (LINE_CHARS / 2);
    Cow::Owned(format!("{}[… {left_out} characters …]{}", &line[..begin], &line[end..]))
}

/// Like [`text`], in one line: line feeds and tabs are escaped too.
pub fn line(line: &str) -> Cow<'_, str> {
    match text(line) {
        clean if clean.contains(['\n', '\t']) => {
            Cow::Owned(clean.replace('\n', "\\n").replace('\t', "\\t"))
        }
        clean => clean,
    }
}

/// Like [`line()`], with a blank in place of each such character: for text that is only quoted.
pub fn blanked(text: &str) -> String {
    text.replace(|c: char| c.is_control() || is_unsafe(c), " ")
}

/// A JSON document with the unsafe characters of its strings as JSON escapes, so that a reader gets the same values.
///
/// # Examples
/// ```
/// assert_eq!(loom_base::clean::json("{\"a\":\"\u{202e}\"}\n"), "{\"a\":\"\\u202e\"}\n");
/// ```
pub fn json(document: &str) -> Cow<'_, str> {
    if !document.contains(is_unsafe) {
        return Cow::Borrowed(document);
    }
    let mut out = String::with_capacity(document.len() + 16);
    for c in document.chars() {
        if is_unsafe(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Cleans what is written to another writer, as [`text`] does; bytes that are not UTF-8 become U+FFFD.
///
/// A character whose bytes arrive in several writes is kept back until it is complete.
#[derive(Debug)]
pub struct CleanWriter<W> {
    inner: W,
    /// The beginning of a character whose end has not arrived, or a carriage return that may end a line.
    kept: Vec<u8>,
}

impl<W: Write> CleanWriter<W> {
    /// A writer that cleans what it passes on to `inner`.
    pub fn new(inner: W) -> Self {
        Self { inner, kept: Vec::new() }
    }

    /// The length of the part of `bytes` that can be passed on before more arrives.
    fn complete(bytes: &[u8]) -> usize {
        if bytes.last() == Some(&b'\r') {
            return bytes.len() - 1;
        }
        match std::str::from_utf8(bytes) {
            // The end is the beginning of a character.
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Ok(_) => bytes.len(),
            Err(_) => {
                // Invalid bytes come before the end; the end may still be the beginning of a character.
                let tail = bytes.len().saturating_sub(3);
                let begins = |at: &usize| {
                    std::str::from_utf8(&bytes[*at..])
                        .is_err_and(|e| e.valid_up_to() == 0 && e.error_len().is_none())
                };
                (tail..bytes.len()).find(begins).unwrap_or(bytes.len())
            }
        }
    }
}

impl<W: Write> Write for CleanWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let all = if self.kept.is_empty() {
            Cow::Borrowed(bytes)
        } else {
            Cow::Owned([&std::mem::take(&mut self.kept), bytes].concat())
        };
        let complete = Self::complete(&all);
        self.kept = all[complete..].to_vec();
        self.inner.write_all(text(&String::from_utf8_lossy(&all[..complete])).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_the_display_is_escaped_and_other_text_is_kept() {
        for (given, cleaned) in [
            ("plain text, ä 数据 👩‍👩‍👧\tb\nc", "plain text, ä 数据 👩‍👩‍👧\tb\nc"),
            ("\x1b]0;title\x07\x1b[31m", "\\u{1b}]0;title\\u{7}\\u{1b}[31m"),
            ("\u{9b}31m\u{7f}\x00\x08", "\\u{9b}31m\\u{7f}\\u{0}\\u{8}"),
            ("a\rb\r\nc", "a\\rb\nc"),
            ("\u{202e}\u{2066}\u{200f}\u{61c}", "\\u{202e}\\u{2066}\\u{200f}\\u{61c}"),
            ("\u{2028}\u{e0041}\u{fff9}", "\\u{2028}\\u{e0041}\\u{fff9}"),
        ] {
            assert_eq!(text(given), cleaned);
            assert!(matches!(text(&text(given)), Cow::Borrowed(_)), "{cleaned}");
        }
        assert_eq!(line("a\nb\tc"), "a\\nb\\tc");
        assert_eq!(blanked("a\nb\u{202e}\x1bc"), "a b  c");
    }

    #[test]
    fn json_keeps_its_values() {
        let document = "{\n  \"a\": \"\u{9b}\u{202e}\u{e0041}\u{7f}ä\"\n}";
        let clean = json(document);
        assert_eq!(clean, "{\n  \"a\": \"\\u009b\\u202e\\udb40\\udc41\\u007fä\"\n}");
    }

    #[test]
    fn a_writer_cleans_characters_that_arrive_in_parts() {
        let given = "a\u{202e}ä\x1b[1m\r\n数".as_bytes();
        for size in 1..=given.len() {
            let mut written = Vec::new();
            let mut writer = CleanWriter::new(&mut written);
            for part in given.chunks(size) {
                writer.write_all(part).unwrap();
            }
            assert_eq!(String::from_utf8(written).unwrap(), "a\\u{202e}ä\\u{1b}[1m\n数", "{size}");
        }
    }

    #[test]
    fn a_writer_replaces_invalid_bytes() {
        let mut written = Vec::new();
        let mut writer = CleanWriter::new(&mut written);
        for part in [&b"a\xff\x9b"[..], b"31m \xc2", b"\x9bb\xe2\x82", b"c\n"] {
            writer.write_all(part).unwrap();
        }
        assert_eq!(String::from_utf8(written).unwrap(), "a\u{fffd}\u{fffd}31m \\u{9b}b\u{fffd}c\n");
    }
}
