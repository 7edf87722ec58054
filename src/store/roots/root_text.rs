//! The form of root files: a line with the kind, then lines whose parts are separated by spaces.

use std::path::Path;

use crate::store::{StoreError, document_file::read_document};

/// The lines below the header; none where the file is missing, or has another header.
pub(super) fn lines(path: &Path, header: &str) -> Result<Vec<String>, StoreError> {
    let bytes = read_document(path)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.lines();
    if lines.next() != Some(header) {
        return Ok(Vec::new());
    }
    Ok(lines.map(str::to_owned).collect())
}

/// A root file of these lines.
pub(super) fn text(header: &str, lines: impl IntoIterator<Item = String>) -> Vec<u8> {
    let mut text = format!("{header}\n");
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    text.into_bytes()
}
