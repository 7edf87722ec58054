//! Damage by other programs is detected when the release is used, and repaired as store-format.md specifies.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use crate::support::{self, Packing, Plain, Sandbox, Server, sandbox::make_removable};

fn overwrite(path: &Path, bytes: &[u8]) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(path, bytes).unwrap();
}

/// A sandbox with this version installed, and its mirror.
fn installed(version: &str) -> (Sandbox, Plain) {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&[version]));
    sandbox.loom(&["get", "--source", &mirror.url(), "--version", version]).ok();
    (sandbox, mirror)
}

#[test]
fn removing_the_version_folder_repairs_a_damaged_tree() {
    let (sandbox, mirror) = installed("0.2.0");
    let program = sandbox.link("0.2.0").canonicalize().unwrap();
    let original = fs::read(&program).unwrap();
    overwrite(&program, b"#!/bin/sh\necho damaged\n");
    fs::remove_dir_all(sandbox.cache().join("bin/0.2.0")).unwrap();

    let server = Server::serve(mirror.path());
    let run = sandbox.loom(&["get", "--source", &server.url(), "--version", "0.2.0"]).ok();
    assert_eq!(fs::read(run.path()).unwrap(), original);
    assert_eq!(server.gets(".tar.gz"), 1, "it was fetched again");
    assert!(run.stderr().contains("damage"), "the reason is printed: {}", run.stderr());
    sandbox.verify();
}

#[test]
fn removing_the_version_folder_of_an_undamaged_tree_fetches_nothing() {
    let (sandbox, mirror) = installed("0.2.0");
    fs::remove_dir_all(sandbox.cache().join("bin/0.2.0")).unwrap();
    let server = Server::serve(mirror.path());
    sandbox.loom(&["get", "--source", &server.url(), "--version", "0.2.0"]).ok();
    assert_eq!(server.gets(".tar.gz"), 0, "{:#?}", server.requests());
    sandbox.verify();
}

#[test]
fn removing_all_of_bin_loses_no_release() {
    let (sandbox, _mirror) = installed("0.2.0");
    fs::remove_dir_all(sandbox.cache().join("bin")).unwrap();
    sandbox.loom(&["get", "--offline", "--version", "0.2.0"]).ok();
    sandbox.verify();
}

#[test]
fn a_damaged_tree_that_another_release_shares_is_not_adopted() {
    use crate::support::{Sums, program};
    let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
    for version in ["0.1.0", "0.2.0"] {
        mirror.add(version, Packing::TarGz, &program::small("either"), Sums::Sidecar);
    }
    sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.1.0"]).ok();
    let program = sandbox.link("0.1.0").canonicalize().unwrap();
    let original = fs::read(&program).unwrap();
    overwrite(&program, b"#!/bin/sh\necho damaged\n");
    let run = sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.2.0"]).ok();
    assert_eq!(fs::read(run.path()).unwrap(), original);
    sandbox.verify();
}

#[test]
fn a_damaged_record_is_treated_as_absent_or_reported() {
    let (sandbox, mirror) = installed("0.2.0");
    let platform = support::platform();
    let record = sandbox
        .cache()
        .join("releases/loom-os")
        .join(support::BINARY)
        .join(format!("0.2.0/{platform}.json"));
    overwrite(&record, b"{");
    fs::remove_dir_all(sandbox.cache().join("bin/0.2.0")).unwrap();
    sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.2.0"]).ok();
    sandbox.verify();
}

/// Damages a store in one way.
type Damage = (&'static str, fn(&Sandbox, &str));

/// Every way in which a file of a release may be damaged. The second argument is the URL of its mirror.
const DAMAGES: [Damage; 6] = [
    ("its tree is missing", |sandbox, _| {
        let tree = sandbox.cache().join("store").join(&sandbox.trees()[0]);
        make_removable(&tree);
        fs::remove_dir_all(tree).unwrap();
    }),
    ("its program is another one", |sandbox, _| {
        overwrite(&sandbox.link("0.2.0").canonicalize().unwrap(), b"#!/bin/sh\necho damaged\n");
    }),
    ("its record is none", |sandbox, _| overwrite(&document(sandbox, "releases"), b"{")),
    ("its verification is none", |sandbox, _| overwrite(&document(sandbox, "verifications"), b"{")),
    ("its link leads out of the store", |sandbox, _| {
        fs::remove_file(sandbox.link("0.2.0")).unwrap();
        std::os::unix::fs::symlink("/bin/true", sandbox.link("0.2.0")).unwrap();
    }),
    ("the source has no checksum any more", |sandbox, url| {
        let asset = Packing::TarGz.asset("0.2.0");
        let mirror = Path::new(url.strip_prefix("file://").unwrap());
        fs::remove_file(mirror.join("v0.2.0").join(format!("{asset}.sha256"))).unwrap();
        let evidence = evidence(sandbox);
        fs::remove_file(object(sandbox, &evidence)).unwrap();
        let text = fs::read_to_string(sandbox.home().join(".config/loom/config.toml")).unwrap();
        let lax = format!("[trust]\nchecksum = \"if-available\"\n\n{text}");
        sandbox.write(sandbox.home().join(".config/loom/config.toml"), &lax);
    }),
];

fn document(sandbox: &Sandbox, folder: &str) -> std::path::PathBuf {
    let below = format!("{folder}/loom-os/{}/0.2.0/{}.json", support::BINARY, support::platform());
    sandbox.cache().join(below)
}

fn object(sandbox: &Sandbox, digest: &str) -> std::path::PathBuf {
    sandbox.cache().join("objects/sha256").join(&digest[..2]).join(digest)
}

/// The digest of the kept checksum.
fn evidence(sandbox: &Sandbox) -> String {
    let why = sandbox.loom(&["why", "0.2.0", "--json"]).ok().json();
    why["verification"]["evidence"][0].as_str().unwrap().to_owned()
}

/// Does what `loom store verify` says for each finding.
fn follow_advice(sandbox: &Sandbox) {
    let text = sandbox.loom(&["store", "verify"]).code(6).stdout();
    let mut findings: Vec<&str> = text.lines().collect();
    findings.pop();
    assert!(!findings.is_empty(), "{text}");
    for finding in findings {
        // `PATH: WHAT; FIX`
        let (path, _) = finding.split_once(": ").unwrap();
        let (_, fix) = finding.rsplit_once("; ").unwrap();
        if fix.starts_with("remove it") {
            fs::remove_file(path).unwrap();
        }
        let command = fix.split('`').nth(1).unwrap_or_else(|| panic!("no command in {fix:?}"));
        let words: Vec<&str> = command.split(' ').skip(1).collect();
        assert!(["get", "store"].contains(&words[0]), "{fix:?} starts no runtime");
        sandbox.loom(&words).ok();
    }
}

/// A sandbox with 0.2.0, its archive kept, from a mirror that is configured.
fn configured() -> (Sandbox, Plain) {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let source = format!("[[sources]]\ntype = \"mirror\"\nurl = \"{}\"\n", mirror.url());
    let config = format!("[store]\nkeep_archives = true\n\n{source}");
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), &config);
    sandbox.loom(&["get", "0.2.0"]).ok();
    (sandbox, mirror)
}

#[test]
fn what_verify_advises_repairs_each_damage() {
    for (name, damage) in DAMAGES {
        let (sandbox, mirror) = configured();
        damage(&sandbox, &mirror.url());
        follow_advice(&sandbox);
        let run = sandbox.loom(&["store", "verify"]);
        assert_eq!(run.exit(), 0, "{name}: {}", run.stdout());
    }
}

#[test]
fn what_verify_advises_repairs_each_object() {
    let (sandbox, _mirror) = configured();
    let objects = sandbox.objects();
    assert_eq!(objects.len(), 4, "archive, listing, statement and kept checksum");
    for digest in objects {
        let path = object(&sandbox, &digest);
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        follow_advice(&sandbox);
        assert_eq!(fs::read(&path).unwrap(), bytes, "{digest} is here again");
        sandbox.verify();
        overwrite(&path, b"damaged");
        follow_advice(&sandbox);
        sandbox.verify();
    }
}

#[test]
fn get_and_exec_notice_a_changed_program() {
    let (sandbox, mirror) = installed("0.2.0");
    let program = sandbox.link("0.2.0").canonicalize().unwrap();
    let original = fs::read(&program).unwrap();
    let mut changed = original.clone();
    changed[0] ^= 1;
    overwrite(&program, &changed);
    sandbox.loom(&["which", "0.2.0"]).ok();
    sandbox.sources(&[("https://mirror.invalid/loom/", "")]);
    let exec = ["exec", "--offline", "--version", "0.2.0", "--", "true"];
    for args in [&["get", "--offline", "0.2.0"][..], &exec] {
        let run = sandbox.loom(args).code(6);
        run.says(&["is damaged (", "and loom is offline"])
            .never_says(&["fetching it again", "is not here"]);
    }
    let get = ["get", "0.2.0", "--source", &mirror.url()];
    sandbox.loom(&get).ok().says(&["is damaged (", "fetching it again", "set aside"]);
    assert_eq!(fs::read(&program).unwrap(), original);
    sandbox.verify();
    assert_eq!(sandbox.loom(&get).ok().stderr(), "");

    sandbox.loom(&["store", "du"]).ok().says(&["loom store gc"]);
    let freed = sandbox.loom(&["store", "gc", "--json"]).ok().json();
    assert!(freed["freed"].as_u64().unwrap() >= original.len() as u64, "{freed}");
    let usage = sandbox.loom(&["store", "du", "--json"]).ok().json();
    assert_eq!(usage["garbage"], 0, "{usage}");
    sandbox.loom(&["store", "du"]).ok().never_says(&["loom store gc"]);
    assert_eq!(sandbox.loom(&get).ok().stderr(), "");
    sandbox.verify();
}

#[test]
fn a_program_that_was_only_touched_is_not_fetched_again() {
    let (sandbox, _mirror) = installed("0.2.0");
    let program = sandbox.link("0.2.0").canonicalize().unwrap();
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(1);
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    fs::File::options().append(true).open(&program).unwrap().set_modified(later).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o555)).unwrap();
    assert_eq!(sandbox.loom(&["get", "--offline", "0.2.0"]).ok().stderr(), "");
    // Without a fingerprint every file is hashed.
    fs::remove_dir_all(sandbox.cache().join("fingerprints")).unwrap();
    assert_eq!(sandbox.loom(&["get", "--offline", "0.2.0"]).ok().stderr(), "");
    assert_eq!(sandbox.files("fingerprints").len(), 1);
}

#[test]
fn a_first_seen_file_that_is_not_json_is_named_with_the_command_that_removes_it() {
    let (sandbox, _mirror) = configured();
    let below = format!("pins/loom-os/{}/0.2.0/{}.json", support::BINARY, support::platform());
    let file = sandbox.state().join(below);
    fs::write(&file, "{").unwrap();
    let get = ["get", "--force-download", "0.2.0"];
    let run = sandbox.loom(&get).code(1);
    run.says(&[&format!("{} is not JSON", file.display()), "`loom remove 0.2.0 --forget`"]);
    sandbox.loom(&["remove", "0.2.0", "--forget"]).ok();
    sandbox.loom(&["get", "0.2.0"]).ok();
    assert!(fs::read_to_string(&file).unwrap().contains("first-seen"));
}
