//! Versions as users type them: `0.2.0` or, as in a tag, `v0.2.0`.

use loom_source::{Selector, Slot, Version, version::VersionError, version::without_tag_prefix};

/// A version such as `0.2.0` or `v0.2.0`.
pub(crate) fn version(text: &str) -> Result<Version, VersionError> {
    without_tag_prefix(text).parse()
}

/// A version, or `dev`.
pub(crate) fn slot(text: &str) -> Result<Slot, VersionError> {
    without_tag_prefix(text).parse()
}

/// A selector as a word of a command line: a range such as `>=0.1,<0.3` is quoted, as the shell would redirect there.
pub(crate) fn shell_word(selector: &Selector) -> String {
    let text = selector.to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-_^+".contains(c);
    if text.chars().all(is_plain) { text } else { format!("'{text}'") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_quoted_for_the_shell() {
        for (text, word) in
            [("0.2.0", "0.2.0"), ("latest", "latest"), (">=0.1, <0.3", "'>=0.1, <0.3'")]
        {
            assert_eq!(shell_word(&text.parse().unwrap()), word);
        }
    }
}
