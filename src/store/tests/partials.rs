//! Transfers that are interrupted and resumed.

use std::{fs, io::Read as _};

use loom_source::{AssetRef, Download, RangeRequest, Validator};

use super::{
    super::{ResumeOutcome, TransferSubject},
    *,
};

/// All bytes of the transfer whose digest is known.
const KNOWN: &[u8] = b"0123456789";

fn opened(start: u64, total: Option<u64>, tag: Option<&str>) -> Download {
    let validator = tag.map(|tag| Validator::Strong(tag.into()));
    Download { start, total, validator, body: Box::pin(futures::stream::empty()) }
}

fn open(store: &Store) -> Partial {
    open_at(store, "https://mirror", None, None)
}

/// A transfer from a source, by the digest and size of its bytes where they are known.
fn open_at(store: &Store, source: &str, archive: Option<Digest>, size: Option<u64>) -> Partial {
    let asset = AssetRef::new("v0.1.0/x.tar.gz");
    Partial::open(store, &TransferSubject { source, asset: &asset, archive, size }).unwrap()
}

/// Begins the transfer and takes its file.
fn begin(partial: &mut Partial, store: &Store, download: &Download) -> ResumeOutcome {
    let outcome = partial.begin(download);
    assert!(partial.take(store).unwrap());
    outcome
}

/// Receives half of `0123456789`.
fn half(store: &Store) {
    let mut partial = open(store);
    assert_eq!(partial.resume().from, 0);
    let whole = opened(0, Some(10), Some("a"));
    assert_eq!(begin(&mut partial, store, &whole), ResumeOutcome::Whole);
    partial.push(b"01234").unwrap();
}

/// Receives half of [`KNOWN`] from another source, whose digest is known; it states this total.
fn known_half(store: &Store, total: Option<u64>) {
    let mut partial = open_at(store, "oci://registry", Some(Digest::of(KNOWN)), None);
    begin(&mut partial, store, &opened(0, total, Some("a")));
    partial.push(&KNOWN[..5]).unwrap();
}

#[test]
fn an_interrupted_transfer_is_resumed() {
    let home = home();
    half(&home.store);
    let mut partial = open(&home.store);
    let resume = partial.resume();
    assert_eq!((resume.from, resume.validator), (5, Some(Validator::Strong("a".into()))));
    let rest = opened(5, Some(10), Some("a"));
    assert_eq!(begin(&mut partial, &home.store, &rest), ResumeOutcome::Resumed(5));
    let mut seen = vec![];
    partial
        .replay(|bytes| {
            seen.extend_from_slice(bytes);
            Ok(())
        })
        .unwrap();
    assert_eq!(seen, b"01234");
    partial.push(b"56789").unwrap();
    let received = partial.finish();
    assert_eq!((received.digest(), received.size()), (Digest::of(b"0123456789"), 10));
    assert!(received.resumed());
    let mut bytes = vec![];
    received.open().unwrap().unwrap().read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, b"0123456789");
    drop(received);
    assert_eq!(names(&home.store.root().join("partial")), [] as [&str; 0]);
}

#[test]
fn other_bytes_are_not_appended() {
    for answer in [
        (5, Some(10), Some("b")),
        (5, Some(11), Some("a")),
        (4, Some(10), Some("a")),
        (5, Some(4), None),
    ] {
        let home = home();
        half(&home.store);
        let mut partial = open(&home.store);
        let (start, total, tag) = answer;
        let mismatch = partial.begin(&opened(start, total, tag));
        assert_eq!(mismatch, ResumeOutcome::Mismatch, "{answer:?}");
        assert_eq!(partial.resume().from, 0);
        begin(&mut partial, &home.store, &opened(0, total, tag));
        drop(partial);
        assert_eq!(open(&home.store).resume().from, 0);
    }
}

#[test]
fn the_source_may_start_over() {
    let home = home();
    half(&home.store);
    let mut partial = open(&home.store);
    let whole = opened(0, None, None);
    assert_eq!(begin(&mut partial, &home.store, &whole), ResumeOutcome::Whole);
    partial.push(b"new").unwrap();
    let received = partial.finish();
    assert_eq!(received.digest(), Digest::of(b"new"));
    assert!(!received.resumed());
}

#[test]
fn a_partial_in_use_is_not_touched() {
    let home = home();
    let mut first = open(&home.store);
    begin(&mut first, &home.store, &opened(0, Some(10), Some("a")));
    first.push(b"01234").unwrap();
    let mut asked = open(&home.store);
    asked.begin(&opened(5, Some(10), Some("a")));
    assert!(!asked.take(&home.store).unwrap(), "its bytes belong to the first one");
    let mut second = open(&home.store).whole();
    assert_eq!(second.resume().from, 0);
    begin(&mut second, &home.store, &opened(0, Some(10), Some("a")));
    second.push(b"other").unwrap();
    assert_eq!(second.finish().digest(), Digest::of(b"other"));
    drop(first);
    assert_eq!(open(&home.store).resume().from, 5);
    assert_eq!(names(&home.store.root().join("tmp")), [] as [&str; 0]);
}

#[test]
fn bytes_without_a_header_are_not_resumed() {
    let home = home();
    half(&home.store);
    let folder = home.store.root().join("partial");
    let json = names(&folder).into_iter().find(|n| n.ends_with(".json")).unwrap();
    fs::write(folder.join(json), b"{torn").unwrap();
    assert_eq!(open(&home.store).resume().from, 0);
    half(&home.store);
    let mut partial = open(&home.store);
    begin(&mut partial, &home.store, &opened(5, Some(10), None));
    partial.discard();
    assert_eq!(names(&folder), [] as [&str; 0]);
}

#[test]
fn by_a_known_digest_another_source_continues() {
    let home = home();
    let digest = Some(Digest::of(KNOWN));
    known_half(&home.store, Some(10));
    let kept = names(&home.store.root().join("partial"));
    assert!(kept.contains(&Digest::of(KNOWN).to_string()), "{kept:?}");
    // No validator: one server's would only keep the other from continuing.
    let mut partial = open_at(&home.store, "https://mirror", digest, None);
    assert_eq!(partial.resume(), RangeRequest { from: 5, validator: None });
    let rest = opened(5, Some(10), Some("other"));
    assert_eq!(begin(&mut partial, &home.store, &rest), ResumeOutcome::Resumed(5));
    partial.replay(|_| Ok(())).unwrap();
    partial.push(&KNOWN[5..8]).unwrap();
    drop(partial);
    // The first source goes on in turn, also without a total: the last bytes are not its own.
    let mut partial = open_at(&home.store, "oci://registry", digest, Some(10));
    assert_eq!(partial.resume().from, 8);
    begin(&mut partial, &home.store, &opened(8, Some(10), Some("a")));
    partial.replay(|_| Ok(())).unwrap();
    partial.push(&KNOWN[8..]).unwrap();
    let received = partial.finish();
    assert_eq!((received.digest(), received.resumed()), (Digest::of(KNOWN), true));
}

#[test]
fn another_source_proves_the_start_and_the_total() {
    let digest = Some(Digest::of(KNOWN));
    // What the first source stated, what is known of the size, the answer of the other one.
    for (first, size, start, total, continues) in [
        (Some(10), None, 5, Some(10), true),
        (None, Some(10), 5, Some(10), true),
        (Some(10), None, 5, None, false),
        (None, None, 5, Some(10), false),
        (Some(10), None, 5, Some(11), false),
        (Some(10), Some(11), 5, Some(10), false),
        (Some(10), None, 4, Some(10), false),
        (None, None, 5, Some(4), false),
    ] {
        let home = home();
        known_half(&home.store, first);
        let mut partial = open_at(&home.store, "https://mirror", digest, size);
        let outcome = partial.begin(&opened(start, total, None));
        assert_eq!(
            outcome == ResumeOutcome::Resumed(5),
            continues,
            "{first:?} {size:?} {start} {total:?}"
        );
    }
    // The same source may leave out the total, as it may without a digest.
    let home = home();
    known_half(&home.store, None);
    let mut partial = open_at(&home.store, "oci://registry", digest, None);
    assert_eq!(partial.begin(&opened(5, None, Some("b"))), ResumeOutcome::Resumed(5));
}

#[test]
fn bytes_are_not_continued_by_another_key() {
    let home = home();
    known_half(&home.store, Some(10));
    assert_eq!(open_at(&home.store, "oci://registry", None, None).resume().from, 0);
    let other = Some(Digest::of(b"other"));
    assert_eq!(open_at(&home.store, "oci://registry", other, None).resume().from, 0);
    // A file beside them that is about other bytes.
    let folder = home.store.root().join("partial");
    let (known, other) = (Digest::of(KNOWN), Digest::of(b"other"));
    for ending in ["", ".json"] {
        let to = folder.join(format!("{other}{ending}"));
        fs::copy(folder.join(format!("{known}{ending}")), to).unwrap();
    }
    assert_eq!(open_at(&home.store, "oci://registry", Some(other), None).resume().from, 0);
}

#[test]
fn of_several_sources_the_one_that_delivers_takes_the_bytes() {
    let home = home();
    let digest = Some(Digest::of(KNOWN));
    known_half(&home.store, Some(10));
    let mut late = open_at(&home.store, "https://late", digest, None);
    let mut fast = open_at(&home.store, "https://fast", digest, None);
    for one in [&mut late, &mut fast] {
        assert_eq!(one.begin(&opened(5, Some(10), None)), ResumeOutcome::Resumed(5));
    }
    drop(late);
    assert!(fast.take(&home.store).unwrap());
    fast.replay(|_| Ok(())).unwrap();
    fast.push(b"5678").unwrap();
    drop(fast);
    assert_eq!(open_at(&home.store, "https://fast", digest, None).resume().from, 9);
}

#[test]
fn bytes_that_have_changed_since_the_request_are_not_continued() {
    let home = home();
    half(&home.store);
    let mut asked = open(&home.store);
    asked.begin(&opened(5, Some(10), Some("a")));
    let mut other = open(&home.store).whole();
    begin(&mut other, &home.store, &opened(0, Some(10), Some("b")));
    other.push(b"abcdefg").unwrap();
    drop(other);
    assert!(!asked.take(&home.store).unwrap());
    assert_eq!(open(&home.store).resume().from, 7, "they are kept");
}

#[test]
fn an_archive_is_kept_on_request() {
    let home = home();
    let (store, release) = (&home.store, release("0.1.0"));
    let tar = tar(&[program("loom-bridge-server", b"#!")]);
    let mut partial = open(store);
    begin(&mut partial, store, &opened(0, None, None));
    partial.push(&tar).unwrap();
    let received = partial.finish();
    let mut staged = store.stage(TreeLimits::default()).unwrap();
    unpack(&mut staged, &tar).unwrap();
    let expectation = Expectation { archive: archive_digest(Digest::of(&tar)), ..waived(&release) };
    let checked =
        store.admit(staged, &expectation, Some(&received)).unwrap().keep_archive(received);
    store.publish(vec![(checked, Some(Receipt::new(&release)))]).unwrap();
    assert_eq!(fs::read(store.object(&Digest::of(&tar))).unwrap(), tar);
    assert_eq!(store.record(&release).unwrap().unwrap().artifacts.len(), 2);
    assert!(store.receipt(&release).unwrap().unwrap().archive.unwrap().kept);
    assert_eq!(names(&store.root().join("partial")), [] as [&str; 0]);
    assert_intact(store);
    assert!(store.remove(&release).unwrap());
    assert_eq!(store.du().unwrap().objects, 0);
}
