//! Which keys of metadata, headers and JSON objects have values that are secret.

/// The patterns that are used where the configuration has none.
pub const DEFAULT_PATTERNS: [&str; 12] = [
    "*authorization",
    "*api_key*",
    "*access_key*",
    "*private_key*",
    "*session_key*",
    "*password*",
    "*passwd*",
    "*passphrase*",
    "*secret*",
    "*token",
    "*cookie",
    "*credential*",
];

/// Patterns of keys. `*` stands for any characters; case, `-`, `_` and `.` make no difference, so that `*api_key` is also
/// `x-api-key` and `apiKey`.
///
/// # Examples
/// ```
/// use loom_history::KeyPatterns;
///
/// let keys = KeyPatterns::new(["*password", "card"]);
/// assert!(keys.matches("dbPassword") && keys.matches("CARD") && !keys.matches("cards"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPatterns(Vec<String>);

impl Default for KeyPatterns {
    fn default() -> Self {
        Self::new(DEFAULT_PATTERNS)
    }
}

impl KeyPatterns {
    /// The given patterns and no others.
    pub fn new<T: AsRef<str>>(patterns: impl IntoIterator<Item = T>) -> Self {
        Self(patterns.into_iter().map(|pattern| normalized(pattern.as_ref())).collect())
    }

    /// The default patterns and the given ones.
    pub fn with_defaults<T: AsRef<str>>(patterns: impl IntoIterator<Item = T>) -> Self {
        let mut all = Self::default();
        all.0.extend(Self::new(patterns).0);
        all
    }

    /// Whether values of this key are replaced.
    pub fn matches(&self, key: &str) -> bool {
        let key = normalized(key);
        self.0.iter().any(|pattern| matches_pattern(pattern.as_bytes(), key.as_bytes()))
    }
}

fn normalized(text: &str) -> String {
    let kept = text.chars().filter(|c| !matches!(c, '-' | '_' | '.'));
    kept.flat_map(char::to_lowercase).collect()
}

/// Matches with the last `*` as the only place to return to, which is linear in the product of both lengths at most.
fn matches_pattern(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut position) = (0, 0);
    let mut star = None;
    while position < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, position));
                at += 1;
            }
            Some(byte) if *byte == text[position] => {
                at += 1;
                position += 1;
            }
            _ => {
                let Some((after, begin)) = star else { return false };
                at = after + 1;
                position = begin + 1;
                star = Some((after, position));
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_patterns_name_what_is_secret_by_custom() {
        let keys = KeyPatterns::default();
        for (key, is_secret) in [
            ("Authorization", true),
            ("proxy-authorization", true),
            ("x-api-key", true),
            ("OPENAI_API_KEY", true),
            ("apiKey", true),
            ("aws_secret_access_key", true),
            ("client_secret", true),
            ("dbPassword", true),
            ("SLACK_BOT_TOKEN", true),
            ("refresh-token", true),
            ("Set-Cookie", true),
            ("max_tokens", false),
            ("input_tokens", false),
            ("topic", false),
            ("key", false),
            ("author", false),
            ("", false),
        ] {
            assert_eq!(keys.matches(key), is_secret, "{key}");
        }
    }

    #[test]
    fn stars_stand_for_any_characters() {
        for (pattern, text, expected) in [
            ("a*c", "ac", true),
            ("a*c", "abbc", true),
            ("a*c", "abcd", false),
            ("*", "", true),
            ("**a**", "bab", true),
            ("a*b*c", "a-x-b-y-c", true),
            ("a*b*c", "acb", false),
            ("", "", true),
            ("", "a", false),
            ("ä*", "Äb", true),
        ] {
            assert_eq!(KeyPatterns::new([pattern]).matches(text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn further_patterns_add_to_the_defaults() {
        let keys = KeyPatterns::with_defaults(["card_number"]);
        assert!(keys.matches("cardNumber") && keys.matches("password"));
        assert!(!KeyPatterns::default().matches("cardNumber"));
    }
}
