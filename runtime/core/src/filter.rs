//! Filters that select events within the topics of a subscription.

use crate::event::Event;

/// A condition on events. All parts must hold; the default filter matches every event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Matches events whose type is one of these; empty matches any type.
    pub kinds: Vec<String>,
    /// Matches events whose metadata, read by [`Event::metadata_value`], has exactly these values.
    pub metadata: Vec<(String, String)>,
}

impl Filter {
    /// Whether the filter matches `event`.
    pub fn matches(&self, event: &Event) -> bool {
        let kind_matches = self.kinds.is_empty() || self.kinds.contains(&event.kind);
        let has_value = |(key, value): &(String, String)| event.metadata_value(key) == Some(value);
        kind_matches && self.metadata.iter().all(has_value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_conditions_must_hold() {
        let event = Event {
            kind: "order".to_owned(),
            metadata: [("loom.region", "north"), ("vip", "yes")]
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into(),
            ..Event::default()
        };
        type Row<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], bool);
        let table: [Row<'_>; 7] = [
            (&[], &[], true),
            (&["order", "x"], &[], true),
            (&["Order"], &[], false),
            (&[], &[("region", "north"), ("vip", "yes")], true),
            (&[], &[("region", "north"), ("vip", "no")], false),
            (&[], &[("missing", "")], false),
            (&["x"], &[("vip", "yes")], false),
        ];
        for (kinds, metadata, expected) in table {
            let filter = Filter {
                kinds: kinds.iter().map(|&kind| kind.to_owned()).collect(),
                metadata: metadata.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect(),
            };
            assert_eq!(filter.matches(&event), expected, "{filter:?}");
        }
    }
}
