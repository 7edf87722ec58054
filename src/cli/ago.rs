//! How long ago something happened.

use std::time::Duration;

use loom_base::time::age_in_words;

/// `3 days ago`, or `just now`.
pub(crate) fn ago(age: Duration) -> String {
    match age.as_secs() {
        0..60 => age_in_words(age),
        _ => format!("{} ago", age_in_words(age)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_younger_than_a_minute_happened_just_now() {
        let table = [(0, "just now"), (59, "just now"), (120, "2 minutes ago")];
        for (seconds, expected) in table {
            assert_eq!(ago(Duration::from_secs(seconds)), expected);
        }
    }
}
