//! [`diff`]: in what two mirrors differ, by their indexes.

use std::collections::BTreeMap;

use loom_source::{Index, Record, record::IndexEntry};

use super::{MirrorFiles, MirrorTaskError};

/// In what two mirrors differ.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct MirrorDiff {
    /// The releases that only the first mirror has.
    pub only_first: Vec<IndexEntry>,
    /// The releases that only the second mirror has.
    pub only_second: Vec<IndexEntry>,
    /// The releases that both have, and that differ.
    pub changed: Vec<ChangedRelease>,
    /// The number of releases that both have, and that are the same.
    pub same: usize,
}

/// A release that differs between two mirrors: another statement, or withdrawn at one of them only.
#[derive(Debug, PartialEq, Eq)]
pub struct ChangedRelease {
    /// The release at the first mirror.
    pub first: IndexEntry,
    /// The release at the second mirror.
    pub second: IndexEntry,
}

impl MirrorDiff {
    /// Whether the mirrors have the same releases.
    pub fn is_empty(&self) -> bool {
        self.only_first.is_empty() && self.only_second.is_empty() && self.changed.is_empty()
    }

    /// The difference between two indexes. Times, serials and signatures do not count.
    pub fn between(first: &Index, second: &Index) -> Self {
        let mut of_second = entries(second);
        let mut diff = Self::default();
        for (path, first) in entries(first) {
            match of_second.remove(&path) {
                None => diff.only_first.push(first.clone()),
                Some(second) if first == second => diff.same += 1,
                Some(second) => diff
                    .changed
                    .push(ChangedRelease { first: first.clone(), second: second.clone() }),
            }
        }
        diff.only_second.extend(of_second.into_values().cloned());
        diff
    }
}

/// The entries of an index by the paths of their records.
fn entries(index: &Index) -> BTreeMap<String, &IndexEntry> {
    index.payload.releases.iter().map(|entry| (Record::path(&entry.release()), entry)).collect()
}

/// Compares the releases of two mirrors.
///
/// # Errors
/// [`MirrorTaskError::NoIndex`] where one of them has no index, and where an index cannot be read.
pub async fn diff(
    first: MirrorFiles<'_>,
    second: MirrorFiles<'_>,
) -> Result<MirrorDiff, MirrorTaskError> {
    let no_index = |mirror: MirrorFiles<'_>| MirrorTaskError::NoIndex { mirror: mirror.name() };
    let (of_first, of_second) = futures::join!(first.index(), second.index());
    let of_first = of_first?.ok_or_else(|| no_index(first))?;
    let of_second = of_second?.ok_or_else(|| no_index(second))?;
    Ok(MirrorDiff::between(&of_first, &of_second))
}

#[cfg(test)]
mod tests {
    use loom_source::{Authority, Digest, Name, Platform, record::IndexPayload};

    use super::*;

    fn entry(version: &str, statement: &str, yanked: bool) -> IndexEntry {
        IndexEntry {
            authority: Authority::default(),
            binary: Name::default(),
            version: version.parse().unwrap(),
            platform: Platform::LinuxX86_64,
            statement: Digest::of(statement.as_bytes()),
            yanked,
        }
    }

    fn index(serial: u64, releases: Vec<IndexEntry>) -> Index {
        let (mirror, root, issued, expires) = (None, None, None, None);
        Index::unsigned(IndexPayload { mirror, root, serial, issued, expires, releases })
    }

    #[test]
    fn releases_are_compared_and_serials_are_not() {
        let first = index(
            1,
            vec![
                entry("0.1.0", "a", false),
                entry("0.2.0", "b", false),
                entry("0.3.0", "c", false),
                entry("0.4.0", "d", false),
            ],
        );
        let second = index(
            7,
            vec![
                entry("0.5.0", "e", false),
                entry("0.4.0", "d", false),
                entry("0.3.0", "other", false),
                entry("0.2.0", "b", true),
            ],
        );
        let diff = MirrorDiff::between(&first, &second);
        let versions = |entries: &[IndexEntry]| -> Vec<String> {
            entries.iter().map(|entry| entry.version.to_string()).collect()
        };
        assert_eq!(versions(&diff.only_first), ["0.1.0"]);
        assert_eq!(versions(&diff.only_second), ["0.5.0"]);
        let changed: Vec<_> = diff.changed.iter().map(|c| c.first.version.to_string()).collect();
        assert_eq!((changed.as_slice(), diff.same), (&["0.2.0".to_owned(), "0.3.0".into()][..], 1));
        assert!(!diff.is_empty() && MirrorDiff::between(&first, &first).is_empty());
    }
}
