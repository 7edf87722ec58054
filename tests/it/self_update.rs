//! `loom self update` and `loom self rollback`: the program replaces itself by a signed release.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::{ArtifactKind, Entry, Packing, Run, Sandbox, Server, SignedDepot};

/// A copy of `loom` in a folder of the user.
fn install(sandbox: &Sandbox) -> PathBuf {
    let folder = sandbox.home().join("bin");
    fs::create_dir(&folder).unwrap();
    let program = folder.join("loom");
    fs::copy(Sandbox::program(), &program).unwrap();
    program
}

fn run(sandbox: &Sandbox, program: &Path, args: &[&str]) -> Run {
    let mut command = sandbox.command(program);
    command.args(args);
    sandbox.start(args, command).wait()
}

/// A program that prints the version of a loom.
fn other(version: &str) -> Vec<u8> {
    format!("#!/bin/sh\necho \"loom {version}\"\n").into_bytes()
}

/// A signed mirror with the program `loom` in these versions, whose root is known.
fn mirror(sandbox: &Sandbox, versions: &[(&str, Vec<u8>)]) -> SignedDepot {
    let mirror = SignedDepot::of(&[]);
    for (version, bytes) in versions {
        let entry = Entry { path: "loom".to_owned(), exec: true, bytes: bytes.clone() };
        mirror.depot.add_of("loom", version, &[entry], &[ArtifactKind::Archive(Packing::TarGz)]);
    }
    mirror.sign();
    let (file, sha256) = mirror.anchor();
    sandbox.sources(&[(&mirror.url(), "")]);
    sandbox.loom(&["trust", "add-root", &file, "--sha256", &sha256]).ok();
    mirror
}

fn printed(program: &Path) -> String {
    let output = Command::new(program).arg("--version").output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_program_is_replaced_and_comes_back() {
    let sandbox = Sandbox::new();
    let program = install(&sandbox);
    let before = fs::read(&program).unwrap();
    let _mirror = mirror(&sandbox, &[("9.0.0", other("9.0.0"))]);
    run(&sandbox, &program, &["self", "rollback"]).code(3).says(&["no earlier loom"]);
    let check = run(&sandbox, &program, &["self", "update", "--check"]).code(1);
    assert!(check.stdout().contains("-> 9.0.0"), "{}", check.stdout());
    let json = run(&sandbox, &program, &["self", "update", "--json"]).ok().json();
    assert!(json["version"] == "9.0.0" && json["changed"] == true, "{json}");
    assert_eq!(printed(&program), "loom 9.0.0\n");
    assert_eq!(fs::metadata(&program).unwrap().permissions().mode() & 0o777, 0o755);
    let names: Vec<_> = fs::read_dir(program.parent().unwrap()).unwrap().collect();
    assert_eq!(names.len(), 1, "no temporary file is left");
    // The new program is a script here; the real one goes back.
    fs::write(&program, &before).unwrap();
    let json = run(&sandbox, &program, &["self", "rollback", "--json"]).ok().json();
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(fs::read(&program).unwrap(), before);
    let kept = fs::read_dir(sandbox.state().join("self")).unwrap().flatten();
    let programs = kept.filter(|entry| entry.file_name().len() == 64).count();
    assert!((1..=2).contains(&programs), "{programs}");
}

#[test]
fn a_version_that_is_not_newer_or_not_there_replaces_nothing() {
    let sandbox = Sandbox::new();
    let program = install(&sandbox);
    let version = env!("CARGO_PKG_VERSION");
    // The same program under another path in the archive: a real loom that replaces a real loom.
    let real = fs::read(Sandbox::program()).unwrap();
    let _mirror = mirror(&sandbox, &[(version, real)]);
    let json = run(&sandbox, &program, &["self", "update", "--json"]).ok().json();
    assert_eq!(json["changed"], false, "it is the newest version already");
    let absent = run(&sandbox, &program, &["self", "update", "--version", "0.0.9"]).code(3);
    absent.says(&["loom source list"]).never_says(&["up --build"]);
    assert!(!sandbox.state().join("self/previous.json").exists());
}

#[test]
fn an_earlier_program_that_cannot_come_back_is_told_apart() {
    let sandbox = Sandbox::new();
    let program = install(&sandbox);
    let own = env!("CARGO_PKG_VERSION");
    let real = fs::read(&program).unwrap();
    let versions = [(own, real.clone()), ("9.0.0", other("9.0.0"))];
    let _mirror = mirror(&sandbox, &versions);
    // A newer version is there, of which a version that is named says nothing.
    let same = run(&sandbox, &program, &["self", "update", "--version", own]).ok();
    assert_eq!(same.stdout(), format!("loom {own}, unchanged\n"));
    run(&sandbox, &program, &["self", "update"]).ok();
    // Another copy of loom has the same state folder.
    let second = sandbox.home().join("second");
    fs::copy(Sandbox::program(), &second).unwrap();
    let refused = run(&sandbox, &second, &["self", "rollback"]).code(3);
    refused.says(&["no earlier loom is kept for this program", program.to_str().unwrap()]);
    // The new program is a script here; a real one goes back.
    let present = [&real[..], b"\n"].concat();
    fs::write(&program, &present).unwrap();
    let folder = sandbox.state().join("self");
    let kept = fs::read_dir(&folder).unwrap().flatten().map(|entry| entry.path());
    let kept = kept.into_iter().find(|path| path.file_name().unwrap().len() == 64).unwrap();
    fs::write(&kept, "x").unwrap();
    let refused = run(&sandbox, &program, &["self", "rollback"]).code(6);
    refused.says(&["was changed", "loom self update --version VERSION"]);
    fs::remove_file(&kept).unwrap();
    let refused = run(&sandbox, &program, &["self", "rollback"]).code(3);
    refused.says(&["the earlier loom is gone", "loom self update --version VERSION"]);
    assert_eq!(fs::read(&program).unwrap(), present);
}

#[test]
fn a_program_that_does_not_run_or_is_not_signed_replaces_nothing() {
    let sandbox = Sandbox::new();
    let program = install(&sandbox);
    let before = fs::read(&program).unwrap();
    let signed = mirror(&sandbox, &[("9.0.0", b"#!/bin/sh\nexit 3\n".to_vec())]);
    let run_update = || run(&sandbox, &program, &["self", "update"]);
    run_update().code(1).says(&["does not work here", "the present program stays"]);
    assert_eq!(fs::read(&program).unwrap(), before);
    sandbox.loom(&["trust", "remove-root", &signed.url()]).ok();
    sandbox.remove_cache();
    run_update().code(6).says(&["neither a signature nor a signed index", "trust.keys"]);
    assert_eq!(fs::read(&program).unwrap(), before);
}

/// A loss of power or a failing disk may leave a release without its verification: what is kept here proves its bytes, and
/// not who signed them.
#[test]
fn a_release_whose_verification_was_lost_is_fetched_again() {
    let sandbox = Sandbox::new();
    let program = install(&sandbox);
    let _mirror = mirror(&sandbox, &[("9.0.0", other("9.0.0"))]);
    sandbox.loom(&["--binary", "loom", "get", "9.0.0"]).ok();
    fs::remove_dir_all(sandbox.cache().join("verifications")).unwrap();
    run(&sandbox, &program, &["self", "update"]).ok();
    assert_eq!(printed(&program), "loom 9.0.0\n");
}

#[test]
fn a_program_that_something_else_updates_is_refused() {
    let sandbox = Sandbox::new();
    let target = sandbox.folder("checkout/target");
    fs::create_dir_all(target.join("debug")).unwrap();
    fs::write(target.join("CACHEDIR.TAG"), "").unwrap();
    fs::write(target.join(".rustc_info.json"), "{}").unwrap();
    fs::copy(Sandbox::program(), target.join("debug/loom")).unwrap();
    let refused = run(&sandbox, &target.join("debug/loom"), &["self", "update"]).code(1);
    refused.says(&["a cargo build", "build it again"]);
    let program = install(&sandbox);
    let record = sandbox.home().join("lib/python3.11/site-packages/loom-0.2.0.dist-info");
    fs::create_dir_all(record).unwrap();
    let refused = run(&sandbox, &program, &["self", "update"]).code(1);
    refused.says(&["the Python package loom", "pip install --upgrade loom"]);
}

#[test]
fn a_check_announces_only_what_an_update_takes() {
    let sandbox = Sandbox::new();
    let program = install(&sandbox);
    let signed = mirror(&sandbox, &[]);
    let entry = Entry { path: "loom".to_owned(), exec: true, bytes: other("9.0.0") };
    let kinds = [ArtifactKind::Archive(Packing::TarGz)];
    let archive = signed.depot.add_of("loom", "9.0.0", &[entry], &kinds).archive_path();
    signed.sign();
    let check = || run(&sandbox, &program, &["self", "update", "--check"]);
    check().code(1);
    sandbox.loom(&["trust", "remove-root", &signed.url()]).ok();
    sandbox.remove_cache();
    let web = Server::serve(signed.depot.path());
    sandbox.sources(&[(&web.url(), "")]);
    let refused = check().code(6);
    assert_eq!(web.gets(&archive), 1, "it is downloaded once");
    assert!(!refused.stdout().contains("9.0.0"), "{}", refused.stdout());
    refused.says(&["neither a signature nor a signed index", "trust.keys"]);
    assert!(!sandbox.state().join("self/previous.json").exists());
}

#[test]
fn a_check_where_no_source_has_the_program_says_so() {
    let sandbox = Sandbox::new();
    let program = install(&sandbox);
    let mirror = SignedDepot::of(&["0.1.0"]);
    sandbox.sources(&[(&mirror.url(), "")]);
    let check = run(&sandbox, &program, &["self", "update", "--check"]).code(3);
    assert_eq!(check.stdout(), "");
    check.says(&["has no versions of loom ", "loom source list"]).never_says(&["up --build"]);
    run(&sandbox, &program, &["self", "update", "--check", "--offline"]).code(3);
    // Where the only source has cargo builds, none is left that could have it.
    let builds = "[[sources]]\ntype = \"target\"\n";
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), builds);
    let check = run(&sandbox, &program, &["self", "update", "--check"]).code(2);
    check.says(&["loom source list"]).never_says(&["up --build"]);
}

#[test]
fn what_a_killed_update_left_is_named_and_removed_by_the_next_one() {
    let sandbox = Sandbox::new();
    let program = install(&sandbox);
    let _mirror = mirror(&sandbox, &[("9.0.0", other("9.0.0"))]);
    let beside = program.with_file_name(".loom-new-abcdef");
    let kept = sandbox.state().join("self/.loom-new-ghijkl");
    let used = program.with_file_name(".loom-new-mnopqr");
    fs::create_dir_all(kept.parent().unwrap()).unwrap();
    for file in [&beside, &kept, &used] {
        fs::write(file, "part of a program").unwrap();
    }
    // Another update writes this one.
    let lock = fs::File::open(&used).unwrap();
    lock.try_lock().unwrap();
    let doctor = run(&sandbox, &program, &["doctor"]);
    let text = doctor.stdout();
    assert!(text.contains(".loom-new-abcdef") && text.contains(".loom-new-ghijkl"), "{text}");
    assert!(!text.contains(".loom-new-mnopqr"), "{text}");
    run(&sandbox, &program, &["self", "update"]).ok();
    assert!(!beside.exists() && !kept.exists() && used.exists());
    assert_eq!(printed(&program), "loom 9.0.0\n");
}

#[test]
fn a_program_that_prints_no_version_in_time_replaces_nothing() {
    let sandbox = Sandbox::new();
    let program = install(&sandbox);
    let before = fs::read(&program).unwrap();
    let _mirror = mirror(&sandbox, &[("9.0.0", b"#!/bin/sh\nexec sleep 600\n".to_vec())]);
    let refused = run(&sandbox, &program, &["self", "update"]).code(1);
    refused
        .says(&["expected \"loom 9.0.0\", got nothing within 10 s", "the present program stays"]);
    assert_eq!(fs::read(&program).unwrap(), before);
    let names: Vec<_> = fs::read_dir(program.parent().unwrap()).unwrap().collect();
    assert_eq!(names.len(), 1, "no temporary file is left");
}

#[test]
fn of_two_updates_at_once_one_replaces_the_program() {
    let sandbox = Sandbox::new();
    let program = install(&sandbox);
    let before = fs::read(&program).unwrap();
    let slow = b"#!/bin/sh\nsleep 1\necho 'loom 9.0.0'\n".to_vec();
    let _mirror = mirror(&sandbox, &[("9.0.0", slow)]);
    let started = [(); 2].map(|()| {
        let mut command = sandbox.command(&program);
        command.args(["self", "update"]);
        sandbox.start(&["self", "update"], command)
    });
    let codes = started.map(|running| running.wait().exit());
    // The second one was started from the program that the first one has replaced.
    assert!(codes.contains(&0) && codes.iter().all(|code| [0, 1].contains(code)), "{codes:?}");
    assert_eq!(printed(&program), "loom 9.0.0\n");
    let names: Vec<_> = fs::read_dir(program.parent().unwrap()).unwrap().collect();
    assert_eq!(names.len(), 1, "no temporary file is left");
    let previous = fs::read_to_string(sandbox.state().join("self/previous.json")).unwrap();
    let previous: serde_json::Value = serde_json::from_str(&previous).unwrap();
    let kept = sandbox.state().join("self").join(previous["sha256"].as_str().unwrap());
    assert_eq!(fs::read(kept).unwrap(), before, "the previous one is the one that was there");
}
