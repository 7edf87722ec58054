//! Verifies `store-format.md`: the parsers accept its examples, its digests are correct, and its shell script, which
//! uses no program of Loom, detects the same damage as `loom store verify`.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use loom_base::time::parse_rfc3339;
use loom_mirror::bundle::{BundleContent, BundleManifest, BundleWriter};
use loom_runtime::{
    store::{
        AttemptKind, FailureRecord, Installed, Partial, Receipt, Store, TransferSubject,
        TreeLimits, TreeListing, Verification,
    },
    trust::{
        Expectation, Policy, RevokedSigners, Voucher, Waiver,
        mirror::{MirrorClock, TrustedRoot, VerifiedIndex, VerifiedTimestamp},
    },
};
use loom_signatures::document::DocumentSecretKey;
use loom_source::{
    ArchiveFormat, AssetRef, Authority, Digest, EvidenceKind, Index, Name, Platform, Record,
    Release, SkippedEntries, Statement,
    record::{RecordArtifact, RecordEvidenceKind, SignedDocument, SignedKind},
};

const TEXT: &str = include_str!("../../store-format.md");

/// The only code block with this language, including its last line feed.
fn block(word: &str) -> &'static str {
    let open = format!("```{word}\n");
    let mut found = TEXT.split(&open).skip(1);
    let block = found.next().unwrap_or_else(|| panic!("no block {word}"));
    assert!(found.next().is_none(), "two blocks {word}");
    block.split_once("```").unwrap().0
}

fn example_release() -> Release {
    Release {
        authority: Authority::default(),
        binary: Name::default(),
        slot: "0.2.0".parse().unwrap(),
        platform: Platform::LinuxX86_64,
    }
}

#[test]
fn the_listing_and_its_digest() {
    let text = block("loom-tree");
    let listing = TreeListing::parse(text.as_bytes()).unwrap();
    assert_eq!(listing.to_string(), text);
    let tree = listing.digest();
    assert!(TEXT.contains(&format!("is the tree's digest `{tree}`")));
    assert!(TEXT.contains(&format!("`objects/sha256/{}/`", tree.prefix())));
}

#[test]
fn the_statement_and_the_record_that_refers_to_it() {
    let listing = TreeListing::parse(block("loom-tree").as_bytes()).unwrap();
    let text = block("loom-statement");
    let statement = Statement::parse(text.as_bytes()).unwrap();
    assert_eq!(String::from_utf8(statement.to_bytes()).unwrap(), text);
    assert_eq!(statement.tree, listing.digest());
    assert!(listing.get(&statement.entry).is_some());
    assert_eq!(statement.release(), example_release());
    let digest = Digest::of(text.as_bytes());
    assert!(TEXT.contains(&format!("this has the digest `{digest}`")));

    let text = block("loom-record");
    let record = Record::parse(text.as_bytes()).unwrap();
    assert_eq!(String::from_utf8(record.to_bytes()).unwrap(), text);
    assert_eq!(record.statement, digest);
    let archive = statement.archives[0].digest;
    let artifact = RecordArtifact::Archive { digest: archive };
    assert_eq!(record.artifacts, [RecordArtifact::Loose, artifact]);
    assert_eq!(record.evidence[0].of, digest);
    assert_eq!(record.evidence[1].kind, RecordEvidenceKind::Checksum);
    assert_eq!(record.evidence[1].of, archive);
    assert_eq!(record.evidence[1].digest, Digest::of(block("loom-checksum").as_bytes()));

    let text = block("loom-index");
    let index = Index::parse(text.as_bytes()).unwrap();
    assert_eq!(String::from_utf8(index.to_bytes()).unwrap(), text);
    assert_eq!(index.entry(&example_release()).unwrap().statement, digest);
    assert_eq!(index.versions(&example_release().product()), [statement.version]);
}

#[test]
fn the_signed_documents_of_a_mirror() {
    let first = block("loom-root").as_bytes();
    let digest = Digest::of(first);
    assert!(TEXT.contains(&format!("is given with its digest `{digest}`")));
    let first = TrustedRoot::given(first, digest).unwrap();
    let root = first.successor(block("loom-root-2").as_bytes()).unwrap();
    for (root, word) in [(&first, "loom-root"), (&root, "loom-root-2")] {
        assert_eq!(String::from_utf8(root.to_bytes()).unwrap(), block(word));
        let payload = SignedDocument::parse(SignedKind::Root, block(word).as_bytes()).unwrap();
        assert_eq!(root.root().to_payload(), payload.payload);
    }
    let text = block("loom-timestamp").as_bytes();
    let timestamp = VerifiedTimestamp::verify(&root, text, None).unwrap();
    let text = block("loom-signed-index").as_bytes();
    let none = RevokedSigners::default();
    let time = |text| loom_base::time::parse_rfc3339(text).unwrap();
    for (clock, expired) in [("2026-06-03T00:00:00Z", false), ("2026-06-09T00:00:00Z", true)] {
        let (clock, skipped) = (MirrorClock::new(time(clock), 0), SkippedEntries::default());
        let stamp = timestamp.as_ref();
        let index =
            VerifiedIndex::verify(&root, stamp, text, None, clock, &none, &skipped).unwrap();
        assert_eq!(index.expired().is_some(), expired);
        assert_eq!(index.versions(&example_release().product()), ["0.2.0".parse().unwrap()]);
        let digest = Digest::of(block("loom-statement").as_bytes());
        assert_eq!(index.entry(&example_release()).unwrap().statement, digest);
    }
    let (clock, skipped) = (MirrorClock::new(std::time::UNIX_EPOCH, 0), SkippedEntries::default());
    VerifiedIndex::verify(&first, None, text, None, clock, &none, &skipped).unwrap_err();
    // The keys are those that the text names.
    for (byte, word) in [(1, "loom-root"), (2, "loom-signed-index"), (3, "loom-timestamp")] {
        let key = DocumentSecretKey::from_pem(&example_key(byte)).unwrap();
        assert!(block(word).contains(&format!("\"key\":\"{}\"", key.public().id())), "{word}");
    }
}

/// The key whose secret bytes are all `byte`, as openssl writes it.
fn example_key(byte: u8) -> String {
    use base64::Engine as _;
    let begin = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let der = base64::engine::general_purpose::STANDARD.encode([&begin[..], &[byte; 32]].concat());
    format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n")
}

#[test]
fn the_bundle_and_its_digest() {
    let mut writer = BundleWriter::default();
    writer.add("format", BundleContent::Bytes(b"loom-store 1\n".to_vec()));
    let mut bytes = Vec::new();
    let manifest = writer.write(&mut bytes).unwrap();
    assert_eq!(String::from_utf8(manifest.to_bytes()).unwrap(), block("loom-bundle"));
    assert_eq!(BundleManifest::parse(block("loom-bundle").as_bytes()).unwrap(), manifest);
    let digest = "230b317cc2aeb77e15372c0d740e2a2d268b5007d0f4a2200b6edb7d3512c7d7";
    assert_eq!(Digest::of(&bytes).to_string(), digest);
}

#[test]
fn the_verification_and_its_evidence() {
    let text = block("loom-verification");
    let verification = Verification::parse(text.as_bytes(), &example_release()).unwrap();
    assert_eq!(String::from_utf8(verification.to_bytes()).unwrap(), text);
    let statement = Statement::parse(block("loom-statement").as_bytes()).unwrap();
    assert_eq!(verification.tree, statement.tree);
    assert_eq!(verification.statement, Digest::of(block("loom-statement").as_bytes()));
    let record = Record::parse(block("loom-record").as_bytes()).unwrap();
    let evidence: Vec<Digest> = record.evidence.iter().map(|item| item.digest).collect();
    assert_eq!(verification.evidence, evidence);
    let [digest] = &verification.digests[..] else { panic!("{verification:?}") };
    assert_eq!(digest.digest, statement.archives[0].digest);
    assert_eq!(digest.evidence, Some(evidence[1]));
    let line = block("loom-checksum");
    assert!(TEXT.contains(&format!("This object has the digest `{}`", evidence[1])));
    assert!(line.starts_with(&digest.digest.to_string()));
    assert_eq!(Policy::default().accepts(&example_release(), &verification.digests), Ok(()));
}

#[test]
fn the_receipt() {
    let receipt: Receipt = serde_json::from_str(block("loom-receipt")).unwrap();
    assert_eq!(receipt.release(), Some(example_release()));
    let statement = Statement::parse(block("loom-statement").as_bytes()).unwrap();
    assert_eq!(receipt.tree, Some(statement.tree));
    assert_eq!(receipt.statement, Some(Digest::of(block("loom-statement").as_bytes())));
    assert_eq!(receipt.attempts[0].kind, AttemptKind::Delivered);
}

#[test]
fn the_failures() {
    let fixture = StoreFixture::new();
    let product = example_release().product();
    let example: serde_json::Value = serde_json::from_str(block("loom-failures")).unwrap();
    let failure: FailureRecord = serde_json::from_value(example["failures"][0].clone()).unwrap();
    assert_eq!(failure.attempts[0].kind, AttemptKind::Unreachable);
    fixture.store.keep_failure(&product, failure).unwrap();
    let path = "failures/loom-os/loom-bridge-server/linux-x86_64.json";
    let written = fs::read_to_string(fixture.store.root().join(path)).unwrap();
    assert_eq!(written, block("loom-failures"));
}

const OTHER_TREE: &str = "4d6bcae01a2afbae77386814093f989a2ab80e8eb7ce5f2e5a1e269331ab0f9e";

/// The examples have the paths and the form of a real store.
#[test]
fn roots_and_fingerprint() {
    let fixture = StoreFixture::new();
    let listing = TreeListing::parse(block("loom-tree").as_bytes()).unwrap();
    let installed = fixture.install("dev");
    assert_eq!(installed.tree, listing.digest());
    let read = |path: String| fs::read_to_string(fixture.store.root().join(path)).unwrap();
    let root = read("roots/dev/loom-os/loom-bridge-server/linux-x86_64".into());
    assert_eq!(root, block("loom-dev"));
    let at = |time| parse_rfc3339(time).unwrap();
    let version = fixture.install("0.1.0");
    let older = OTHER_TREE.parse().unwrap();
    let earlier = Installed { tree: older, ..version.clone() };
    fixture.store.record_generation(&earlier, at("2026-01-03T10:00:00Z")).unwrap();
    let version = fixture.install("0.2.0");
    fixture.store.record_generation(&version, at("2026-02-03T10:00:00Z")).unwrap();
    let product = version.release.product();
    fixture.store.keep_for_project(Path::new("/srv/ada"), &product, version.tree).unwrap();
    fixture.store.keep_release(&version).unwrap();
    let user = Digest::of(fixture.store.root().as_os_str().as_encoded_bytes());
    let product = "loom-os/loom-bridge-server";
    let generations = read(format!("roots/generations/{user}/{product}/linux-x86_64"));
    assert_eq!(generations, block("loom-generations"));
    let project = Digest::of(b"/srv/ada");
    let used = read(format!("roots/projects/{project}"));
    let time = used.trim_end().rsplit(' ').next().unwrap();
    assert!(parse_rfc3339(time).is_some(), "{used}");
    assert_eq!(used.replace(time, "2026-02-03T10:00:00Z"), block("loom-project"));
    assert_eq!(read(format!("roots/kept/{product}/0.2.0/linux-x86_64")), block("loom-keep"));
    let shape = |text: &str| -> Vec<(String, String)> {
        let fields = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        text.lines().map(fields).map(|f| (f[0].clone(), f[f.len() - 1].clone())).collect()
    };
    let fingerprint = read(format!("fingerprints/{}", installed.tree));
    assert_eq!(shape(&fingerprint), shape(block("loom-fingerprint")));
}

#[test]
fn a_partial_transfer() {
    let fixture = StoreFixture::new();
    fixture.install("0.2.0");
    let json: serde_json::Value = serde_json::from_str(block("loom-partial")).unwrap();
    let (source, pointer) = (json["source"].as_str().unwrap(), json["pointer"].as_str().unwrap());
    let key = Digest::of(format!("{source}\n{pointer}").as_bytes());
    assert!(TEXT.contains(&format!("For the example below it is `{key}`")));
    let folder = fixture.store.root().join("partial");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(key.to_string()), b"01234").unwrap();
    fs::write(folder.join(format!("{key}.json")), block("loom-partial")).unwrap();
    let asset = AssetRef::new(pointer);
    let subject = TransferSubject { source, asset: &asset, archive: None, size: None };
    let partial = Partial::open(&fixture.store, &subject).unwrap();
    assert_eq!(partial.resume().from, 5);
    assert!(partial.resume().validator.is_some());
    // With the digest of the bytes it is the key.
    let archive = Digest::of(b"the archive");
    let mut known = json.clone();
    known["archive"] = archive.to_string().into();
    fs::write(folder.join(archive.to_string()), b"0123456").unwrap();
    fs::write(folder.join(format!("{archive}.json")), known.to_string()).unwrap();
    let other = TransferSubject { source: "oci://other", archive: Some(archive), ..subject };
    assert_eq!(Partial::open(&fixture.store, &other).unwrap().resume().from, 7);
}

#[test]
fn the_names_of_kinds_formats_and_classes() {
    let named = |name: &str| assert!(TEXT.contains(&format!("`{name}`")), "{name}");
    let value = |value: serde_json::Value| named(value.as_str().unwrap());
    ArchiveFormat::ALL.iter().for_each(|format| value(serde_json::to_value(format).unwrap()));
    Platform::ALL.iter().for_each(|platform| named(platform.as_str()));
    use EvidenceKind::{Cosign, Gpg, Minisign, Sigstore};
    [Minisign, Cosign, Gpg, Sigstore].iter().for_each(|k| value(serde_json::to_value(k).unwrap()));
    use RecordEvidenceKind as Evidence;
    [Evidence::Checksum, Evidence::Sums, Evidence::Statement]
        .iter()
        .for_each(|k| value(serde_json::to_value(k).unwrap()));
    use Waiver::{AllowUnverified, IfAvailable, LocalBuild};
    let waivers = [AllowUnverified, IfAvailable, LocalBuild];
    waivers.iter().for_each(|waiver| value(serde_json::to_value(waiver).unwrap()));
    use Voucher::{Api, FirstSeen, Given, Plugin, Sidecar, Sums};
    let vouchers = [Sidecar, Sums, Voucher::Statement, Api, Plugin, Voucher::Checksum];
    let vouchers = vouchers.into_iter().chain([Given, FirstSeen]);
    vouchers.for_each(|voucher| value(serde_json::to_value(voucher).unwrap()));
    use AttemptKind as Kind;
    let kinds = [
        Kind::Delivered,
        Kind::Selected,
        Kind::Absent,
        Kind::Unlistable,
        Kind::TooYoung,
        Kind::NotAsked,
        Kind::Late,
        Kind::Superseded,
        Kind::Unreachable,
        Kind::Credentials,
        Kind::Offline,
        Kind::ChecksumMismatch,
        Kind::DamagedPartial,
        Kind::Rejected,
        Kind::Unusable,
        Kind::Changed,
    ];
    kinds.iter().for_each(|kind| value(serde_json::to_value(kind).unwrap()));
    for class in ["github", "mirror", "object-store", "registry", "file", "plugin", "build"] {
        named(class);
    }
    let TreeLimits { files, bytes, path, ratio } = TreeLimits::default();
    assert_eq!((files, bytes, path, ratio), (20_000, 8 << 30, 120, 200));
    for limit in ["(20 000)", "(8 GiB)", "bytes in a path (120)", "(200, beyond"] {
        assert!(TEXT.contains(limit), "{limit}");
    }
}

/// A store in a temporary folder.
struct StoreFixture {
    store: Store,
    _folder: tempfile::TempDir,
}

impl Drop for StoreFixture {
    /// Trees are read-only, so that only root could remove them without changing permissions.
    fn drop(&mut self) {
        let status = Command::new("chmod").args(["-R", "u+w"]).arg(self.store.root()).status();
        assert!(status.is_ok_and(|status| status.success()) || std::thread::panicking());
    }
}

impl StoreFixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { store: Store::open(&folder.path().join("cache")).unwrap(), _folder: folder }
    }

    /// Installs the tree of the examples in this slot.
    fn install(&self, slot: &str) -> Installed {
        let release = Release { slot: slot.parse().unwrap(), ..example_release() };
        let mut staged = self.store.stage(TreeLimits::default()).unwrap();
        staged.file(&"LICENSE".parse().unwrap(), false, &b"free\n"[..]).unwrap();
        let program = &b"#!/bin/sh\necho hello\n"[..];
        staged.file(&"bin/loom-bridge-server".parse().unwrap(), true, program).unwrap();
        staged.link(&"server".parse().unwrap(), "bin/loom-bridge-server").unwrap();
        let waiver = Some(Waiver::AllowUnverified);
        let receipt = Receipt::new(&release);
        let expectation = Expectation { waiver, ..Expectation::none(&release) };
        let checked = self.store.admit(staged, &expectation, None).unwrap();
        self.store.publish(vec![(checked, Some(receipt))]).unwrap().remove(0)
    }
}

/// Runs the document's shell script in a store; returns stdout and stderr.
fn shell(store: &Path) -> String {
    let mut sh = Command::new("sh");
    sh.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").current_dir(store);
    let output = sh.args(["-u", "-c", block("sh")]).output().unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

#[test]
fn the_shell_script_verifies_a_store() {
    let fixture = StoreFixture::new();
    let (store, root) = (&fixture.store, fixture.store.root());
    let installed = fixture.install("0.2.0");
    fixture.install("0.3.0");
    let intact = || {
        assert_eq!(shell(root), "");
        assert_eq!(store.verify().unwrap().findings, []);
    };
    // Asserts that the script and `verify` both detect the damage.
    let damaged = |what: &str| {
        let (text, report) = (shell(root), store.verify().unwrap());
        assert!(!text.is_empty() && !report.findings.is_empty(), "{what}: {text} {report:?}");
    };
    intact();
    let folder = root.join(format!("store/{}", installed.tree));
    let (license, extra) = (folder.join("LICENSE"), folder.join("extra file"));
    set_mode(&folder, 0o755);
    set_mode(&license, 0o644);
    fs::write(&license, b"fre3\n").unwrap();
    damaged("a changed file");
    fs::remove_file(&license).unwrap();
    damaged("a missing file");
    fs::write(&license, b"free\n").unwrap();
    intact();
    fs::write(&extra, b"").unwrap();
    damaged("an additional file");
    fs::remove_file(&extra).unwrap();
    set_mode(&installed.entry, 0o444);
    damaged("a program without permission to execute");
    set_mode(&installed.entry, 0o555);
    let statement = store.receipt(&installed.release).unwrap().unwrap().statement.unwrap();
    let object = store.object(&statement);
    let bytes = fs::read(&object).unwrap();
    fs::write(&object, b"{}").unwrap();
    damaged("a changed object");
    fs::write(&object, bytes).unwrap();
    intact();
}
