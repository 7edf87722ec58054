//! Transfers that are interrupted and resumed.

use std::{fs, io::Read as _};

use loom_source::{AssetRef, Download, Validator};

use super::{super::ResumeOutcome, *};

fn opened(start: u64, total: Option<u64>, tag: Option<&str>) -> Download {
    let validator = tag.map(|tag| Validator::Strong(tag.into()));
    Download { start, total, validator, body: Box::pin(futures::stream::empty()) }
}

fn open(store: &Store) -> Partial {
    Partial::open(store, "https://mirror", &AssetRef::new("v0.1.0/x.tar.gz")).unwrap()
}

/// Receives half of `0123456789`.
fn half(store: &Store) {
    let mut partial = open(store);
    assert_eq!(partial.resume().from, 0);
    assert_eq!(partial.begin(&opened(0, Some(10), Some("a"))).unwrap(), ResumeOutcome::Whole);
    partial.push(b"01234").unwrap();
}

#[test]
fn an_interrupted_transfer_is_resumed() {
    let home = home();
    half(&home.store);
    let mut partial = open(&home.store);
    let resume = partial.resume();
    assert_eq!((resume.from, resume.validator), (5, Some(Validator::Strong("a".into()))));
    assert_eq!(partial.begin(&opened(5, Some(10), Some("a"))).unwrap(), ResumeOutcome::Resumed(5));
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
        assert_eq!(
            partial.begin(&opened(start, total, tag)).unwrap(),
            ResumeOutcome::Mismatch,
            "{answer:?}"
        );
        assert_eq!(partial.resume().from, 0);
        drop(partial);
        assert_eq!(open(&home.store).resume().from, 0);
    }
}

#[test]
fn the_source_may_start_over() {
    let home = home();
    half(&home.store);
    let mut partial = open(&home.store);
    assert_eq!(partial.begin(&opened(0, None, None)).unwrap(), ResumeOutcome::Whole);
    partial.push(b"new").unwrap();
    let received = partial.finish();
    assert_eq!(received.digest(), Digest::of(b"new"));
    assert!(!received.resumed());
}

#[test]
fn a_partial_in_use_is_not_touched() {
    let home = home();
    let mut first = open(&home.store);
    first.begin(&opened(0, Some(10), Some("a"))).unwrap();
    first.push(b"01234").unwrap();
    let mut second = open(&home.store);
    assert_eq!(second.resume().from, 0);
    second.begin(&opened(0, Some(10), Some("a"))).unwrap();
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
    open(&home.store).discard();
    assert_eq!(names(&folder), [] as [&str; 0]);
}

#[test]
fn an_archive_is_kept_on_request() {
    let home = home();
    let (store, release) = (&home.store, release("0.1.0"));
    let tar = tar(&[program("loom-bridge-server", b"#!")]);
    let mut partial = open(store);
    partial.begin(&opened(0, None, None)).unwrap();
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
