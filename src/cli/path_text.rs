//! Paths in what is printed.
//!
//! A path may be any bytes on Unix. Where one is the answer of a command, text output has exactly its bytes. JSON documents
//! and messages are Unicode: they have U+FFFD in place of bytes that are not.

use std::path::Path;

/// The path for JSON documents and messages.
pub(crate) fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// The path in exactly its bytes, and a line feed.
pub(crate) fn line(path: &Path) -> Vec<u8> {
    let mut line = path.as_os_str().as_encoded_bytes().to_vec();
    line.push(b'\n');
    line
}
