//! What a store as a mirror has to agree with: the digest in a record, the statement in the index, and the expiry of the
//! index.

use std::{fs, path::Path};

use loom_mirror::{Mirror, MirrorOptions};
use loom_source::{
    Digest, Index, ListingScope, Record, Release, Source as _, SourceError, SourceErrorKind,
    VersionListing,
    contract::{PublishedRelease, product},
    record::object_path,
};
use loom_test_support::release_folder::{self, ReleaseLayout};
use tempfile::TempDir;
use url::Url;

fn release(version: &str) -> Release {
    product().at_version(version.parse().unwrap())
}

/// A mirror with these versions and an index.
fn indexed(versions: &[&str]) -> (TempDir, Mirror) {
    let root = TempDir::new().unwrap();
    let releases: Vec<_> =
        versions.iter().map(|v| PublishedRelease::archive(v, v.as_bytes().to_vec())).collect();
    release_folder::write(root.path(), ReleaseLayout::Indexed, &releases).unwrap();
    let mirror = open(root.path());
    (root, mirror)
}

fn open(root: &Path) -> Mirror {
    Mirror::open(Url::from_file_path(root).unwrap(), MirrorOptions::default()).unwrap()
}

fn change_index(root: &Path, change: impl FnOnce(&mut Index)) {
    let path = root.join(Index::PATH);
    let mut index = Index::parse(&fs::read(&path).unwrap()).unwrap();
    change(&mut index);
    // The bytes of a parsed index are the signed ones; a changed payload is written anew.
    fs::write(path, Index::unsigned(index.payload).to_bytes()).unwrap();
}

#[track_caller]
fn malformed(error: &SourceError, says: &[&str]) {
    let text = error.to_string();
    assert!(matches!(error.kind, SourceErrorKind::Malformed { .. }), "{error:?}");
    assert!(says.iter().all(|word| text.contains(word)), "{text}");
}

#[tokio::test]
async fn a_statement_must_have_the_digest_that_the_record_names() {
    let (root, mirror) = indexed(&["0.2.0"]);
    assert!(mirror.find(&release("0.2.0")).await.unwrap().is_some());
    let record = fs::read(root.path().join(Record::path(&release("0.2.0")))).unwrap();
    let statement = Record::parse(&record).unwrap().statement;
    let path = root.path().join(object_path(&statement));
    let bytes = fs::read(&path).unwrap();
    for other in [[&bytes[..], b" "].concat(), [b" ", &bytes[..]].concat()] {
        fs::write(&path, &other).unwrap();
        let error = mirror.find(&release("0.2.0")).await.unwrap_err();
        malformed(&error, &[&statement.to_string(), &Digest::of(&other).to_string()]);
    }
}

#[tokio::test]
async fn a_record_must_name_the_statement_of_the_index_that_listed_it() {
    let (root, mirror) = indexed(&["0.1.0", "0.2.0"]);
    let other = Digest::of(b"another statement");
    change_index(root.path(), |index| {
        let entries = &mut index.payload.releases;
        let entry = entries.iter_mut().find(|entry| entry.version.to_string() == "0.2.0").unwrap();
        entry.statement = other;
    });
    assert!(mirror.find(&release("0.2.0")).await.is_ok(), "the index was not read yet");
    let listed = mirror.list(&product(), ListingScope::All).await.unwrap();
    assert!(matches!(listed, VersionListing::Versions(versions) if versions.len() == 2));
    malformed(&mirror.find(&release("0.2.0")).await.unwrap_err(), &[&other.to_string(), "index"]);
    assert!(mirror.find(&release("0.1.0")).await.unwrap().is_some());
    // A release that the index does not list is served where it is named.
    change_index(root.path(), |index| index.payload.releases.clear());
    mirror.list(&product(), ListingScope::All).await.unwrap();
    assert!(mirror.find(&release("0.2.0")).await.unwrap().is_some());
}

#[tokio::test]
async fn an_expired_index_selects_nothing_and_hides_nothing() {
    let (root, _) = indexed(&["0.2.0"]);
    for (expires, says) in [
        ("2020-01-01T00:00:00Z", "expired at 2020-01-01T00:00:00Z"),
        ("soon", "expected a time in RFC 3339"),
    ] {
        change_index(root.path(), |index| index.payload.expires = Some(expires.to_owned()));
        let mirror = open(root.path());
        let error = mirror.list(&product(), ListingScope::All).await.unwrap_err();
        malformed(&error, &["index.json", says]);
        assert!(mirror.find(&release("0.2.0")).await.unwrap().is_some(), "an exact version");
    }
    change_index(root.path(), |index| index.payload.expires = Some("9999-01-01T00:00:00Z".into()));
    assert!(open(root.path()).list(&product(), ListingScope::All).await.is_ok());
}

#[tokio::test]
async fn files_of_a_running_machine_are_not_part_of_a_mirror() {
    let (root, mirror) = indexed(&["0.2.0"]);
    let offer = format!("{:?}", mirror.find(&release("0.2.0")).await.unwrap());
    for key in ["verifications", "receipts", "failures", "locks", "bin/0.2.0", "unknown"] {
        let path = format!("{key}/loom-os/loom-bridge-server/0.2.0/linux-x86_64.json");
        release_folder::put(root.path(), &path, b"not a document").unwrap();
    }
    assert_eq!(format!("{:?}", mirror.find(&release("0.2.0")).await.unwrap()), offer);
    assert!(mirror.list(&product(), ListingScope::All).await.is_ok());
}
