//! Every kind of signature, made by the programs of others or by an authority of our own: what counts, and why what does
//! not count is refused.

use std::{fs, path::Path};

use loom_source::Digest;
use loom_test_support::github::GithubRelease;
use serde_json::{Value, json};

use crate::support::{
    Hub, Packing, Plain, Sandbox, Sums, hub, program,
    signer::{Signer, beside, required, trust},
    signing_tools::{GpgKey, OpensslKey},
    sigstore_instance::{BundleForm, ISSUER, SigstoreInstance, WORKFLOW},
};

const GET: [&str; 3] = ["get", "--version", "0.2.0"];
const WHICH: [&str; 3] = ["which", "--version", "0.2.0"];

/// The identity of the release workflow at a version.
fn workflow(version: &str) -> String {
    WORKFLOW.replace("{version}", version)
}

/// The lines of `[trust]` that require a signature by an identity.
fn required_identity(identity: &str, trust_root: &Path) -> String {
    let root = trust_root.display();
    format!(
        "signature = \"required\"\n\
         keys = [{{ identity = \"{identity}\", issuer = \"{ISSUER}\", trust_root = \"{root}\" }}]"
    )
}

/// Signs a file, for a version.
type Sign = Box<dyn Fn(&Path, &str) -> Vec<u8>>;

/// A kind of signature, with a key that signs.
struct Kind {
    /// The name of the scheme in documents.
    scheme: &'static str,
    /// The ending of the file.
    ending: &'static str,
    /// Whether a signature over the archive itself names the release.
    names: bool,
    /// The lines of `[trust]` that require this key, and those that require another one of the same scheme.
    lines: [String; 2],
    /// Signs a file, for a version.
    sign: Sign,
}

impl Kind {
    /// Writes the signature of `file` beside it.
    fn sign(&self, file: &Path, version: &str) {
        fs::write(beside(file, self.ending), (self.sign)(file, version)).unwrap();
    }

    /// Writes a signature of other bytes beside `file`.
    fn sign_other_bytes(&self, file: &Path, version: &str) {
        let kept = fs::read(file).unwrap();
        fs::write(file, b"something else").unwrap();
        self.sign(file, version);
        fs::write(file, kept).unwrap();
    }
}

fn gpg(ending: &'static str, armoured: bool) -> Kind {
    let (key, other) = (GpgKey::new(), GpgKey::new());
    let lines = [required(&[&key.public]), required(&[&other.public])];
    let sign = Box::new(move |file: &Path, _: &str| key.sign(file, armoured));
    Kind { scheme: "gpg", ending, names: false, lines, sign }
}

fn cosign() -> Kind {
    let (key, other) = (OpensslKey::new(), OpensslKey::new());
    let lines = [required(&[&key.public]), required(&[&other.public])];
    let sign = Box::new(move |file: &Path, _: &str| key.sign(file));
    Kind { scheme: "cosign", ending: ".sig", names: false, lines, sign }
}

fn minisign() -> Kind {
    let (key, other) = (Signer::new(), Signer::new());
    let lines = [required(&[&key.public]), required(&[&other.public])];
    let sign = Box::new(move |file: &Path, version: &str| {
        let name = file.file_name().unwrap().to_str().unwrap().replace("0.2.0", version);
        fs::read(key.sign_as(file, &name)).unwrap()
    });
    Kind { scheme: "minisign", ending: ".minisig", names: true, lines, sign }
}

fn sigstore(folder: &Path, form: BundleForm) -> Kind {
    let instance = SigstoreInstance::new();
    let root = instance.write_trust_root(&folder.join(format!("{form:?}.json")));
    let other = WORKFLOW.replace("release.yml", "test.yml");
    let lines = [required_identity(WORKFLOW, &root), required_identity(&other, &root)];
    let sign = Box::new(move |file: &Path, version: &str| {
        let bundle = instance.bundle(form, &workflow(version), &fs::read(file).unwrap());
        bundle.to_string().into_bytes()
    });
    Kind { scheme: "sigstore", ending: ".sigstore.json", names: true, lines, sign }
}

/// All kinds. Trust roots are written to the folder.
fn kinds(folder: &Path) -> Vec<Kind> {
    vec![
        minisign(),
        gpg(".asc", true),
        gpg(".sig", false),
        cosign(),
        sigstore(folder, BundleForm::Message),
        sigstore(folder, BundleForm::Attestation),
    ]
}

#[test]
fn each_kind_is_required_and_counts() {
    let folder = tempfile::tempdir().unwrap();
    for kind in kinds(folder.path()) {
        for signs_sums in [false, true] {
            if !signs_sums && !kind.names {
                continue;
            }
            let mirror = Plain::empty();
            let asset = mirror.add("0.2.0", Packing::TarGz, &program::small("0.2.0"), Sums::File);
            let sums = asset.with_file_name("SHA256SUMS");
            kind.sign(if signs_sums { &sums } else { &asset }, "0.2.0");
            let sandbox = Sandbox::new();
            trust(&sandbox, &mirror.url(), &kind.lines[0]);
            sandbox.loom(&GET).ok();
            sandbox.loom(&WHICH).ok();
            let why = sandbox.loom(&["why", "0.2.0", "--json"]).ok().json();
            let digests = why["verification"]["digests"].as_array().unwrap();
            let signed = digests.iter().find(|digest| digest["by"] == "signature").unwrap();
            assert_eq!(signed["signature"]["scheme"], kind.scheme, "{why}");
            assert_eq!(signed["grade"], "identity", "{why}");
            drop(mirror);
            sandbox.loom(&["store", "verify", "--evidence"]).ok();
            // An installed version is judged by today's keys.
            trust(&sandbox, "file:///absent", &kind.lines[1]);
            sandbox.loom(&WHICH).code(6);
        }
    }
}

/// How the signature of a release is prepared, and what `loom get` says then.
type Refusal = (&'static str, fn(&Kind, &Path), usize, &'static [&'static str]);

#[test]
fn each_kind_says_why_it_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for kind in kinds(folder.path()) {
        let unsigned: Refusal = ("none", |_, _| {}, 0, &["no signature of"]);
        let unknown_key: &[&str] = match kind.scheme {
            // A signature of cosign does not say by which key it is.
            "cosign" => &["bad signature in"],
            _ => &["unknown key in", "expected"],
        };
        let unknown: Refusal = ("unknown", |kind, sums| kind.sign(sums, "0.2.0"), 1, unknown_key);
        let other_bytes: &[&str] = match kind.scheme {
            // A bundle states the digest of what it signs.
            "sigstore" => &["signature for another release in", "expected SHA-256"],
            _ => &["bad signature in"],
        };
        let bad: Refusal =
            ("bad", |kind, sums| kind.sign_other_bytes(sums, "0.2.0"), 0, other_bytes);
        let other_list: Refusal = (
            "a list of another release",
            |kind, sums| {
                let text = fs::read_to_string(sums).unwrap();
                fs::write(sums, text.replace("0.2.0", "0.1.0")).unwrap();
                kind.sign(sums, "0.2.0");
            },
            0,
            &["another release", "0.1.0"],
        );
        let of_archive: Refusal = if kind.names {
            (
                "another version",
                |kind, sums| {
                    kind.sign(&sums.with_file_name(Packing::TarGz.asset("0.2.0")), "0.1.0");
                },
                0,
                &["signature for another release in", "0.1.0"],
            )
        } else {
            (
                "no name",
                |kind, sums| {
                    kind.sign(&sums.with_file_name(Packing::TarGz.asset("0.2.0")), "0.2.0");
                },
                0,
                &["is valid, but names no release"],
            )
        };
        for (name, prepare, lines, says) in [unsigned, unknown, bad, other_list, of_archive] {
            let mirror = Plain::empty();
            let asset = mirror.add("0.2.0", Packing::TarGz, &program::small("0.2.0"), Sums::File);
            prepare(&kind, &asset.with_file_name("SHA256SUMS"));
            let sandbox = Sandbox::new();
            trust(&sandbox, &mirror.url(), &kind.lines[lines]);
            let run = sandbox.loom(&GET).code(6);
            let error = run.stderr();
            let told = says.iter().all(|says| error.contains(says)) && error.contains("hint:");
            assert!(told, "{} {}, {name}: {error}", kind.scheme, kind.ending);
            sandbox.loom(&WHICH).code(3);
            assert!(sandbox.trees().is_empty());
        }
    }
}

#[test]
fn one_flipped_bit_of_a_signature_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for kind in kinds(folder.path()) {
        let mirror = Plain::empty();
        let asset = mirror.add("0.2.0", Packing::TarGz, &program::small("0.2.0"), Sums::File);
        let sums = asset.with_file_name("SHA256SUMS");
        kind.sign(&sums, "0.2.0");
        let file = beside(&sums, kind.ending);
        let signature = fs::read(&file).unwrap();
        for at in signed_positions(&kind, &signature) {
            let mut flipped = signature.clone();
            flipped[at] ^= 2;
            fs::write(&file, &flipped).unwrap();
            let sandbox = Sandbox::new();
            trust(&sandbox, &mirror.url(), &kind.lines[0]);
            sandbox.loom(&GET).code(6);
            assert!(sandbox.trees().is_empty(), "{} at {at}", kind.ending);
        }
    }
}

/// Some positions of a signature file in what is signed, or is the signature.
fn signed_positions(kind: &Kind, signature: &[u8]) -> Vec<usize> {
    let text = String::from_utf8_lossy(signature);
    let after = |what: &str| text.find(what).map(|at| at + what.len() + 12);
    match (kind.scheme, kind.ending) {
        ("sigstore", _) => [
            "\"sig\":\"",
            "\"signature\":\"",
            "signedEntryTimestamp\":\"",
            "rawBytes\":\"",
            "canonicalizedBody\":\"",
        ]
        .into_iter()
        .filter_map(after)
        .collect(),
        // The last line but one of the base64, and the first one.
        ("gpg", ".asc") => vec![text.find("\n\n").unwrap() + 12, text.rfind("\n=").unwrap() - 9],
        ("minisign", _) => vec![text.find('\n').unwrap() + 30, signature.len() - 9],
        // Version and type; the numbers of the signature.
        ("gpg", _) => vec![2, 3, signature.len() - 3],
        _ => vec![9, signature.len() / 2, signature.len() - 9],
    }
}

#[test]
fn an_identity_that_names_no_version_needs_a_digest_that_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let instance = SigstoreInstance::new();
    let root = instance.write_trust_root(&folder.path().join("root.json"));
    let branch = "https://git.example/o/r/.github/workflows/release.yml@refs/heads/main";
    let mirror = Plain::empty();
    let asset = mirror.add("0.2.0", Packing::TarGz, &program::small("0.2.0"), Sums::Sidecar);
    let bundle = instance.bundle(BundleForm::Message, branch, &fs::read(&asset).unwrap());
    fs::write(beside(&asset, ".sigstore.json"), bundle.to_string()).unwrap();
    let sandbox = Sandbox::new();
    trust(&sandbox, &mirror.url(), &required_identity(branch, &root));
    sandbox.loom(&GET).code(6).says(&["is valid, but names no release"]);
    trust(&sandbox, &mirror.url(), "");
    sandbox.loom(&GET).ok();
    trust(&sandbox, &mirror.url(), &required_identity(branch, &root));
    sandbox.loom(&GET).ok();
    // A trust root that does not know the authority proves nothing; neither does the one that is shipped.
    let other = SigstoreInstance::new().write_trust_root(&folder.path().join("other.json"));
    let fresh = Sandbox::new();
    trust(&fresh, &mirror.url(), &required_identity(WORKFLOW, &other));
    fresh.loom(&GET).code(6).says(&["not vouched for by the trust root"]);
    let shipped = format!(
        "signature = \"required\"\nkeys = [{{ identity = \"{WORKFLOW}\", issuer = \"{ISSUER}\" }}]"
    );
    trust(&fresh, &mirror.url(), &shipped);
    fresh.loom(&GET).code(6).says(&["not vouched for by the trust root"]);
    // A trust root that is missing is named.
    trust(&fresh, &mirror.url(), &required_identity(WORKFLOW, &folder.path().join("absent.json")));
    fresh.loom(&GET).code(6).says(&["absent.json"]);
}

#[test]
fn attestations_of_github_count_by_the_digest_of_the_asset() {
    let folder = tempfile::tempdir().unwrap();
    let instance = SigstoreInstance::new();
    let root = instance.write_trust_root(&folder.path().join("root.json"));
    let archive = hub::archive("0.2.0");
    let attested = |version: &str, bytes: &[u8]| {
        instance.bundle(BundleForm::Attestation, &workflow(version), bytes)
    };
    let digest = Digest::of(&archive.bytes);
    let attempt = |attestations: Vec<(Digest, Value)>| {
        let hub = Hub::of(&[]);
        let release = GithubRelease::new("v0.2.0");
        hub.server.publish(release.with_sidecar(archive.clone()));
        hub.server.repository(|repository| repository.attestations = attestations);
        let sandbox = hub.sandbox();
        hub.configure(&sandbox, &format!("[trust]\n{}", required_identity(WORKFLOW, &root)));
        let run = sandbox.loom(&GET);
        (sandbox, run)
    };
    let (sandbox, run) = attempt(vec![(digest, attested("0.2.0", &archive.bytes))]);
    run.ok();
    sandbox.loom(&["store", "verify", "--evidence"]).ok();
    // One of several that counts is enough.
    let both = [attested("0.1.0", &archive.bytes), attested("0.2.0", &archive.bytes)];
    attempt(both.map(|bundle| (digest, bundle)).to_vec()).1.ok();
    let mut flipped = attested("0.2.0", &archive.bytes);
    let mut payload = flipped["dsseEnvelope"]["payload"].as_str().unwrap().to_owned();
    let letter = if payload[40..].starts_with('A') { "B" } else { "A" };
    payload.replace_range(40..41, letter);
    flipped["dsseEnvelope"]["payload"] = json!(payload);
    for (bundle, says) in [
        (None, "no signature of"),
        (Some(attested("0.1.0", &archive.bytes)), "signature for another release"),
        (Some(attested("0.2.0", b"something else")), "signature for another release"),
        (Some(flipped), "signature"),
    ] {
        let attestations = bundle.into_iter().map(|bundle| (digest, bundle)).collect();
        attempt(attestations).1.code(6).says(&[says]);
    }
}
