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
