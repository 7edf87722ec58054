//! A library that the tested program loads: its clock jumps, and it takes another file for its own one.

use std::{fs, path::Path, process::Command};

use crate::tally::Outcome;

const SOURCE: &str = include_str!("shim.c");

/// The library, in its world.
const LIBRARY: &str = "shim.so";

/// The file for the number of times that a program asked for the time.
const COUNT: &str = "asked";

/// Compiles the library into a world.
pub(crate) fn build(world: &Path) -> Outcome {
    let source = world.join("shim.c");
    fs::write(&source, SOURCE)?;
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(world.join(LIBRARY)).arg(&source);
    let output = compiler.output().map_err(|error| format!("could not start cc: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
    }
}

/// Lets a command take `program` for its own file.
pub(crate) fn stand_in(command: &mut Command, world: &Path, program: &Path) {
    command.env("LD_PRELOAD", world.join(LIBRARY)).env("FAULTS_PROGRAM", program);
}

/// Lets the clock of a command jump by a number of seconds, after it was asked for this number of times.
pub(crate) fn jump(command: &mut Command, world: &Path, seconds: i64, after: usize) {
    command.env("LD_PRELOAD", world.join(LIBRARY)).env("FAULTS_COUNT", world.join(COUNT));
    command.env("FAULTS_JUMP", seconds.to_string()).env("FAULTS_AFTER", after.to_string());
}

/// How often the last command of a world asked for the time.
pub(crate) fn asked(world: &Path) -> Outcome<usize> {
    Ok(fs::read_to_string(world.join(COUNT))?.parse()?)
}
