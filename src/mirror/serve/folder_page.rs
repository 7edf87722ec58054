//! The page of a folder, by which versions can be listed where a mirror has no index.

use std::{fmt::Write as _, fs, io, path::Path};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The largest number of names on a page.
const MAX_NAMES: usize = 10_000;

/// What a path of a URL and a text of HTML hold as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The page of the folder at `path`: a link for each name, sorted; those of folders end with `/`.
pub(super) fn page(path: &Path) -> io::Result<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path)?.take(MAX_NAMES) {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') {
            continue;
        }
        let slash = if entry.path().is_dir() { "/" } else { "" };
        names.push(format!("{}{slash}", utf8_percent_encode(&name, PLAIN)));
    }
    names.sort();
    let mut page = "<!doctype html>\n<title>Index</title>\n<ul>\n".to_owned();
    for name in names {
        // The encoded name holds nothing that HTML gives a meaning to.
        let _ = writeln!(page, "<li><a href=\"./{name}\">{name}</a>");
    }
    page.push_str("</ul>\n");
    Ok(page)
}
