//! [`TrustChange`]: how what a project sets differs from what its user trusted before.

use super::trust_scope::TrustedValue;

/// One difference between what a project sets and what its user trusted before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustChange {
    /// The key of a setting, or `NAME in .env`.
    pub key: String,
    /// The trusted value, for display; `None` where there was none.
    pub before: Option<String>,
    /// The value as it is now, for display; `None` where there is none.
    pub now: Option<String>,
}

/// What differs, in the order of the keys.
pub(crate) fn changes(before: &[TrustedValue], now: &[TrustedValue]) -> Vec<TrustChange> {
    let find = |values: &[TrustedValue], key: &str| values.iter().find(|v| v.key == key).cloned();
    let mut keys: Vec<&str> = before.iter().chain(now).map(|value| value.key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    let change = |key: &str| {
        let (before, now) = (find(before, key), find(now, key));
        let is_same = match (&before, &now) {
            (Some(before), Some(now)) => before.sha256 == now.sha256,
            _ => false,
        };
        let shown = |value: Option<TrustedValue>| {
            value.map(|value| value.value.unwrap_or_else(|| r#""***""#.to_owned()))
        };
        let change = TrustChange { key: key.to_owned(), before: shown(before), now: shown(now) };
        (!is_same).then_some(change)
    };
    keys.into_iter().filter_map(change).collect()
}

#[cfg(test)]
mod tests {
    use loom_source::Digest;

    use super::*;

    fn values(pairs: &[(&str, &str)]) -> Vec<TrustedValue> {
        let value = |(key, value): &(&str, &str)| TrustedValue {
            key: (*key).to_owned(),
            value: (!value.starts_with("secret")).then(|| (*value).to_owned()),
            sha256: Digest::of(value.as_bytes()),
        };
        pairs.iter().map(value).collect()
    }

    #[test]
    fn only_what_differs_is_a_change() {
        let before = values(&[("a", "1"), ("b", "2"), ("c", "3"), ("s", "secret 1")]);
        let now = values(&[("s", "secret 2"), ("a", "1"), ("b", "4"), ("d", "5")]);
        let found = changes(&before, &now);
        let found: Vec<_> =
            found.iter().map(|c| (c.key.as_str(), c.before.as_deref(), c.now.as_deref())).collect();
        let hidden = Some(r#""***""#);
        let expected = [
            ("b", Some("2"), Some("4")),
            ("c", Some("3"), None),
            ("d", None, Some("5")),
            ("s", hidden, hidden),
        ];
        assert_eq!(found, expected);
        assert_eq!(changes(&now, &now), []);
    }
}
