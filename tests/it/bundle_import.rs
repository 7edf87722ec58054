//! `loom mirror import`: a bundle of a signed mirror carries roots and withdrawals to a copy of the mirror.

use std::{fs, path::PathBuf};

use loom_source::{Index, Record, record::RecordEvidence};

use crate::support::{
    Packing, Plain, Run, Sandbox, Sums, program,
    signer::{Signer, sign_statement},
};

/// A signed mirror with one release, made in a sandbox's project.
fn signed_mirror() -> Sandbox {
    let sandbox = Sandbox::new();
    let releases = Plain::empty();
    releases.add("0.2.0", Packing::TarGz, &program::small("0.2.0"), Sums::Sidecar);
    sandbox.loom(&["mirror", "init", "--to", "./m", "--keys", "keys"]).ok();
    let key = ["--to", "./m", "--key", "keys/index.pem"];
    sandbox.loom(&[&["mirror", "sync", "--from", &releases.url()][..], &key].concat()).ok();
    sandbox
}

fn bundle(sandbox: &Sandbox, name: &str) -> Run {
    let from = ["--from", "./m", "--version", "0.2.0"];
    sandbox.loom(&[&["mirror", "bundle", "--to", name][..], &from].concat()).ok()
}

fn import(sandbox: &Sandbox, name: &str, to: &str) -> Run {
    sandbox.loom(&["mirror", "import", name, "--to", to])
}

#[test]
fn roots_follow_each_other_and_withdrawals_travel() {
    let sandbox = signed_mirror();
    bundle(&sandbox, "first.loombundle");
    import(&sandbox, "first.loombundle", "./copy").ok();
    sandbox.loom(&["mirror", "verify", "./copy"]).ok();
    sandbox.loom(&["mirror", "root", "new", "./m", "--to", "draft"]).ok();
    sandbox.loom(&["mirror", "root", "sign", "draft", "--key", "keys/root.pem"]).ok();
    sandbox.loom(&["mirror", "root", "publish", "draft", "--to", "./m"]).ok();
    sandbox.loom(&["mirror", "yank", "./m", "0.2.0", "--key", "keys/index.pem"]).ok();
    bundle(&sandbox, "second.loombundle");
    import(&sandbox, "second.loombundle", "./copy").ok();
    sandbox.loom(&["mirror", "verify", "./copy"]).ok();
    sandbox.loom(&["mirror", "diff", "./m", "./copy"]).ok();
    assert!(sandbox.project().join("copy").join("root").join("2.json").is_file());
    // An index of an older root does not count any more.
    import(&sandbox, "first.loombundle", "./copy").code(6).says(&["older root"]);
    sandbox.loom(&["mirror", "diff", "./m", "./copy"]).ok();
}

#[test]
fn another_mirror_takes_nothing() {
    let sandbox = signed_mirror();
    bundle(&sandbox, "first.loombundle");
    sandbox.loom(&["mirror", "init", "--to", "./other", "--keys", "other-keys"]).ok();
    import(&sandbox, "first.loombundle", "./other").code(6);
    assert!(!sandbox.project().join("other/releases/loom-os").exists());
}

#[test]
fn the_store_takes_what_is_for_this_machine() {
    let sandbox = signed_mirror();
    bundle(&sandbox, "first.loombundle");
    let run = sandbox.loom(&["mirror", "import", "first.loombundle", "--offline"]).ok();
    assert_eq!(run.path(), sandbox.link("0.2.0"));
    sandbox.verify();
}

/// The record of the only release of a mirror.
fn record(sandbox: &Sandbox, mirror: &str) -> (PathBuf, Record) {
    let mirror = sandbox.project().join(mirror);
    let index = Index::parse(&fs::read(mirror.join(Index::PATH)).unwrap()).unwrap();
    let path = mirror.join(Record::path(&index.payload.releases[0].release()));
    let record = Record::parse(&fs::read(&path).unwrap()).unwrap();
    (path, record)
}

/// Adds a signature of the statement of its release to a mirror.
fn sign(sandbox: &Sandbox, mirror: &str) -> RecordEvidence {
    let folder = sandbox.project().join(mirror);
    sign_statement(&folder, &Signer::new(), record(sandbox, mirror))
}

#[test]
fn evidence_that_only_the_destination_has_is_kept() {
    let sandbox = signed_mirror();
    bundle(&sandbox, "first.loombundle");
    import(&sandbox, "first.loombundle", "./copy").ok();
    let own = sign(&sandbox, "copy");
    import(&sandbox, "first.loombundle", "./copy").ok();
    assert!(record(&sandbox, "copy").1.evidence.contains(&own));
    // What the next bundle brings is added to it, also with a newer index.
    let later = sign(&sandbox, "m");
    sandbox.loom(&["mirror", "index", "./m", "--refresh", "--key", "keys/index.pem"]).ok();
    bundle(&sandbox, "second.loombundle");
    import(&sandbox, "second.loombundle", "./copy").ok();
    let (_, both) = record(&sandbox, "copy");
    assert!(both.evidence.contains(&own) && both.evidence.contains(&later), "{both:?}");
    sandbox.loom(&["mirror", "verify", "./copy"]).ok();
}
