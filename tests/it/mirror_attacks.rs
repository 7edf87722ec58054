//! The attacks that TUF names, on a signed mirror: each is refused or survived, and a second implementation of
//! `store-format.md` (`tests/verifier`, in Python) decides the same.

use std::time::SystemTime;

use loom_base::time::format_rfc3339;
use loom_source::{
    Digest, Index,
    record::{SignedDocument, SignedKind},
};

use crate::support::{
    self, Entry, MirrorKeys, MirrorReader, Sandbox, Server, SignedDepot, program,
    signed_depot::{DAY, role, root_of},
};

#[test]
fn arbitrary_installation() {
    let mirror = SignedDepot::of(&["0.1.0", "0.2.0"]);
    let reader = MirrorReader::of(&mirror);
    // Another program under the name of a release, with a record and a statement of its own.
    let depot = support::Depot::empty();
    let evil = depot.add(
        "0.2.0",
        &Entry::program(&program::small("evil")),
        &[support::ArtifactKind::Archive(support::Packing::TarGz)],
    );
    copy(depot.path(), mirror.depot.path());
    mirror.sign();
    reader.installs(&mirror, "0.2.0", 6);
    assert!(reader.sandbox.trees().is_empty());
    // The index names that statement, but nobody trusted signed it.
    mirror
        .sign_payload(&mirror.payload_with("0.2.0", evil.statement), &MirrorKeys::default().index);
    reader.refuses(&mirror, 6, "expected signatures of 1 of the 1 keys");
    reader.installs(&mirror, "0.2.0", 6);
}

#[test]
fn malicious_mirror() {
    let mut mirror = SignedDepot::of(&["0.1.0", "0.2.0"]);
    let reader = MirrorReader::of(&mirror);
    // A release that the index does not list.
    let entries = Entry::program(&program::small("0.3.0"));
    let kinds = [support::ArtifactKind::Archive(support::Packing::TarGz)];
    let added = mirror.depot.add("0.3.0", &entries, &kinds);
    mirror.sign_with(|payload| payload.releases.retain(|e| e.version.to_string() != "0.3.0"));
    reader.takes(&mirror, &["0.1.0", "0.2.0"]);
    reader.installs(&mirror, "0.3.0", 3);
    // The unsigned index that lists it, the list of folders, and no index at all.
    let payload = mirror.payload_with("0.3.0", added.statement).to_payload();
    let unsigned = SignedDocument::unsigned(payload).to_bytes(SignedKind::Index);
    mirror.depot.put(Index::PATH, &unsigned);
    reader.refuses(&mirror, 6, "got 0");
    std::fs::remove_file(mirror.depot.path().join(Index::PATH)).unwrap();
    reader.refuses(&mirror, 5, "it has no index");
    reader.installs(&mirror, "0.2.0", 5);
    // Objects with other bytes.
    mirror.serial = 2;
    mirror.sign_with(|payload| payload.releases.retain(|e| e.version.to_string() != "0.3.0"));
    let entry = &mirror.depot.releases()[1];
    let statement = loom_source::record::object_path(&entry.statement);
    mirror.depot.put(&statement, b"{}");
    reader.installs(&mirror, "0.2.0", 5);
    reader.installs(&mirror, "0.1.0", 0);
}

#[test]
fn rollback() {
    let mut mirror = SignedDepot::of(&["0.1.0"]);
    let reader = MirrorReader::of(&mirror);
    let old = std::fs::read(mirror.depot.path().join(Index::PATH)).unwrap();
    mirror.serial = 2;
    mirror.sign();
    reader.takes(&mirror, &["0.1.0"]);
    let new = std::fs::read(mirror.depot.path().join(Index::PATH)).unwrap();
    mirror.depot.put(Index::PATH, &old);
    reader.refuses(&mirror, 6, "expected serial 2 of root 1 or a later one, got serial 1");
    // Another index with the same serial.
    mirror.sign_with(|payload| payload.releases.clear());
    reader.refuses(&mirror, 6, "two indexes have serial 2");
    mirror.depot.put(Index::PATH, &new);
    reader.takes(&mirror, &["0.1.0"]);
    // A new root, then the index of the older one.
    mirror.new_root(|_| {});
    reader.refuses(&mirror, 5, "got one of the older root 1");
    mirror.serial = 1;
    mirror.sign();
    reader.takes(&mirror, &["0.1.0"]);
    // The new root is withheld.
    std::fs::remove_file(mirror.depot.path().join("root/2.json")).unwrap();
    mirror.depot.put(Index::PATH, &new);
    reader.refuses(&mirror, 5, "got one of the older root 1");
}

#[test]
fn freeze() {
    let mut mirror = SignedDepot::of(&["0.1.0", "0.2.0"]);
    let reader = MirrorReader::of(&mirror);
    reader.installs(&mirror, "0.1.0", 0);
    let expired = |payload: &mut loom_source::record::IndexPayload| {
        payload.issued = Some(format_rfc3339(SystemTime::now() - 9 * DAY));
        payload.expires = Some(format_rfc3339(SystemTime::now() - DAY));
    };
    mirror.serial = 2;
    mirror.sign_with(expired);
    reader.refuses(&mirror, 5, "the index expired at");
    // A named version needs other evidence than the expired index: the digest that was seen first.
    reader.sandbox.loom(&["get", "--version", "0.2.0"]).code(6);
    reader.sandbox.loom(&["get", "--version", "0.1.0", "--force-download"]).ok();
    // An index from the future moves the clock of the reader; a later one that expires before is a freeze.
    mirror.serial = 3;
    mirror.sign_with(|payload| {
        payload.issued = Some(format_rfc3339(SystemTime::now() + 40 * DAY));
        payload.expires = Some(format_rfc3339(SystemTime::now() + 60 * DAY));
    });
    reader.takes(&mirror, &["0.1.0", "0.2.0"]);
    mirror.serial = 4;
    mirror.sign();
    reader.refuses(&mirror, 5, "the index expired at");
    // An expired last root acts like an expired index.
    let mut mirror = SignedDepot::of(&["0.1.0"]);
    let reader = MirrorReader::of(&mirror);
    mirror.new_root(|root| root.expires = SystemTime::now() - DAY);
    mirror.sign();
    reader.refuses(&mirror, 5, "the root expired at");
    mirror.new_root(|_| {});
    mirror.sign();
    reader.takes(&mirror, &["0.1.0"]);
}

#[test]
fn fast_forward_recovered_by_a_new_root() {
    let mut mirror = SignedDepot::of(&["0.1.0"]);
    let reader = MirrorReader::of(&mirror);
    // A stolen key signs the highest serial, and a time at the end of the year 9000.
    mirror.serial = (1 << 53) - 1;
    mirror.sign_with(|payload| {
        payload.issued = Some("9000-01-01T00:00:00Z".to_owned());
        payload.expires = Some("9000-12-31T00:00:00Z".to_owned());
    });
    reader.refuses(&mirror, 5, "the root expired at");
    // Honest indexes with lower serials and earlier times do not count any more.
    mirror.serial = 2;
    mirror.sign();
    reader.refuses(&mirror, 6, "or a later one, got serial 2");
    // A new root with another key for the index ends both.
    mirror.replace_keys();
    mirror.sign();
    reader.takes(&mirror, &["0.1.0"]);
}

#[test]
fn mix_and_match() {
    let mirror = SignedDepot::of(&["0.1.0", "0.2.0"]);
    let reader = MirrorReader::of(&mirror);
    // Without a timestamp there is one document that could be mixed: a record of another state than the index.
    let entries = Entry::program(&program::small("other"));
    let kinds = [support::ArtifactKind::Archive(support::Packing::TarGz)];
    let payload = mirror.payload();
    mirror.depot.add("0.2.0", &entries, &kinds);
    mirror.sign_payload(&payload, &mirror.keys.index);
    reader.installs(&mirror, "0.2.0", 6);
    // With one: an index that is not the one of the timestamp.
    let mut mirror = SignedDepot::of(&["0.1.0"]);
    let reader = MirrorReader::of(&mirror);
    let timestamp = role(&[&mirror.keys.timestamp], 1);
    mirror.new_root(|root| root.roles.timestamp = Some(timestamp));
    mirror.sign();
    reader.refuses(&mirror, 5, "it has no timestamp");
    let payload = mirror.payload();
    let stamp = mirror.timestamp(&payload);
    mirror.sign_payload(&payload, &mirror.keys.index);
    mirror.put_timestamp(&stamp, &mirror.keys.index);
    reader.refuses(&mirror, 6, "for the role timestamp");
    mirror.put_timestamp(&stamp, &mirror.keys.timestamp);
    reader.takes(&mirror, &["0.1.0"]);
    mirror.sign_with(|payload| payload.serial = 2);
    reader.refuses(&mirror, 6, "expected the index that the timestamp names");
    // The key of the timestamp cannot add a release.
    let mut more = payload.clone();
    more.serial = 2;
    more.releases.clear();
    mirror.sign_payload(&more, &mirror.keys.timestamp);
    mirror.put_timestamp(&mirror.timestamp(&more), &mirror.keys.timestamp);
    reader.refuses(&mirror, 6, "for the role index");
    // An expired timestamp freezes nobody.
    let mut old = mirror.timestamp(&payload);
    (old.issued, old.expires) = (SystemTime::now() - 9 * DAY, SystemTime::now() - 8 * DAY);
    mirror.sign_payload(&payload, &mirror.keys.index);
    mirror.put_timestamp(&old, &mirror.keys.timestamp);
    reader.refuses(&mirror, 5, "the timestamp expired at");
}

#[test]
fn wrong_keys() {
    let mirror = SignedDepot::of(&["0.1.0"]);
    let reader = MirrorReader::of(&mirror);
    for key in [&mirror.keys.root[0], &mirror.keys.timestamp, &MirrorKeys::default().index] {
        mirror.sign_payload(&mirror.payload(), key);
        reader.refuses(&mirror, 6, "expected signatures of 1 of the 1 keys");
    }
    // A root that only its own keys signed.
    let thief = MirrorKeys::default();
    mirror.put_root(&root_of(mirror.mirror, 2, &thief), &thief.holders());
    mirror.sign();
    reader.refuses(&mirror, 6, "expected signatures of 2 of the 2 keys that root 1 names");
    // Another first root than the one whose digest was given.
    let (file, _) = mirror.anchor();
    let other = Digest::of(b"another").to_string();
    Sandbox::new()
        .loom(&["trust", "add-root", &file, "--sha256", &other, "--source", &mirror.url()])
        .code(6);
}

#[test]
fn key_compromise_with_threshold() {
    let mut mirror = SignedDepot::of(&["0.1.0"]);
    let reader = MirrorReader::of(&mirror);
    reader.takes(&mirror, &["0.1.0"]);
    // One of two holders cannot make a root.
    let root = root_of(mirror.mirror, 2, &mirror.keys);
    mirror.put_root(&root, &[&mirror.keys.root[0]]);
    reader.refuses(&mirror, 6, "got 1");
    mirror.put_root(&root, &[&mirror.keys.root[0], &mirror.keys.root[0]]);
    reader.refuses(&mirror, 6, "got 1");
    std::fs::remove_file(mirror.depot.path().join("root/2.json")).unwrap();
    // The stolen key of the index counts until a new root replaces it.
    let stolen = mirror.replace_keys();
    mirror.serial = 2;
    mirror.sign_payload(&mirror.payload(), &stolen.index);
    reader.refuses(&mirror, 6, "for the role index");
    // A key of the index cannot vouch for other authorities.
    mirror.sign_with(|payload| {
        let mut other = payload.releases[0].clone();
        other.authority = "someone-else".parse().unwrap();
        payload.releases.push(other);
    });
    reader.takes(&mirror, &["0.1.0"]);
    let other = ["list", "--remote", "--json"];
    let run = reader.sandbox.loom(&other).ok();
    assert!(!run.stdout().contains("someone-else"));
}

#[test]
fn endless_root_chain() {
    let mut mirror = SignedDepot::of(&["0.1.0"]);
    let reader = MirrorReader::of(&mirror);
    for _ in 0..1_024 {
        mirror.new_root(|_| {});
    }
    mirror.sign();
    reader.takes(&mirror, &["0.1.0"]);
    let late = MirrorReader::of(&mirror);
    mirror.new_root(|_| {});
    mirror.sign();
    late.refuses(&mirror, 6, "more than 1024 roots follow the trusted one");
    // What was followed stays trusted: the next run goes on from there.
    late.takes(&mirror, &["0.1.0"]);
    reader.takes(&mirror, &["0.1.0"]);
}

#[test]
fn endless_data() {
    let mirror = SignedDepot::of(&["0.1.0"]);
    let reader = MirrorReader::of(&mirror);
    let index = std::fs::read(mirror.depot.path().join(Index::PATH)).unwrap();
    for (path, size) in [("root/2.json", 512 * 1024 + 1), (Index::PATH, 32 * 1024 * 1024 + 1)] {
        mirror.depot.put(path, &vec![b' '; size]);
        reader.refuses(&mirror, 5, "more than");
        std::fs::remove_file(mirror.depot.path().join(path)).unwrap();
    }
    mirror.depot.put(Index::PATH, &index);
    reader.takes(&mirror, &["0.1.0"]);
    // A document that arrives too slowly.
    let server = Server::serve(mirror.depot.path());
    let sandbox = Sandbox::new();
    sandbox.sources(&[(&server.url(), "timeout = \"500ms\"")]);
    let (file, sha256) = mirror.anchor();
    sandbox.loom(&["trust", "add-root", &file, "--sha256", &sha256]).ok();
    let pause = std::time::Duration::from_millis(10);
    server.fault("index.json", support::Fault::Drip(1, pause));
    let run = sandbox.loom(&["list", "--remote"]).code(5);
    assert!(run.stderr().contains("did not arrive within 3s"), "{}", run.stderr());
}

#[test]
fn one_flipped_bit_in_a_signed_field_is_refused() {
    let mut mirror = SignedDepot::of(&["0.1.0"]);
    let timestamp = role(&[&mirror.keys.timestamp], 1);
    mirror.new_root(|root| root.roles.timestamp = Some(timestamp));
    mirror.sign();
    let payload = mirror.payload();
    mirror.sign_payload(&payload, &mirror.keys.index);
    mirror.put_timestamp(&mirror.timestamp(&payload), &mirror.keys.timestamp);
    for path in ["root/2.json", "releases/timestamp.json", Index::PATH] {
        let whole = std::fs::read(mirror.depot.path().join(path)).unwrap();
        let begin = whole.windows(9).position(|window| window == b"\"payload\"").unwrap();
        for place in [begin + 12, begin + (whole.len() - begin) / 3, whole.len() - 20] {
            let mut changed = whole.clone();
            changed[place] ^= 1;
            mirror.depot.put(path, &changed);
            let reader = MirrorReader::of(&mirror);
            let run = reader.sandbox.loom(&["list", "--remote"]);
            assert!([5, 6].contains(&run.exit()), "{path} at {place}: {}", run.stderr());
            assert_eq!(reader.verifier(&mirror, None)["accepted"], false, "{path} at {place}");
        }
        mirror.depot.put(path, &whole);
    }
    MirrorReader::of(&mirror).takes(&mirror, &["0.1.0"]);
}

/// Copies all files below `from` to `to`.
fn copy(from: &std::path::Path, to: &std::path::Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&path, &target);
        } else {
            std::fs::copy(path, target).unwrap();
        }
    }
}
