//! The form of root files: a line with the kind, then lines whose parts are separated by spaces.

use std::path::Path;

use crate::store::{StoreError, document_file::read_document};

/// What the lines below the header say; none where the file is missing.
///
/// # Errors
/// [`StoreError::Damaged`] for another header, and for a line that `parse` does not know: what the root keeps is not known
/// then.
pub(super) fn lines<T>(
    path: &Path,
    header: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, StoreError> {
    let Some(bytes) = read_document(path)? else { return Ok(Vec::new()) };
    let damaged = |what: String| StoreError::Damaged { path: path.to_owned(), what };
    lines_of(bytes, header, parse).map_err(damaged)
}

/// What the lines below the header of a root file say, or what is wrong with them.
pub(super) fn lines_of<T>(
    bytes: Vec<u8>,
    header: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, String> {
    let text = String::from_utf8(bytes).map_err(|_| "it is no text".to_owned())?;
    let Some(text) = text.strip_suffix('\n') else {
        return Err("its last line is not complete".to_owned());
    };
    let mut lines = text.split('\n');
    let first = lines.next().unwrap_or_default();
    if first != header {
        let got: String = first.chars().take(40).collect();
        return Err(format!("expected {header:?} in line 1, got {got:?}"));
    }
    let line = |(number, line): (usize, &str)| {
        parse(line).ok_or_else(|| format!("line {number} is no line of a root"))
    };
    (2..).zip(lines).map(line).collect()
}

/// A root file of the lines of a damaged one that can be read.
pub(in crate::store) struct MendedRoot {
    /// The new file.
    pub(in crate::store) bytes: Vec<u8>,
    /// The number of lines that can be read.
    pub(in crate::store) kept: usize,
}

/// The lines of a damaged root file that `parse` knows, as a new file; `None` where there are none. The header may be damaged
/// as well. A last line that is not complete may say something else than what was written.
pub(super) fn mend<T>(
    bytes: &[u8],
    parse: impl Fn(&str) -> Option<T>,
    write: impl FnOnce(Vec<T>) -> Vec<u8>,
) -> Option<MendedRoot> {
    let complete = bytes.split_inclusive(|byte| *byte == b'\n');
    let lines = complete.filter_map(|line| std::str::from_utf8(line.strip_suffix(b"\n")?).ok());
    let read: Vec<T> = lines.filter_map(parse).collect();
    let kept = read.len();
    (kept > 0).then(|| MendedRoot { bytes: write(read), kept })
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
