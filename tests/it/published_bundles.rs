//! Sigstore bundles that others published, with the trust root that is shipped: releases made of the files that they are
//! about.

use std::{
    fs,
    io::{Cursor, Read as _},
};

use loom_source::{
    ArchiveFormat, Authority, Digest, Platform, Record, Statement,
    record::{RecordArtifact, RecordEvidence, RecordEvidenceKind, StatementArchive, object_path},
};

use crate::support::{BINARY, Depot, Entry, Sandbox, depot::listing, schema, signer::trust};

const GITHUB: &str = "https://token.actions.githubusercontent.com";
const TAGGED: &str =
    "https://github.com/trailofbits/rfc8785.py/.github/workflows/release.yml@refs/tags/v{version}";
const BRANCH: &str =
    "https://github.com/prefix-dev/sigstore-example/.github/workflows/action.yaml@refs/heads/main";

/// A file of the tests of `signatures`.
fn data(name: &str) -> Vec<u8> {
    fs::read(schema::repository().join("signatures/tests/data").join(name)).unwrap()
}

/// The files of a zip archive, of which `entry` is the program.
fn entries(archive: &[u8], entry: &str) -> Vec<Entry> {
    let mut archive = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
    let count = archive.len();
    let file = |at| {
        let mut file = archive.by_index(at).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        let path = file.name().unwrap().into_owned();
        let exec = path == entry || file.unix_mode().is_some_and(|mode| mode & 0o111 != 0);
        Entry { path, exec, bytes }
    };
    (0..count).map(file).collect()
}

/// A mirror with an archive as a release, and a bundle about it.
fn mirror(version: &str, archive: &[u8], entry: &str, bundle: &[u8]) -> Depot {
    let depot = Depot::empty();
    let object = |bytes: &[u8]| {
        let digest = Digest::of(bytes);
        depot.put(&object_path(&digest), bytes);
        digest
    };
    let digest = object(archive);
    let (size, format) = (archive.len() as u64, ArchiveFormat::Zip);
    let statement = Statement {
        authority: Authority::default(),
        binary: BINARY.parse().unwrap(),
        version: version.parse().unwrap(),
        platform: Platform::current().unwrap(),
        tree: object(listing(&entries(archive, entry)).as_bytes()),
        entry: entry.into(),
        archives: vec![StatementArchive { digest, size, format, strip: false }],
        published: None,
        critical: Vec::new(),
    };
    let kind = RecordEvidenceKind::Sigstore;
    let record = Record {
        statement: object(&statement.to_bytes()),
        artifacts: vec![RecordArtifact::Archive { digest }],
        evidence: vec![RecordEvidence { kind, digest: object(bundle), of: digest }],
    };
    depot.put(&Record::path(&statement.release()), &record.to_bytes());
    depot
}

fn required(identity: &str) -> String {
    format!(
        "signature = \"required\"\nkeys = [{{ identity = \"{identity}\", issuer = \"{GITHUB}\" }}]"
    )
}

#[test]
fn a_bundle_of_a_workflow_counts_for_the_version_of_its_tag() {
    let (wheel, bundle) = (data("attested.whl"), data("wheel-v0.2.sigstore.json"));
    let entry = "rfc8785/__init__.py";
    let other = TAGGED.replace("release.yml", "tests.yml");
    for (version, identity, code, says) in [
        ("0.1.2", TAGGED, 0, "fetched"),
        ("0.1.3", TAGGED, 6, "signature for another release"),
        ("0.1.2", &other, 6, "unknown key"),
    ] {
        let mirror = mirror(version, &wheel, entry, &bundle);
        let sandbox = Sandbox::new();
        trust(&sandbox, &mirror.url(), &required(identity));
        let get = ["get", "--version", version];
        sandbox.loom(&get).code(code).says(&[says]);
        assert_eq!(sandbox.trees().is_empty(), code != 0);
        if code == 0 {
            drop(mirror);
            sandbox.loom(&["store", "verify", "--evidence"]).ok();
            let why = sandbox.loom(&["why", version, "--json"]).ok().json();
            let signature = &why["chain"]["signatures"][0];
            assert_eq!(signature["scheme"], "sigstore");
            assert_eq!(signature["key"], GITHUB);
            assert_eq!(signature["identity"], TAGGED.replace("{version}", version));
        }
    }
    // One bit of the bundle's signature.
    let text = String::from_utf8(bundle).unwrap();
    let at = text.find("\"signature\":").unwrap() + 40;
    let mut flipped = text.into_bytes();
    flipped[at] ^= 2;
    let mirror = mirror("0.1.2", &wheel, entry, &flipped);
    let sandbox = Sandbox::new();
    trust(&sandbox, &mirror.url(), &required(TAGGED));
    sandbox.loom(&["get", "--version", "0.1.2"]).code(6);
    assert!(sandbox.trees().is_empty());
}

#[test]
fn an_attestation_of_a_branch_names_no_release() {
    let (archive, bundle) = (data("attested.conda"), data("workflow-attestation.sigstore.json"));
    let mirror = mirror("0.2.0", &archive, "metadata.json", &bundle);
    let sandbox = Sandbox::new();
    let get = ["get", "--version", "0.2.0"];
    trust(&sandbox, &mirror.url(), &required(BRANCH));
    sandbox.loom(&get).code(6).says(&["is valid, but names no release"]);
    trust(&sandbox, &mirror.url(), "");
    sandbox.loom(&get).ok();
    // Its digest is known now, and binds it.
    trust(&sandbox, &mirror.url(), &required(BRANCH));
    sandbox.loom(&get).ok();
    sandbox.loom(&["which", "--version", "0.2.0"]).ok();
    sandbox.loom(&["store", "verify", "--evidence"]).ok();
}
