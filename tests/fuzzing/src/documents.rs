//! Documents of stores and mirrors. What was read is written, and what was written is read as the same.

use loom_runtime::store::{TreeListing, Verification};
use loom_source::{
    Authority, Index, IndexTimestamp, MirrorRoot, Name, Platform, Record, Release, SignedDocument,
    SkippedEntries, Slot, Statement, record::SignedKind,
};

use crate::input::text;

/// A listing has exactly one form.
pub(crate) fn listing(data: &[u8]) {
    let Ok(listing) = TreeListing::parse(data) else { return };
    assert_eq!(listing.to_bytes(), data, "a second form");
    assert!(!listing.entries().is_empty());
    for pair in listing.entries().windows(2) {
        assert!(pair[0].path.as_str() < pair[1].path.as_str(), "unsorted");
    }
    for entry in listing.entries() {
        assert!(entry.path.as_str().len() <= 120);
        assert_eq!(listing.get(entry.path.as_str()), Some(entry));
    }
}

/// A record.
pub(crate) fn record(data: &[u8]) {
    let Ok(record) = Record::parse(data) else { return };
    let written = record.to_bytes();
    assert_eq!(Record::parse(&written).expect("it was written").to_bytes(), written);
}

/// A statement.
pub(crate) fn statement(data: &[u8]) {
    let Ok(statement) = Statement::parse(data) else { return };
    let written = statement.to_bytes();
    let read = Statement::parse(&written).expect("it was written");
    assert_eq!((read.to_bytes(), read.release()), (written, statement.release()));
}

/// An index, and its payload.
pub(crate) fn index(data: &[u8]) {
    let skipped = SkippedEntries::default();
    if let Ok(index) = Index::parse_skipping(data, &skipped) {
        assert!(index.payload.releases.len() <= 100_000);
        for entry in &index.payload.releases {
            assert!(index.entry(&entry.release()).is_some());
        }
        let written = index.to_bytes();
        assert_eq!(Index::parse(&written).expect("it was written").to_bytes(), written);
    }
    signed(SignedKind::Index, data);
}

/// A root.
pub(crate) fn root(data: &[u8]) {
    let payload = signed(SignedKind::Root, data);
    let payload = payload.as_deref().or_else(|| text(data)).unwrap_or_default();
    let Ok(root) = MirrorRoot::parse(payload) else { return };
    assert_eq!(root.check(), Ok(()));
    let written = root.to_payload();
    assert_eq!(MirrorRoot::parse(&written).expect("it was written"), root);
}

/// A timestamp.
pub(crate) fn timestamp(data: &[u8]) {
    let payload = signed(SignedKind::Timestamp, data);
    let payload = payload.as_deref().or_else(|| text(data)).unwrap_or_default();
    let Ok(timestamp) = IndexTimestamp::parse(payload) else { return };
    let written = timestamp.to_payload();
    assert_eq!(IndexTimestamp::parse(&written).expect("it was written"), timestamp);
}

/// The payload of a signed document.
fn signed(kind: SignedKind, data: &[u8]) -> Option<String> {
    let document = SignedDocument::parse(kind, data).ok()?;
    let written = document.to_bytes(kind);
    let read = SignedDocument::parse(kind, &written).expect("it was written");
    assert_eq!(read.payload, document.payload);
    assert!(document.signatures.len() <= 64);
    Some(document.payload)
}

/// A verification, with the digest over its own bytes made right: a fuzzer cannot find one.
pub(crate) fn verification(data: &[u8]) {
    let release = Release {
        authority: Authority::default(),
        binary: Name::default(),
        slot: Slot::Version("0.2.0".parse().expect("a version")),
        platform: Platform::LinuxX86_64,
    };
    let _ = Verification::parse(data, &release);
    let cut = data.len().saturating_sub(76);
    let (text, _) = data.split_at(cut);
    let mut whole = text.to_vec();
    let digest = loom_source::Digest::of(text);
    whole.extend_from_slice(format!(",\"self\":\"{digest}\"}}\n").as_bytes());
    let Ok(read) = Verification::parse(&whole, &release) else { return };
    assert_eq!(read.release(), release);
    let written = read.to_bytes();
    assert_eq!(Verification::parse(&written, &release).expect("it was written"), read);
}
