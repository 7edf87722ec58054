//! A part of the faults, for every run of the tests: `cargo xtask faults` tries all.
#![cfg(unix)]

use std::process::Command;

/// Runs the harness; what it prints is the error if something was not survived.
fn run(args: &[&str]) -> Result<(), String> {
    let program = env!("CARGO_BIN_EXE_loom-faults");
    let output = Command::new(program).args(args).output().map_err(|error| error.to_string())?;
    let texts =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    if output.status.success() { Ok(()) } else { Err(texts.concat()) }
}

#[test]
fn every_41st_system_call_may_fail() {
    assert_eq!(run(&["calls", "--every", "41"]), Ok(()));
}

#[test]
fn every_101st_state_after_a_loss_of_power_is_survived() {
    let few = [
        "get-tar-gz",
        "get-second",
        "remove",
        "gc",
        "import",
        "mirror-push",
        "mirror-gc",
        "update-lock",
    ];
    let mut args = vec!["power", "--every", "101", "--next", "1"];
    few.iter().for_each(|name| args.extend(["--scenario", name]));
    assert_eq!(run(&args), Ok(()));
}

/// The harness would be worth nothing if it did not notice that a program leaves out what makes its files durable.
#[test]
fn a_missing_sync_is_noticed() {
    for (kind, noticed) in
        [("files", "not a valid record"), ("folders", "its verification is missing")]
    {
        let args = ["power", "--scenario", "get-unverified", "--forget", kind];
        let reported = run(&args).expect_err("nothing was reported");
        assert!(reported.contains(noticed), "{kind}: {reported}");
    }
}

#[test]
fn disks_mounts_and_clocks_may_fail() {
    let few = ["get-zip", "get-damaged", "remove", "gc-keep", "rollback", "release-publish"];
    let mut args = vec!["machines", "--every", "13"];
    few.iter().for_each(|name| args.extend(["--scenario", name]));
    assert_eq!(run(&args), Ok(()));
}

#[test]
fn eight_processes_do_random_things() {
    assert_eq!(run(&["processes", "--count", "8", "--seconds", "3", "--seed", "7"]), Ok(()));
}
