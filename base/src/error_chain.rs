//! An error and its causes in one line.

use std::error::Error;

/// The message of an error followed by those of its causes: `outer: cause: cause`. A cause that the text before it ends
/// with is left out, as wrappers often repeat what they wrap.
///
/// # Examples
/// ```
/// let error = std::io::Error::other("no space left");
/// assert_eq!(loom_base::error_chain(&error), "no space left");
/// ```
pub fn error_chain(error: &dyn Error) -> String {
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

#[cfg(test)]
mod tests {
    use std::{fmt, io};

    use super::*;

    #[derive(Debug)]
    struct Outer(&'static str, io::Error);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.1)
        }
    }

    #[test]
    fn each_cause_appears_once() {
        let of = |text| error_chain(&Outer(text, io::Error::other("cause")));
        assert_eq!(of("outer"), "outer: cause");
        assert_eq!(of("outer: cause"), "outer: cause");
    }
}
