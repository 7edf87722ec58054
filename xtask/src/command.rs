//! Runs programs, shows what they say, and counts what they tested.

use std::{
    ffi::OsStr,
    fmt,
    io::{self, BufRead as _, BufReader, Write as _},
    ops::AddAssign,
    path::Path,
    process::{Command, Stdio},
};

use crate::{Outcome, workspace::cargo};

/// How many tests passed and failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub passed: u64,
    pub failed: u64,
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// `cargo` with these arguments.
pub(crate) fn cargo_command<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = clean(Command::new(cargo()));
    command.args(args);
    command
}

/// Takes from the environment what the cargo around us said of xtask: some build scripts watch these variables,
/// and would run again with every change between `cargo test` and `cargo xtask test`.
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
pub(crate) fn check(command: &mut Command) -> Outcome<Count> {
    show(command);
    let status = command.stdin(Stdio::null()).status().map_err(|e| cannot_start(command, &e))?;
    Ok(if status.success() {
        Count { passed: 1, failed: 0 }
    } else {
        Count { passed: 0, failed: 1 }
    })
}

/// Runs a check that must succeed for anything after it to make sense.
pub(crate) fn demand(command: &mut Command) -> Outcome {
    match check(command)?.failed {
        0 => Ok(()),
        _ => Err(format!("{} failed", line(command)).into()),
    }
}

/// Runs a test runner, passes on what it prints, and counts by its closing lines.
/// A runner that fails without a failed test counts as one, and so does one that runs no test.
pub(crate) fn tests(command: &mut Command) -> Outcome<Count> {
    show(command);
    let (reader, writer) = io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn().map_err(|e| cannot_start(command, &e))?;
    // The pipe ends when its last writer is gone, and `command` holds two.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut count = Count::default();
    for line in BufReader::new(reader).split(b'\n') {
        let line = line?;
        let text = String::from_utf8_lossy(&line);
        println!("{text}");
        count += closing_line(&text).unwrap_or_default();
    }
    io::stdout().flush()?;
    let status = child.wait()?;
    if (!status.success() && count.failed == 0) || count == Count::default() {
        println!("{}: {status}, and {count}", line(command));
        count.failed += 1;
    }
    Ok(count)
}

/// What the closing line of nextest, pytest or `cargo test` counts; `None` for other lines.
fn closing_line(line: &str) -> Option<Count> {
    let line = line.trim();
    let counts = if let Some((_, counts)) =
        line.split_once(" tests run: ").or_else(|| line.split_once(" test run: "))
    {
        line.starts_with("Summary [").then_some(counts)?
    } else if let Some(counts) = line.strip_prefix("test result: ") {
        counts.split_once(". ")?.1
    } else {
        pytest(line)?
    };
    let mut count = Count::default();
    for part in counts.split([',', ';']) {
        let mut words = part.split_whitespace();
        let (Some(number), Some(word)) = (words.next(), words.next()) else { continue };
        let Ok(number) = number.parse::<u64>() else { continue };
        match word {
            "passed" => count.passed += number,
            "failed" | "timed" | "error" | "errors" | "exec" => count.failed += number,
            _ => {}
        }
    }
    Some(count)
}

/// `3 passed, 1 failed in 0.12s`, with or without `=` around it.
fn pytest(line: &str) -> Option<&str> {
    let line = line.trim_matches('=').trim();
    let (counts, time) = line.rsplit_once(" in ")?;
    let timed = time.split_whitespace().next()?.strip_suffix('s')?.parse::<f64>().is_ok();
    (timed && counts.starts_with(|c: char| c.is_ascii_digit())).then_some(counts)
}

/// Whether a program of this name is on the path or where Debian keeps servers.
pub(crate) fn present(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path);
    folders.chain(["/usr/sbin", "/sbin"].map(Into::into)).any(|f| f.join(program).is_file())
}

fn show(command: &Command) {
    println!("$ {}", line(command));
}

fn line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn cannot_start(command: &Command, error: &io::Error) -> String {
    format!("{} cannot be started: {error}", Path::new(command.get_program()).display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_counted() {
        for (line, expected) in [
            ("     Summary [   0.514s] 23 tests run: 23 passed, 2 skipped", Some((23, 0))),
            ("     Summary [   1.0s] 1 test run: 1 passed, 0 skipped", Some((1, 0))),
            (
                "     Summary [  61.2s] 9/10 tests run: 5 passed (1 slow), 2 failed, 1 timed out, 1 exec failed, 0 skipped",
                Some((5, 4)),
            ),
            (
                "test result: ok. 16 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.04s",
                Some((16, 0)),
            ),
            (
                "test result: FAILED. 1 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out",
                Some((1, 3)),
            ),
            ("======= 3 passed, 1 failed, 1 error in 0.12s =======", Some((3, 2))),
            ("12 passed in 3.20s", Some((12, 0))),
            ("1 passed in 61.20s (0:01:01)", Some((1, 0))),
            ("test a_test ... ok", None),
            ("3 files in folder", None),
        ] {
            let expected = expected.map(|(passed, failed)| Count { passed, failed });
            assert_eq!(closing_line(line), expected, "{line}");
        }
    }

    #[test]
    fn a_runner_that_ran_nothing_or_died_has_failed() {
        for (script, passed, failed) in [
            ("echo 2 passed in 0.1s", 2, 0),
            ("echo 2 passed in 0.1s >&2", 2, 0),
            ("true", 0, 1),
            ("echo 2 passed in 0.1s; exit 3", 2, 1),
            ("echo 2 passed, 2 failed in 0.1s; exit 3", 2, 2),
        ] {
            let count = tests(Command::new("sh").args(["-c", script])).unwrap();
            assert_eq!(count, Count { passed, failed }, "{script}");
        }
    }
}
