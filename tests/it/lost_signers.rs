//! What a signed index vouched for stops to count when its mirror or its key does.

use crate::support::{Sandbox, SignedDepot};

const WHICH: [&str; 3] = ["which", "--version", "0.2.0"];
const GET: [&str; 2] = ["get", "0.2.0"];
const EVIDENCE: [&str; 3] = ["store", "verify", "--evidence"];

/// A reader that requires signatures, has no key, and was given the root of the mirror.
struct Reader {
    sandbox: Sandbox,
    sources: String,
}

impl Reader {
    fn of(mirror: &SignedDepot) -> Self {
        let sandbox = Sandbox::new();
        let sources = format!(
            "[[sources]]\nname = \"corp\"\ntype = \"mirror\"\nurl = \"{}\"\n",
            mirror.url()
        );
        let reader = Self { sandbox, sources };
        reader.trusts("");
        reader.add_root(mirror);
        reader.sandbox.loom(&GET).ok();
        reader.counts();
        reader
    }

    /// Requires signatures, with these further lines in `[trust]`.
    fn trusts(&self, more: &str) {
        let config = self.sandbox.home().join(".config/loom/config.toml");
        let text = format!("{}[trust]\nsignature = \"required\"\n{more}\n", self.sources);
        self.sandbox.write(config, &text);
    }

    fn add_root(&self, mirror: &SignedDepot) {
        let (file, sha256) = mirror.anchor();
        self.sandbox.loom(&["trust", "add-root", &file, "--sha256", &sha256]).ok();
    }

    fn counts(&self) {
        self.sandbox.loom(&WHICH).ok();
        self.sandbox.loom(&EVIDENCE).ok();
    }

    fn is_refused(&self, says: &str) {
        self.sandbox.loom(&WHICH).code(6).says(&[says]);
        self.sandbox.loom(&EVIDENCE).code(6);
        self.sandbox.loom(&["doctor", "--offline"]).code(1);
    }
}

#[test]
fn a_revoked_key_of_an_index_vouches_for_nothing() {
    let mirror = SignedDepot::of(&["0.2.0", "0.3.0"]);
    let reader = Reader::of(&mirror);
    let key = loom_runtime::trust::mirror::key_id(&mirror.keys.index);
    reader.trusts(&format!("revoked = [\"{key}\"]"));
    reader.is_refused("which is revoked");
    // What is fetched now does not count either.
    reader.sandbox.loom(&["get", "0.3.0"]).code(6).says(&["trust.revoked"]);
    reader.sandbox.loom(&["list", "--remote"]).code(6).says(&["trust.revoked"]);
    reader.sandbox.loom(&["mirror", "sync", "--from", "corp", "--to", "./own"]).code(6);
    let bundle = ["mirror", "bundle", "--from", "corp", "--to", "x.loombundle"];
    reader.sandbox.loom(&bundle).code(6).says(&["trust.revoked"]);
    let verified = reader.sandbox.loom(&["mirror", "verify", "corp"]).code(6).stdout();
    assert!(verified.contains("trust.revoked names"), "{verified}");
    reader.trusts("");
    reader.counts();
}

#[test]
fn a_mirror_without_a_root_vouches_for_nothing() {
    let mirror = SignedDepot::of(&["0.2.0"]);
    let reader = Reader::of(&mirror);
    reader.sandbox.loom(&["trust", "remove-root", "corp"]).ok();
    reader.is_refused("of which no root is known, or");
    reader.sandbox.loom(&GET).code(6);
    reader.add_root(&mirror);
    reader.counts();
}

#[test]
fn an_index_counts_while_the_newest_root_names_its_key() {
    let mut mirror = SignedDepot::of(&["0.2.0"]);
    let reader = Reader::of(&mirror);
    mirror.replace_keys();
    mirror.sign();
    // The next root is not known here yet.
    reader.counts();
    reader.sandbox.loom(&["list", "--remote"]).ok();
    reader.is_refused("of which no root is known, or");
    reader.sandbox.loom(&GET).ok();
    reader.counts();
}

#[test]
fn where_no_signature_is_required_only_a_revoked_key_matters() {
    let mirror = SignedDepot::of(&["0.2.0"]);
    let reader = Reader::of(&mirror);
    reader.sandbox.loom(&["trust", "remove-root", "corp"]).ok();
    let config = reader.sandbox.home().join(".config/loom/config.toml");
    reader.sandbox.write(&config, &reader.sources);
    reader.sandbox.loom(&WHICH).ok();
    let key = loom_runtime::trust::mirror::key_id(&mirror.keys.index);
    reader.sandbox.write(&config, &format!("{}[trust]\nrevoked = [\"{key}\"]\n", reader.sources));
    reader.sandbox.loom(&WHICH).code(6).says(&["which is revoked"]);
}

#[test]
fn a_digest_that_was_seen_with_a_revoked_key_alone_vouches_no_more() {
    let mirror = SignedDepot::of(&["0.2.0"]);
    let reader = Reader::of(&mirror);
    let config = reader.sandbox.home().join(".config/loom/config.toml");
    let key = loom_runtime::trust::mirror::key_id(&mirror.keys.index);
    // No signature is required.
    let revoked = format!("{}[trust]\nrevoked = [\"{key}\"]\n", reader.sources);
    reader.sandbox.write(&config, &revoked);
    for _ in 0..2 {
        reader.sandbox.loom(&WHICH).code(6).says(&["which is revoked"]);
        reader.sandbox.loom(&GET).code(6).says(&["trust.revoked"]);
    }
    let why = reader.sandbox.loom(&["why", "0.2.0"]).stdout();
    assert!(why.contains("does not count any more: trust.revoked names"), "{why}");
    // A part of the id would revoke nothing.
    let short = format!("{}[trust]\nrevoked = [\"{}\"]\n", reader.sources, key.short());
    reader.sandbox.write(&config, &short);
    reader.sandbox.loom(&WHICH).code(2).says(&["config.toml:6: trust.revoked", "the whole id"]);
    reader.sandbox.write(&config, &reader.sources);
    reader.sandbox.loom(&WHICH).ok();
}
