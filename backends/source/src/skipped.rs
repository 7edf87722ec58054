//! [`SkippedEntries`]: what a source left out of its listings.

use std::{collections::BTreeSet, fmt::Display, sync::Mutex};

use loom_base::sync::LockExt as _;

/// How many entries are told apart. Beyond them, entries that are left out are not counted.
const MAX_COUNTED: usize = 100;

/// How much of the name of an entry is shown, in characters.
const MAX_SHOWN: usize = 200;

/// The entries that a source left out of its listings because they cannot be read. Each is reported once, however often
/// it is met.
///
/// # Examples
/// ```
/// use loom_source::SkippedEntries;
///
/// let skipped = SkippedEntries::default();
/// skipped.add("p//x", "a part of the key is empty");
/// skipped.add("p//x", "a part of the key is empty");
/// assert_eq!(skipped.take().as_deref(), Some("left out \"p//x\": a part of the key is empty"));
/// assert_eq!(skipped.take(), None);
/// ```
#[derive(Debug, Default)]
pub struct SkippedEntries(Mutex<Skips>);

#[derive(Debug, Default)]
struct Skips {
    /// The names of all entries so far.
    known: BTreeSet<String>,
    /// How many entries were added since they were last taken.
    count: usize,
    /// The first of these, with the reason.
    first: String,
}

impl SkippedEntries {
    /// Adds an entry that was left out, with the reason. The name may be any text: it is shown with escapes.
    pub fn add(&self, entry: &str, why: impl Display) {
        let mut skips = self.0.locked();
        let name: String = entry.chars().take(MAX_SHOWN).collect();
        if skips.known.len() >= MAX_COUNTED || !skips.known.insert(name.clone()) {
            return;
        }
        if skips.count == 0 {
            let why: String = why.to_string().chars().take(MAX_SHOWN).collect();
            skips.first = format!("{name:?}: {}", why.replace(char::is_control, " "));
        }
        skips.count += 1;
    }

    /// What was left out since the last call, in one sentence; `None` where nothing was.
    pub fn take(&self) -> Option<String> {
        let mut skips = self.0.locked();
        let (count, first) = (std::mem::take(&mut skips.count), std::mem::take(&mut skips.first));
        match count {
            0 => None,
            1 => Some(format!("left out {first}")),
            MAX_COUNTED => {
                Some(format!("left out {MAX_COUNTED} entries or more; the first is {first}"))
            }
            _ => Some(format!("left out {count} entries; the first is {first}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_entry_counts_once_and_names_are_escaped() {
        let skipped = SkippedEntries::default();
        for name in ["a\u{1b}[2J", "b", "b"] {
            skipped.add(name, "it is odd\u{7}");
        }
        let text = skipped.take().unwrap();
        assert_eq!(text, "left out 2 entries; the first is \"a\\u{1b}[2J\": it is odd ");
        skipped.add("b", "it is odd");
        assert_eq!(skipped.take(), None);
        for number in 0..1_000 {
            skipped.add(&number.to_string(), "x".repeat(1_000));
        }
        assert!(skipped.take().unwrap().len() < 300);
    }
}
