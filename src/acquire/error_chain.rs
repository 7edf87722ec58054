//! An error and its causes in one line, for messages and receipts.

use std::error::Error;

/// `outer: cause: cause`. A cause that the text before it ends with is left out.
pub(super) fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}
