//! Bundles: a machine without a network starts the runtime from one file and one public key.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use loom_mirror::bundle::{BundleManifest, OpenBundle, signer_key};
use loom_source::Record;

use crate::support::{Packing, Plain, Run, Sandbox, Sums, program};

/// A signed bundle with a release, its lock file and this program, and the key that signed it.
struct Media {
    sandbox: Sandbox,
    bundle: PathBuf,
    /// The base64 line of the public key.
    key: String,
}

impl Media {
    fn make() -> Self {
        let sandbox = Sandbox::new();
        let mirror = Plain::empty();
        mirror.add("0.2.0", Packing::TarGz, &program::server(), Sums::Sidecar);
        sandbox.write("loom.toml", "name = \"demo\"\n");
        sandbox.loom(&["get", "0.2.0", "--source", &mirror.url()]).ok();
        sandbox.loom(&["lock", "--source", &mirror.url()]).ok();
        let key = make_key(&sandbox.project());
        let bundle = sandbox.project().join("x.loombundle");
        let media = Self { sandbox, bundle, key };
        media.write("x.loombundle").ok();
        media
    }

    /// Writes a bundle with this name.
    fn write(&self, name: &str) -> Run {
        let lock = ["--lock", "loom.lock", "--key", "key.sec"];
        self.sandbox.loom(&[&["mirror", "bundle", "--to", name][..], &lock].concat())
    }

    /// A machine with an empty home but for the public key.
    fn machine(&self) -> Sandbox {
        let machine = Sandbox::new();
        let config = format!("[trust]\nkeys = [\"minisign:{}\"]\n", self.key);
        machine.write(machine.home().join(".config/loom/config.toml"), &config);
        machine
    }

    fn manifest(&self) -> BundleManifest {
        OpenBundle::open(&self.bundle).unwrap().manifest().clone()
    }
}

/// Makes `key.sec` and `key.pub` in a folder with the tool; returns the base64 line of the public key.
fn make_key(folder: &Path) -> String {
    let made = Command::new("minisign")
        .args(["-G", "-W", "-f", "-p", "key.pub", "-s", "key.sec"])
        .current_dir(folder)
        .output()
        .expect("minisign starts (Debian's package minisign)");
    assert!(made.status.success(), "{made:?}");
    let public = fs::read_to_string(folder.join("key.pub")).unwrap();
    public.lines().nth(1).unwrap().to_owned()
}

/// Runs a shell script in a network namespace with only the interface `lo`; `loom` is the program, `$BUNDLE` the bundle.
fn without_network(machine: &Sandbox, bundle: &Path, script: &str) -> Run {
    let mut command = machine.command("unshare");
    let script = format!("ip link set lo up && loom() {{ \"$LOOM\" \"$@\"; }} && {script}");
    command.args(["--map-root-user", "--net", "--", "sh", "-c", &script]);
    command.env("LOOM", Sandbox::program()).env("BUNDLE", bundle);
    machine.start(&[script.as_str()], command).wait()
}

const UP: &str =
    "loom up --locked --source \"$BUNDLE\" --detach --bridge-port 0 --dashboard-port 0";

/// The bytes of the bundle with one bit changed at `at`.
fn changed(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1;
    bytes
}

/// The offsets of the first, the middle and the last byte of each file, with its path; the two files that come first
/// included.
fn offsets(bytes: &[u8], manifest: &BundleManifest) -> Vec<(String, [usize; 3])> {
    let mut offsets = Vec::new();
    let mut at = 0;
    let own = [BundleManifest::PATH, BundleManifest::SIGNATURE_PATH].map(str::to_owned);
    for path in own.into_iter().chain(manifest.files.iter().map(|file| file.path.clone())) {
        let size = std::str::from_utf8(&bytes[at + 124..at + 135]).unwrap();
        let size = usize::from_str_radix(size, 8).unwrap();
        let start = at + 512;
        if size > 0 {
            offsets.push((path, [start, start + size / 2, start + size - 1]));
        }
        at = start + size.next_multiple_of(512);
    }
    assert_eq!(at + 1024, bytes.len());
    offsets
}

#[test]
fn one_file_and_one_key_start_the_runtime() {
    let media = Media::make();
    let machine = media.machine();
    let script = format!(
        "{UP} && loom status && loom store verify --evidence && loom list --remote --source \"$BUNDLE\" && loom down"
    );
    let printed = without_network(&machine, &media.bundle, &script).ok().stdout();
    for part in ["loom-bridge-server 0.2.0  ready", "holds", "OK: 1 release"] {
        assert!(printed.contains(part), "no {part:?} in {printed}");
    }
    machine.verify();
}

#[test]
fn a_revoked_key_of_a_bundle_vouches_for_nothing() {
    let media = Media::make();
    let machine = media.machine();
    without_network(&machine, &media.bundle, &format!("{UP} && loom down")).ok();
    let which = ["which", "--version", "0.2.0"];
    machine.loom(&which).ok();
    let why = machine.loom(&["why", "0.2.0", "--json"]).ok().json();
    let id = signer_key(&media.key).unwrap().id();
    assert_eq!(why["chain"]["signers"][0], format!("minisign {id}"), "{why}");
    let config = machine.home().join(".config/loom/config.toml");
    for text in [
        format!("[trust]\nkeys = [\"minisign:{}\"]\nrevoked = [\"{id}\"]\n", media.key),
        String::new(),
    ] {
        machine.write(&config, &text);
        machine.loom(&which).code(6).says(&[&id]);
        machine.loom(&["store", "verify", "--evidence"]).code(6);
    }
}

#[test]
fn a_changed_byte_of_what_is_read_installs_nothing() {
    let media = Media::make();
    let bytes = fs::read(&media.bundle).unwrap();
    let manifest = media.manifest();
    let record = manifest.files.iter().find(|file| file.path.starts_with("releases/")).unwrap();
    let bundle = OpenBundle::open(&media.bundle).unwrap();
    let record = Record::parse(&bundle.read(&record.path).unwrap().unwrap()).unwrap();
    // Checksums and statements that the store has kept as evidence are not asked for: the lock decides.
    let unread: Vec<String> = record
        .evidence
        .iter()
        .filter(|evidence| evidence.digest != record.statement)
        .map(|evidence| evidence.digest.to_string())
        .collect();
    let target = media.sandbox.project().join("changed.loombundle");
    for (path, offsets) in offsets(&bytes, &manifest) {
        if unread.iter().any(|digest| path.ends_with(digest)) {
            continue;
        }
        for at in offsets {
            fs::write(&target, changed(&bytes, at)).unwrap();
            let machine = media.machine();
            let run = without_network(&machine, &target, UP);
            assert_eq!(run.exit(), 6, "{path}, byte {at}: {run:?}");
            assert!(!machine.cache().join("bin").exists(), "{path}, byte {at}");
        }
    }
}

#[test]
fn verify_finds_every_changed_byte() {
    let media = Media::make();
    let bytes = fs::read(&media.bundle).unwrap();
    let verify = ["mirror", "verify", "changed.loombundle", "--key", "key.pub"];
    let target = media.sandbox.project().join("changed.loombundle");
    fs::write(&target, &bytes).unwrap();
    let printed = media.sandbox.loom(&verify).ok().stdout();
    assert!(printed.contains("OK") && printed.contains("trusted minisign key"), "{printed}");
    for (path, [first, middle, last]) in offsets(&bytes, &media.manifest()) {
        // The header begins 512 bytes before the file.
        for at in [first - 512, first - 300, first, middle, last] {
            fs::write(&target, changed(&bytes, at)).unwrap();
            let run = media.sandbox.loom(&verify);
            assert_eq!(run.exit(), 6, "{path}, byte {at}: {run:?}");
        }
    }
    for at in [bytes.len() - 1024, bytes.len() - 1] {
        fs::write(&target, changed(&bytes, at)).unwrap();
        media.sandbox.loom(&verify).code(6);
    }
}

#[test]
fn the_same_releases_make_the_same_bundle() {
    let media = Media::make();
    media.write("y.loombundle").ok();
    let same = |name: &str| fs::read(media.sandbox.project().join(name)).unwrap();
    assert!(same("x.loombundle") == same("y.loombundle"));
}

#[test]
fn usual_tools_unpack_and_verify_a_bundle() {
    let media = Media::make();
    let script = format!(
        "mkdir out && cd out && tar xf ../x.loombundle && minisign -Vm bundle.json -P {} && sed -n \
         's/.*\"path\":\"\\([^\"]*\\)\".*\"sha256\":\"\\([0-9a-f]*\\)\".*/\\2  \\1/p' bundle.json | sha256sum -c --quiet",
        media.key
    );
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(media.sandbox.project())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn the_lock_of_a_bundle_counts_only_with_a_trusted_signature() {
    let media = Media::make();
    let other = media.machine();
    let config = format!("[trust]\nkeys = [\"minisign:{}\"]\n", make_key(&other.project()));
    other.write(other.home().join(".config/loom/config.toml"), &config);
    without_network(&other, &media.bundle, UP).code(6).says(&["does not count", "trust.keys"]);
    media
        .sandbox
        .loom(&["mirror", "bundle", "--to", "plain.loombundle", "--lock", "loom.lock"])
        .ok();
    let plain = media.sandbox.project().join("plain.loombundle");
    let machine = media.machine();
    without_network(&machine, &plain, UP).code(6).says(&["not signed"]);
    let verify = ["mirror", "verify", "plain.loombundle", "--key", "key.pub"];
    let printed = media.sandbox.loom(&verify).code(6).stdout();
    assert!(printed.contains("not signed"), "{printed}");
    media
        .sandbox
        .loom(&["mirror", "verify", "plain.loombundle"])
        .ok()
        .says(&["no signature was checked", "--key"]);
    // A signature by a key that nothing names shows only that the file is whole.
    let verify = ["mirror", "verify", "x.loombundle", "--json"];
    let run = media.sandbox.loom(&verify).ok().says(&["no key is known here", "--key"]);
    assert_eq!(run.json()["signature"]["trusted"], false);
    let run = media.sandbox.loom(&[&verify[..], &["--key", "key.pub"]].concat()).ok();
    assert_eq!(run.json()["signature"]["trusted"], true);
    assert!(!run.stderr().contains("no key is known"), "{}", run.stderr());
}
