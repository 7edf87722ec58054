//! The attacks that TUF names, on a signed mirror: each is refused or survived, and a second implementation of
//! `store-format.md` (`tests/verifier`, in Python) decides the same.

use std::{path::PathBuf, time::SystemTime};

use loom_base::time::format_rfc3339;
use loom_source::{
    Digest, Index,
    record::{SignedDocument, SignedKind},
};

use crate::support::{
    self, Entry, MirrorKeys, Sandbox, Server, SignedDepot, node, program,
    signed_depot::{DAY, role, root_of},
};

/// A reader that was given the first root of a mirror, with `loom` and with the verifier.
struct Reader {
    sandbox: Sandbox,
    root: PathBuf,
    sha256: String,
}

impl Reader {
    fn of(mirror: &SignedDepot) -> Self {
        let sandbox = Sandbox::new();
        sandbox.sources(&[(&mirror.url(), "")]);
        let (file, sha256) = mirror.anchor();
        sandbox.loom(&["trust", "add-root", &file, "--sha256", &sha256]).ok();
        // The verifier must not read the file of a mirror that is changed later.
        let root = sandbox.root().join("first-root.json");
        std::fs::copy(file, &root).unwrap();
        Self { sandbox, root, sha256 }
    }

    /// What the verifier says of the mirror; `release` is a version whose files it verifies, too.
    fn verifier(&self, mirror: &SignedDepot, release: Option<&str>) -> serde_json::Value {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/verifier/verify_mirror.py");
        let mut python = self.sandbox.command(node::python("python"));
        python.arg(script).arg(mirror.depot.path());
        python.arg("--state").arg(self.sandbox.root().join("verifier.json"));
        python.arg("--root").arg(&self.root).args(["--sha256", &self.sha256]);
        python.args(["--platform", &support::platform()]);
        python.args(release.iter().flat_map(|version| ["--release", version]));
        let output = python.output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {errors}"))
    }

    /// Both read the list of the mirror and take these versions.
    #[track_caller]
    fn takes(&self, mirror: &SignedDepot, versions: &[&str]) {
        let run = self.sandbox.loom(&["list", "--remote", "--json"]).ok();
        let document: serde_json::Value = serde_json::from_str(&run.stdout()).unwrap();
        let text = document.to_string();
        let answer = self.verifier(mirror, None);
        assert_eq!(answer["accepted"], true, "{answer}");
        assert_eq!(answer["expired"], "", "{answer}");
        assert_eq!(answer["versions"], serde_json::json!(versions), "{answer}");
        for version in versions {
            assert!(text.contains(&format!("\"{version}\"")), "{version}: {text}");
        }
    }

    /// Both refuse the mirror: `loom` with this exit code and this text.
    #[track_caller]
    fn refuses(&self, mirror: &SignedDepot, code: i32, text: &str) {
        let run = self.sandbox.loom(&["list", "--remote"]).code(code);
        let said = format!("{}{}", run.stdout(), run.stderr());
        assert!(said.contains(text), "expected {text:?}: {said}");
        let answer = self.verifier(mirror, None);
        let refused = answer["accepted"] == false || answer["expired"] != "";
        assert!(refused, "the verifier accepts it: {answer}");
    }

    /// Both install a version, or refuse it with this exit code.
    #[track_caller]
    fn installs(&self, mirror: &SignedDepot, version: &str, code: i32) {
        self.sandbox.loom(&["get", "--version", version]).code(code);
        let answer = self.verifier(mirror, Some(version));
        assert_eq!(answer["accepted"], code == 0, "{version}: {answer}");
    }
}

#[test]
fn a_signed_mirror_is_read_and_names_who_vouches() {
    let mut mirror = SignedDepot::of(&["0.1.0", "0.2.0"]);
    let reader = Reader::of(&mirror);
    reader.takes(&mirror, &["0.1.0", "0.2.0"]);
    reader.installs(&mirror, "0.2.0", 0);
    let key = loom_runtime::trust::mirror::key_id(&mirror.keys.index).short();
    let by = format!("signed index, serial 1 of mirror {}, root 1, signed by {key}", mirror.mirror);
    let why = reader.sandbox.loom(&["why", "0.2.0"]).ok().stdout();
    assert!(why.contains(&by), "{why}");
    let why = reader.sandbox.loom(&["why", "0.2.0", "--json"]).ok().stdout();
    assert!(why.contains("\"identity\""), "{why}");
    reader.sandbox.verify();
    let roots = reader.sandbox.loom(&["trust", "roots"]).ok().stdout();
    assert!(roots.contains("root 1") && roots.contains("serial 1"), "{roots}");
    mirror.new_root(|_| {});
    mirror.sign();
    reader.installs(&mirror, "0.1.0", 0);
    let roots = reader.sandbox.loom(&["trust", "roots", "--json"]).ok().stdout();
    assert!(roots.contains("\"number\":2"), "{roots}");
}

#[test]
fn without_a_root_nothing_changes_and_no_request_is_added() {
    let mirror = SignedDepot::of(&["0.2.0"]);
    let server = Server::serve(mirror.depot.path());
    let sandbox = Sandbox::new();
    sandbox.sources(&[(&server.url(), "")]);
    sandbox.loom(&["get"]).ok();
    for path in ["root/1.json", "root/2.json", "releases/timestamp.json"] {
        assert_eq!(server.gets(path), 0, "{path}");
    }
    // With one there are two more: the next root, and the index once for list and offer.
    let (file, sha256) = mirror.anchor();
    let sandbox = Sandbox::new();
    sandbox.sources(&[(&server.url(), "")]);
    sandbox.loom(&["trust", "add-root", &file, "--sha256", &sha256]).ok();
    server.forget();
    sandbox.loom(&["get"]).ok();
    assert_eq!(server.gets("root/2.json"), 1);
    assert_eq!(server.gets("releases/index.json"), 1);
    server.forget();
    sandbox.loom(&["get", "--version", "0.2.0"]).ok();
    assert!(server.requests().is_empty());
}

#[test]
fn arbitrary_installation() {
    let mirror = SignedDepot::of(&["0.1.0", "0.2.0"]);
    let reader = Reader::of(&mirror);
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
    let mirror = SignedDepot::of(&["0.1.0", "0.2.0"]);
    let reader = Reader::of(&mirror);
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
    let reader = Reader::of(&mirror);
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
    let reader = Reader::of(&mirror);
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
    let reader = Reader::of(&mirror);
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
    let reader = Reader::of(&mirror);
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
    let reader = Reader::of(&mirror);
    // Without a timestamp there is one document that could be mixed: a record of another state than the index.
    let entries = Entry::program(&program::small("other"));
    let kinds = [support::ArtifactKind::Archive(support::Packing::TarGz)];
    let payload = mirror.payload();
    mirror.depot.add("0.2.0", &entries, &kinds);
    mirror.sign_payload(&payload, &mirror.keys.index);
    reader.installs(&mirror, "0.2.0", 6);
    // With one: an index that is not the one of the timestamp.
    let mut mirror = SignedDepot::of(&["0.1.0"]);
    let reader = Reader::of(&mirror);
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
    let reader = Reader::of(&mirror);
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
    let reader = Reader::of(&mirror);
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
    let reader = Reader::of(&mirror);
    for _ in 0..1_024 {
        mirror.new_root(|_| {});
    }
    mirror.sign();
    reader.takes(&mirror, &["0.1.0"]);
    let late = Reader::of(&mirror);
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
    let reader = Reader::of(&mirror);
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
            let reader = Reader::of(&mirror);
            let run = reader.sandbox.loom(&["list", "--remote"]);
            assert!([5, 6].contains(&run.exit()), "{path} at {place}: {}", run.stderr());
            assert_eq!(reader.verifier(&mirror, None)["accepted"], false, "{path} at {place}");
        }
        mirror.depot.put(path, &whole);
    }
    Reader::of(&mirror).takes(&mirror, &["0.1.0"]);
}

#[test]
fn withdrawn_versions_are_used_only_by_name() {
    let mirror = SignedDepot::of(&["0.1.0", "0.2.0"]);
    let reader = Reader::of(&mirror);
    mirror.sign_with(|payload| payload.releases[1].yanked = true);
    reader.takes(&mirror, &["0.1.0"]);
    let run = reader.sandbox.loom(&["get"]).ok();
    assert_eq!(run.path(), reader.sandbox.link("0.1.0"));
    let run = reader.sandbox.loom(&["get", "--version", "0.2.0"]).ok();
    assert!(run.stderr().contains("has withdrawn"), "{}", run.stderr());
}

#[test]
fn a_root_of_the_configuration_and_one_that_is_pinned_at_first_sight() {
    let mut mirror = SignedDepot::of(&["0.1.0"]);
    let (file, sha256) = mirror.anchor();
    let sandbox = Sandbox::new();
    let source =
        format!("[[sources]]\nname = \"corp\"\ntype = \"mirror\"\nurl = \"{}\"\n", mirror.url());
    let config = sandbox.home().join(".config/loom/config.toml");
    let root = format!(
        "[trust]\nroots = [{{ source = \"corp\", file = \"{file}\", sha256 = \"{sha256}\" }}]\n"
    );
    sandbox.write(&config, &format!("{source}{root}"));
    sandbox.loom(&["get"]).ok();
    let roots = sandbox.loom(&["trust", "roots"]).ok().stdout();
    assert!(roots.contains("given by trust.roots"), "{roots}");
    std::fs::remove_file(mirror.depot.path().join(Index::PATH)).unwrap();
    sandbox.loom(&["list", "--remote"]).code(5);
    mirror.sign();

    let sandbox = Sandbox::new();
    let config = sandbox.home().join(".config/loom/config.toml");
    sandbox.write(&config, &format!("{source}[trust]\npin_roots = \"first-seen\"\n"));
    sandbox.loom(&["list", "--remote"]).ok();
    let roots = sandbox.loom(&["trust", "roots"]).ok().stdout();
    assert!(roots.contains("kept at first sight"), "{roots}");
    // Another root 1 with other keys does not replace it.
    let thief = MirrorKeys::default();
    mirror.put_root(&root_of(mirror.mirror, 1, &thief), &thief.holders());
    mirror.sign_payload(&mirror.payload(), &thief.index);
    sandbox.loom(&["list", "--remote"]).code(6);
    mirror.serial = 2;
    mirror.sign();
    sandbox.loom(&["list", "--remote"]).ok();
}

#[test]
fn an_untrusted_project_gives_no_root() {
    let mirror = SignedDepot::of(&["0.1.0"]);
    let (file, sha256) = mirror.anchor();
    let sandbox = Sandbox::new();
    let root = format!(
        "[trust]\npin_roots = \"first-seen\"\nroots = [{{ source = \"{}\", file = \"{file}\", sha256 = \"{sha256}\" }}]\n",
        mirror.url()
    );
    sandbox.write("loom.toml", &root);
    let shown = sandbox.loom(&["config", "show", "--json"]).ok().stdout();
    let document: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let text = document.to_string();
    assert!(text.contains("trust.roots") && text.contains("trust.pin_roots"), "{text}");
    let run = sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.1.0"]).ok();
    let why = sandbox.loom(&["why", "0.1.0"]).ok().stdout();
    assert!(!why.contains("signed index"), "{why}{}", run.stderr());
}

#[test]
fn an_added_root_is_removed_again() {
    let mirror = SignedDepot::of(&["0.1.0"]);
    let reader = Reader::of(&mirror);
    std::fs::remove_file(mirror.depot.path().join(Index::PATH)).unwrap();
    reader.sandbox.loom(&["list", "--remote"]).code(5);
    let name = mirror.url();
    let run = reader.sandbox.loom(&["trust", "remove-root", &name]).ok();
    assert!(run.stdout().contains("needs no signed index"), "{}", run.stdout());
    reader.sandbox.loom(&["list", "--remote"]).ok();
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
