//! Topics and the patterns that match them.

/// A parsed subscription pattern. Topics are opaque, case-sensitive strings; only a final `.*` has a meaning.
///
/// # Examples
/// ```
/// use loom_core::topic::TopicPattern;
///
/// let pattern = TopicPattern::parse("orders.*");
/// assert!(pattern.matches("orders.new.urgent"));
/// assert!(!pattern.matches("orders"));
/// assert!(TopicPattern::parse("*").matches("*"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopicPattern<'a> {
    /// Matches this topic only.
    Exact(&'a str),
    /// Matches every topic with this prefix, which ends in a dot.
    Prefix(&'a str),
}

impl<'a> TopicPattern<'a> {
    /// Parses a pattern: `p.*` matches every topic that starts with `p.`, at any depth. Any other text is a literal,
    /// including `*`, `*.x`, `p.*.q`, `p.#` and `p.b*`.
    pub fn parse(text: &'a str) -> Self {
        match text.strip_suffix('*') {
            Some(prefix) if prefix.ends_with('.') => Self::Prefix(prefix),
            _ => Self::Exact(text),
        }
    }

    /// Whether the pattern matches `topic`.
    pub fn matches(self, topic: &str) -> bool {
        match self {
            Self::Exact(text) => topic == text,
            Self::Prefix(prefix) => topic.starts_with(prefix),
        }
    }
}

/// The prefixes by which a pattern can match `topic`: `a.` and `a.b.` for `a.b.c`.
pub fn prefixes(topic: &str) -> impl Iterator<Item = &str> {
    topic.match_indices('.').map(|(dot, _)| &topic[..=dot])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_equal_topics_or_topics_below_a_prefix() {
        let table = [
            ("p", "p", true),
            ("p", "P", false),
            ("p.*", "p.x", true),
            ("p.*", "p.x.y", true),
            ("p.*", "p.", true),
            ("p.*", "p.*", true),
            ("p.*", "p", false),
            ("p.*", "pq.x", false),
            ("*", "p", false),
            ("*", "*", true),
            ("*.x", "p.x", false),
            ("*.x", "*.x", true),
            ("p.*.q", "p.x.q", false),
            ("p.*.q", "p.*.q", true),
            ("p.*.*", "p.*.q", true),
            ("p.*.*", "p.x.q", false),
            ("p.#", "p.x", false),
            ("p.b*", "p.bc", false),
            (".*", ".x", true),
            (".*", "p.x", false),
            ("", "", true),
            ("é.*", "é.x", true),
        ];
        for (pattern, topic, expected) in table {
            let pattern = TopicPattern::parse(pattern);
            assert_eq!(pattern.matches(topic), expected, "{pattern:?} {topic:?}");
        }
    }

    #[test]
    fn a_topic_has_a_prefix_per_dot() {
        assert_eq!(prefixes("a.b.c").collect::<Vec<_>>(), ["a.", "a.b."]);
        assert_eq!(prefixes("a.").collect::<Vec<_>>(), ["a."]);
        assert_eq!(prefixes(".x.").collect::<Vec<_>>(), [".", ".x."]);
        assert_eq!(prefixes("a").count(), 0);
    }
}
