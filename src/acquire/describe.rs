//! An error and its causes in one line, for receipts and messages.

use std::error::Error;

use loom_source::SourceError;

use super::observer::Observer;

/// An error of a source with its causes and, after a semicolon, what the user can do about it.
pub(super) fn describe(observer: &dyn Observer, error: &SourceError) -> String {
    let chain = error_chain(error);
    match observer.hint(error) {
        Some(hint) => format!("{chain}; {hint}"),
        None => chain,
    }
}

/// `outer: cause: cause`, each said once.
pub(super) fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    text
}
