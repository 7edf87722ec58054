//! JSON on the command line: as it stands there, from a file (`@file`), or from standard input (`-`).

use std::{
    io::{self, Read as _},
    path::Path,
};

use loom_base::{bounded_file, clean};
use serde::de::IgnoredAny;

use super::{CommandError, Exit};

/// The largest JSON; a request to the dashboard may not be much larger.
const MAX_BYTES: u64 = 4 << 20;

/// The JSON that an argument stands for, as text.
///
/// # Errors
/// If it cannot be read, or is no JSON.
pub(super) fn read(argument: &str) -> Result<String, CommandError> {
    let (name, text) = match argument.strip_prefix('@') {
        Some(file) => (file.to_owned(), bounded_file::read_text(Path::new(file), MAX_BYTES)),
        None if argument == "-" => ("standard input".to_owned(), standard_input()),
        None => (String::new(), Ok(argument.to_owned())),
    };
    let text = text.map_err(|error| {
        let message = format!("could not read {name}: {error}");
        CommandError::new(Exit::Failure, clean::text(&message))
    })?;
    let text = text.trim();
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| {
        let from = if name.is_empty() { "the argument".to_owned() } else { name };
        let message = format!("{from} is not JSON: {error}");
        let hint = "a text is JSON in double quotes, such as '\"text\"'; @FILE reads a file, - standard input";
        CommandError::new(Exit::Usage, clean::text(&message)).hint(hint)
    })?;
    Ok(text.to_owned())
}

fn standard_input() -> io::Result<String> {
    let mut text = String::new();
    io::stdin().lock().take(MAX_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 4 MiB"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_read_from_the_argument_or_a_file() {
        assert_eq!(read(" {\"a\": 1.0} ").unwrap(), "{\"a\": 1.0}");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.json");
        std::fs::write(&file, "[1]\n").unwrap();
        let argument = format!("@{}", file.display());
        assert_eq!(read(&argument).unwrap(), "[1]");
        std::fs::write(&file, "[").unwrap();
        assert!(read(&argument).unwrap_err().message.contains("x.json is not JSON: EOF"));
        assert!(read("text").unwrap_err().message.starts_with("the argument is not JSON"));
        assert!(read("@none.json").unwrap_err().message.starts_with("could not read none.json"));
    }
}
