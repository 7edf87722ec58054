//! Which of a topic's events a subscription takes.

use crate::event::Event;

/// Everything that is asked must hold; the empty filter takes all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The event's kind is one of these; none = any kind.
    pub kinds: Vec<String>,
    /// The event carries these notes, by [`Event::note`], with exactly these values.
    pub metadata: Vec<(String, String)>,
}

impl Filter {
    /// Whether the event is wanted.
    pub fn takes(&self, event: &Event) -> bool {
        let kind = self.kinds.is_empty() || self.kinds.contains(&event.kind);
        kind && self.metadata.iter().all(|(key, value)| event.note(key) == Some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_asked_must_hold() {
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
        for (kinds, notes, taken) in table {
            let filter = Filter {
                kinds: kinds.iter().map(|&kind| kind.to_owned()).collect(),
                metadata: notes.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect(),
            };
            assert_eq!(filter.takes(&event), taken, "{filter:?}");
        }
    }
}
