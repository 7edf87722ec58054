//! [`diff`]: in what two mirrors differ, by their indexes, and by the records of which these say that they differ.

use std::collections::BTreeMap;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use loom_source::{
    Index, Record,
    record::{IndexEntry, RecordEvidence},
};

use super::{
    MirrorFiles, MirrorTaskError, lacking::lacking_evidence, object_transfer::MAX_DOCUMENT,
    push::AT_ONCE,
};

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

/// A release that differs between two mirrors: another statement, withdrawn at one of them only, or other evidence.
#[derive(Debug, PartialEq, Eq)]
pub struct ChangedRelease {
    /// The release at the first mirror.
    pub first: IndexEntry,
    /// The release at the second mirror.
    pub second: IndexEntry,
    /// The evidence that only the first mirror has.
    pub only_first: Vec<RecordEvidence>,
    /// The evidence that only the second mirror has.
    pub only_second: Vec<RecordEvidence>,
}

impl ChangedRelease {
    /// Whether the index entries alone show a difference.
    fn is_certain(&self) -> bool {
        self.first.statement != self.second.statement || self.first.yanked != self.second.yanked
    }

    /// Compares the records of both mirrors.
    async fn compare(
        mut self,
        first: MirrorFiles<'_>,
        second: MirrorFiles<'_>,
    ) -> Result<Self, MirrorTaskError> {
        if self.first.statement == self.second.statement && self.first.record != self.second.record
        {
            let path = Record::path(&self.first.release());
            let (here, there) = futures::join!(record(first, &path), record(second, &path));
            let (here, there) = (here?, there?);
            self.only_first = lacking_evidence(&there, &here);
            self.only_second = lacking_evidence(&here, &there);
        }
        Ok(self)
    }
}

/// The record at `path`; one without evidence where there is none, or none that can be read: that is what `verify` finds.
async fn record(mirror: MirrorFiles<'_>, path: &str) -> Result<Record, MirrorTaskError> {
    let bytes = mirror.read(path, MAX_DOCUMENT).await?;
    let record = bytes.and_then(|bytes| Record::parse(&bytes).ok());
    Ok(record.unwrap_or_else(|| Record {
        statement: loom_source::Digest::of(b""),
        artifacts: Vec::new(),
        evidence: Vec::new(),
    }))
}

impl MirrorDiff {
    /// Whether the mirrors have the same releases.
    pub fn is_empty(&self) -> bool {
        self.only_first.is_empty() && self.only_second.is_empty() && self.changed.is_empty()
    }

    /// The difference between two indexes. Times, serials and signatures do not count. Releases whose records differ are
    /// among `changed`, whatever is in the records.
    pub fn between(first: &Index, second: &Index) -> Self {
        let mut of_second = entries(second);
        let mut diff = Self::default();
        for (path, first) in entries(first) {
            match of_second.remove(&path) {
                None => diff.only_first.push(first.clone()),
                Some(second) if is_same(first, second) => diff.same += 1,
                Some(second) => diff.changed.push(ChangedRelease {
                    first: first.clone(),
                    second: second.clone(),
                    only_first: Vec::new(),
                    only_second: Vec::new(),
                }),
            }
        }
        diff.only_second.extend(of_second.into_values().cloned());
        diff
    }
}

/// Whether two entries of a release are the same. Where one names no record, the records are not compared.
fn is_same(first: &IndexEntry, second: &IndexEntry) -> bool {
    first.statement == second.statement
        && first.yanked == second.yanked
        && (first.record == second.record || first.record.is_none() || second.record.is_none())
}

/// The entries of an index by the paths of their records.
fn entries(index: &Index) -> BTreeMap<String, &IndexEntry> {
    index.payload.releases.iter().map(|entry| (Record::path(&entry.release()), entry)).collect()
}

/// Compares the releases of two mirrors. Records are read only of releases whose indexes name different ones.
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
    let mut diff = MirrorDiff::between(&of_first, &of_second);
    let changed = std::mem::take(&mut diff.changed).into_iter();
    let compared = stream::iter(changed.map(|one| one.compare(first, second))).buffered(AT_ONCE);
    let compared: Vec<ChangedRelease> = compared.try_collect().await?;
    for one in compared {
        if one.is_certain() || !one.only_first.is_empty() || !one.only_second.is_empty() {
            diff.changed.push(one);
        } else {
            diff.same += 1;
        }
    }
    Ok(diff)
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
            record: None,
            merged: Vec::new(),
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
