//! Runs programs: prints the command line, passes on their output, and judges by their exit code.

use std::{
    ffi::OsStr,
    io,
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    outcome::Outcome,
    report::{self, TestCount},
    workspace::cargo,
};

/// `cargo` with these arguments.
pub(crate) fn cargo_command<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = clean(Command::new(cargo()));
    command.args(args);
    command
}

/// Removes the variables that the cargo around us set for xtask: some build scripts watch them, and would run again
/// at every change between `cargo test` and `cargo xtask test`.
pub(crate) fn clean(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs a check to its end: one test, passed or failed.
pub(crate) fn check(command: &mut Command) -> Outcome<TestCount> {
    Ok(TestCount::one(succeeds(command)?))
}

/// Runs a command that must succeed for anything after it to make sense.
pub(crate) fn demand(command: &mut Command) -> Outcome {
    if succeeds(command)? { Ok(()) } else { Err(format!("{} failed", line(command)).into()) }
}

/// Runs a test runner that writes a JUnit report to `junit`, and counts its tests. An old report is removed first.
pub(crate) fn tests(command: &mut Command, junit: &Path) -> Outcome<TestCount> {
    match std::fs::remove_file(junit) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(format!("{}: {error}", junit.display()).into());
        }
        _ => {}
    }
    let success = succeeds(command)?;
    let count = TestCount::of_run(success, report::read(junit)?);
    println!("{}: {count}", program(command));
    Ok(count)
}

/// Whether the command ends with exit code 0.
///
/// # Errors
/// If it cannot be started.
pub(crate) fn succeeds(command: &mut Command) -> Outcome<bool> {
    println!("$ {}", line(command));
    let status = command.stdin(Stdio::null()).status();
    let status = status.map_err(|error| {
        format!("{} cannot be started: {error}", Path::new(command.get_program()).display())
    })?;
    Ok(status.success())
}

/// Whether a program of this name is on the path, or in the folders where Debian keeps servers.
pub(crate) fn present(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path);
    let mut folders = folders.chain(["/usr/sbin", "/sbin"].map(Into::into));
    folders.any(|folder| {
        folder.join(program).with_extension(std::env::consts::EXE_EXTENSION).is_file()
    })
}

fn program(command: &Command) -> String {
    let name = Path::new(command.get_program()).file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn line(command: &Command) -> String {
    let arguments = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once(program(command)).chain(arguments).collect::<Vec<_>>().join(" ")
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_runner_is_judged_by_its_exit_code_and_counted_by_its_report() {
        let folder = tempfile::tempdir().unwrap();
        let junit = folder.path().join("junit.xml");
        let report = r#"<testsuite tests="2" failures="0"/>"#;
        for (script, expected) in [
            (format!("echo '{report}' > {}", junit.display()), TestCount { passed: 2, failed: 0 }),
            (
                format!("echo '{report}' > {}; exit 3", junit.display()),
                TestCount { passed: 2, failed: 1 },
            ),
            ("true".to_owned(), TestCount { passed: 0, failed: 1 }),
        ] {
            let count = tests(Command::new("sh").args(["-c", &script]), &junit).unwrap();
            assert_eq!(count, expected, "{script}");
        }
    }
}
