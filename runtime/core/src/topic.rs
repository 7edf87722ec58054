//! Which topics a subscription means.

/// What a subscription asks for. Topics are opaque, case-sensitive strings; only a final `.*` is special.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern<'a> {
    /// This topic and no other.
    Exact(&'a str),
    /// Every topic that starts so; the text ends in a dot.
    Under(&'a str),
}

impl<'a> Pattern<'a> {
    /// Reads a subscription: `p.*` means everything that starts with `p.`, at any depth; anything else is a literal,
    /// `*`, `*.x`, `p.*.q`, `p.#` and `p.b*` included.
    pub fn parse(text: &'a str) -> Self {
        match text.strip_suffix('*') {
            Some(prefix) if prefix.ends_with('.') => Self::Under(prefix),
            _ => Self::Exact(text),
        }
    }

    /// Whether a topic is meant.
    pub fn matches(self, topic: &str) -> bool {
        match self {
            Self::Exact(text) => topic == text,
            Self::Under(prefix) => topic.starts_with(prefix),
        }
    }
}

/// The prefixes under which a topic may be subscribed: `a.b.c` gives `a.` and `a.b.`.
pub fn prefixes(topic: &str) -> impl Iterator<Item = &str> {
    topic.match_indices('.').map(|(at, _)| &topic[..=at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
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
            assert_eq!(Pattern::parse(pattern).matches(topic), expected, "{pattern:?} {topic:?}");
        }
    }

    #[test]
    fn a_topic_is_found_under_each_of_its_prefixes() {
        assert_eq!(prefixes("a.b.c").collect::<Vec<_>>(), ["a.", "a.b."]);
        assert_eq!(prefixes("a.").collect::<Vec<_>>(), ["a."]);
        assert_eq!(prefixes(".x.").collect::<Vec<_>>(), [".", ".x."]);
        assert_eq!(prefixes("a").count(), 0);
    }
}
