//! An error and its causes on one line.

use std::error::Error;

/// `error: cause: cause of the cause`. A cause whose text the line already ends with is left out: many libraries
/// repeat the cause in their own message.
///
/// # Examples
/// ```
/// #[derive(Debug, thiserror::Error)]
/// #[error("could not read the settings")]
/// struct Unreadable(#[source] std::num::ParseIntError);
///
/// let cause = "x".parse::<u8>().unwrap_err();
/// let line = loom_base::error_chain(&Unreadable(cause));
/// assert_eq!(line, "could not read the settings: invalid digit found in string");
/// ```
pub fn error_chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !line.ends_with(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = error.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct NestedError(&'static str, #[source] Option<Box<NestedError>>);

    #[test]
    fn causes_follow_in_order_and_are_not_repeated() {
        let inner = NestedError("refused", None);
        let middle = NestedError("no connection: refused", Some(Box::new(inner)));
        let outer = NestedError("could not send", Some(Box::new(middle)));
        assert_eq!(error_chain(&outer), "could not send: no connection: refused");
    }
}
