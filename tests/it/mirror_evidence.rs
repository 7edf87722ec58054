//! Signatures that a release gets after it was copied: mirrors notice, copy and show them. What was never verified is not
//! put into a mirror.

use std::{
    fs,
    path::{Path, PathBuf},
};

use loom_source::{
    Digest, Index, Record,
    record::{IndexEntry, RecordEvidence, RecordEvidenceKind, object_path},
};

use crate::support::{
    Depot, Nginx, Packing, Plain, Sandbox, Sums, program,
    signer::{Signer, required, sign_statement, trust},
};

fn text(folder: &Path) -> &str {
    folder.to_str().unwrap()
}

fn entries(mirror: &Path) -> Vec<IndexEntry> {
    Index::parse(&fs::read(mirror.join(Index::PATH)).unwrap()).unwrap().payload.releases
}

fn record_of(mirror: &Path, entry: &IndexEntry) -> (PathBuf, Record) {
    let path = mirror.join(Record::path(&entry.release()));
    let record = Record::parse(&fs::read(&path).unwrap()).unwrap();
    (path, record)
}

/// Adds a signature by `signer` of the statement of `version` to a mirror.
fn sign(mirror: &Path, signer: &Signer, version: &str) -> RecordEvidence {
    let entry = entries(mirror).into_iter().find(|entry| entry.version.to_string() == version);
    sign_statement(mirror, signer, record_of(mirror, &entry.unwrap()))
}

fn sync<'a>(from: &'a str, to: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
    [&["mirror", "sync", "--from", from, "--to", text(to), "--json"][..], more].concat()
}

#[test]
fn a_later_signature_is_copied_and_counts_for_readers() {
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.1.0", "0.2.0"]));
    let index = ["mirror", "index", text(depot.path()), "--json"];
    sandbox.loom(&index).ok();
    let nginx = Nginx::serve(depot.path(), "");
    let (copy, url) = (sandbox.folder("copy"), nginx.url());
    sandbox.loom(&sync(&url, &copy, &[])).ok();
    let (signer, reader) = (Signer::new(), Sandbox::new());
    trust(&reader, &format!("file://{}", text(&copy)), &required(&[&signer.public]));
    assert_ne!(reader.loom(&["get", "0.2.0"]).exit(), 0);
    let evidence = sign(depot.path(), &signer, "0.2.0");
    sandbox.loom(&index).ok();
    let diff = ["mirror", "diff", text(depot.path()), text(&copy)];
    let said = sandbox.loom(&diff).code(1).stdout();
    assert!(said.contains("0.2.0") && said.contains("evidence +minisign, then nothing more"));
    let before = nginx.log().len();
    let document = sandbox.loom(&sync(&url, &copy, &[])).ok().json();
    let copied = document["copied"].as_array().unwrap();
    assert_eq!((copied.len(), &copied[0]["version"]), (1, &"0.2.0".into()), "{document}");
    assert_eq!((&copied[0]["evidence"], &copied[0]["added_to"]), (&1.into(), &true.into()));
    // Index, record and signature: the archive is not fetched again.
    let requests = nginx.log().split_off(before);
    assert!(requests.len() <= 4 && !requests.iter().any(|line| line.contains("/store/")));
    let entry = entries(&copy).into_iter().find(|entry| entry.version.to_string() == "0.2.0");
    assert_eq!(record_of(&copy, &entry.unwrap()).1.evidence, [evidence]);
    sandbox.loom(&diff).ok();
    sandbox.loom(&["mirror", "verify", text(&copy)]).ok();
    reader.loom(&["get", "0.2.0"]).ok();
    let before = nginx.log().len();
    assert_eq!(sandbox.loom(&sync(&url, &copy, &[])).ok().json()["changed"], false);
    assert_eq!(nginx.log().split_off(before).len(), 1, "the index");
}

#[test]
fn an_index_with_the_digest_of_an_older_record_refuses_nothing() {
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.2.0"]));
    sandbox.loom(&["mirror", "index", text(depot.path())]).ok();
    let signer = Signer::new();
    sign(depot.path(), &signer, "0.2.0");
    let reader = Sandbox::new();
    trust(&reader, &depot.url(), &required(&[&signer.public]));
    reader.loom(&["get"]).ok();
}

#[test]
fn evidence_of_two_sources_is_merged_once() {
    let (sandbox, one) = (Sandbox::new(), Depot::of(&["0.2.0"]));
    let (other, copy) = (sandbox.folder("other"), sandbox.folder("copy"));
    sandbox.loom(&["mirror", "index", text(one.path())]).ok();
    sandbox.loom(&sync(&one.url(), &other, &[])).ok();
    for mirror in [one.path(), &other] {
        sign(mirror, &Signer::new(), "0.2.0");
        sandbox.loom(&["mirror", "index", text(mirror)]).ok();
    }
    for mirror in [one.path(), &other] {
        assert_eq!(sandbox.loom(&sync(text(mirror), &copy, &[])).ok().json()["changed"], true);
    }
    assert_eq!(record_of(&copy, &entries(&copy)[0]).1.evidence.len(), 2);
    for mirror in [one.path(), &other] {
        assert_eq!(sandbox.loom(&sync(text(mirror), &copy, &[])).ok().json()["changed"], false);
        let diff = ["mirror", "diff", text(mirror), text(&copy), "--json"];
        let document = sandbox.loom(&diff).code(1).json();
        assert_eq!(document["changed"][0]["evidence"]["only_second"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn without_word_of_the_index_evidence_is_compared_on_request() {
    // The index of a depot does not name records.
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.2.0"]));
    let (copy, signer) = (sandbox.folder("copy"), Signer::new());
    sandbox.loom(&sync(&depot.url(), &copy, &[])).ok();
    sign(depot.path(), &signer, "0.2.0");
    assert_eq!(sandbox.loom(&sync(&depot.url(), &copy, &[])).ok().json()["changed"], false);
    let asked = sandbox.loom(&sync(&depot.url(), &copy, &["--evidence"])).ok().json();
    assert_eq!((&asked["changed"], &asked["copied"][0]["evidence"]), (&true.into(), &1.into()));
    let again = sandbox.loom(&sync(&depot.url(), &copy, &["--evidence"])).ok().json();
    assert_eq!(again["changed"], false);
    // A source without statements is fetched again; its signatures are those that the configuration has keys for.
    let (plain, plain_copy, keyed) = (Plain::empty(), sandbox.folder("plain"), Sandbox::new());
    let asset = plain.add("0.2.0", Packing::TarGz, &program::small("0.2.0"), Sums::Sidecar);
    trust(&keyed, &plain.url(), &format!("keys = [{:?}]\n", signer.public));
    keyed.loom(&sync(&plain.url(), &plain_copy, &[])).ok();
    signer.sign(&asset);
    assert_eq!(keyed.loom(&sync(&plain.url(), &plain_copy, &[])).ok().json()["changed"], false);
    let asked = keyed.loom(&sync(&plain.url(), &plain_copy, &["--evidence"])).ok().json();
    assert_eq!((&asked["changed"], &asked["releases"]), (&true.into(), &1.into()), "{asked}");
    let kinds: Vec<_> = record_of(&plain_copy, &entries(&plain_copy)[0]).1.evidence;
    assert!(kinds.iter().any(|one| one.kind == RecordEvidenceKind::Minisign), "{kinds:?}");
}

#[test]
fn evidence_with_other_bytes_is_not_copied() {
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.1.0", "0.2.0"]));
    let copy = sandbox.folder("copy");
    sandbox.loom(&["mirror", "index", text(depot.path())]).ok();
    sandbox.loom(&sync(&depot.url(), &copy, &[])).ok();
    let bad = sign(depot.path(), &Signer::new(), "0.1.0");
    sign(depot.path(), &Signer::new(), "0.2.0");
    fs::write(depot.path().join(object_path(&bad.digest)), b"other").unwrap();
    sandbox.loom(&["mirror", "index", text(depot.path())]).ok();
    let document = sandbox.loom(&sync(&depot.url(), &copy, &[])).code(6).json();
    assert_eq!(document["failed"][0]["version"], "0.1.0");
    assert_eq!(document["copied"][0]["version"], "0.2.0");
    assert!(!copy.join(object_path(&bad.digest)).exists());
    sandbox.loom(&["mirror", "verify", text(&copy)]).ok();
}

#[test]
fn a_push_adds_the_evidence_of_the_store() {
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.2.0"]));
    let mirror = sandbox.folder("mirror");
    sandbox.loom(&["get", "0.2.0", "--source", &depot.url()]).ok();
    let push = ["mirror", "push", "--to", text(&mirror), "--json"];
    sandbox.loom(&push).ok();
    let (store, entry) = (sandbox.cache(), entries(&mirror).remove(0));
    let (path, mut record) = record_of(&store, &entry);
    let bytes = b"a signature";
    let digest = Digest::of(bytes);
    let kept = store.join(object_path(&digest));
    fs::create_dir_all(kept.parent().unwrap()).unwrap();
    fs::write(kept, bytes).unwrap();
    let kind = RecordEvidenceKind::Gpg;
    record.evidence.push(RecordEvidence { kind, digest, of: record.statement });
    fs::write(path, record.to_bytes()).unwrap();
    let document = sandbox.loom(&push).ok().json();
    assert_eq!(
        (&document["copied"][0]["evidence"], &document["changed"]),
        (&1.into(), &true.into())
    );
    let there = record_of(&mirror, &entries(&mirror)[0]).1;
    assert!(there.evidence.iter().any(|one| one.digest == digest));
    assert_eq!(sandbox.loom(&push).ok().json()["changed"], false);
}

#[test]
fn what_was_never_verified_is_not_put_into_a_mirror() {
    let (sandbox, plain) = (Sandbox::new(), Plain::empty());
    plain.add("0.2.0", Packing::TarGz, &program::small("0.2.0"), Sums::None);
    plain.add("0.1.0", Packing::TarGz, &program::small("0.1.0"), Sums::Sidecar);
    sandbox.loom(&["get", "0.2.0", "--source", &plain.url(), "--allow-unverified"]).ok();
    sandbox.loom(&["get", "0.1.0", "--source", &plain.url()]).ok();
    let mirror = sandbox.folder("mirror");
    let push = ["mirror", "push", "--to", text(&mirror)];
    let why = ["0.2.0", "was accepted without a checksum", "--allow-unverified"];
    sandbox.loom(&push).code(6).says(&why);
    assert!(!mirror.join(Index::PATH).exists());
    let store = text(&sandbox.cache()).to_owned();
    let bundle = ["mirror", "bundle", "--to", "x.loombundle", "--version", "0.2.0"];
    for more in [&[][..], &["--from", &store][..]] {
        sandbox.loom(&[&bundle[..], more].concat()).code(6).says(&why);
    }
    assert!(!sandbox.project().join("x.loombundle").exists());
    sandbox.loom(&[&push[..], &["loom-bridge-server", "0.1.0"]].concat()).ok();
    sandbox.loom(&["mirror", "bundle", "--to", "y.loombundle", "--version", "0.1.0"]).ok();
    // Asked for explicitly.
    sandbox.loom(&[&push[..], &["--allow-unverified"]].concat()).ok();
    sandbox.loom(&[&bundle[..], &["--allow-unverified"]].concat()).ok();
    assert_eq!(entries(&mirror).len(), 2);
    // Without its verification, nothing shows that a release was verified.
    fs::remove_dir_all(sandbox.cache().join("verifications")).unwrap();
    let other = sandbox.folder("other");
    let push = ["mirror", "push", "--to", text(&other), "loom-bridge-server", "0.1.0"];
    sandbox.loom(&push).code(6).says(&["0.1.0", "has no verification"]);
    // A development build has no version.
    sandbox.loom(&[&push[..5], &["dev"]].concat()).code(2).says(&["development build"]);
}
