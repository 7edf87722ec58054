//! `cargo xtask check`: what a contributor runs before a pull request. It needs neither root nor Debian, and installs
//! nothing.

use std::{process::Command, time::Instant};

use crate::{
    command::{cargo_command, check, tests},
    outcome::Outcome,
    report::TestCount,
    workspace::Workspace,
};

/// Check formatting, run clippy, and run the tests that need no other program.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Unit tests of all crates, the contract suites, and the rules of the repository. Left out are the black-box tests
/// and the contract suites that start servers of other ecosystems.
const TESTS: &str = "kind(lib) + kind(bin) \
    + (kind(test) & test(/contract/) - test(/objects|moto|s3/)) \
    + (package(loom-signatures) & kind(test) - test(/^tools::/)) \
    + (package(loom-runtime) & test(/^house::/))";

/// Runs the checks; answers whether all passed.
pub(crate) fn run(_: &Args) -> Outcome<bool> {
    let workspace = Workspace::enter()?;
    let start = Instant::now();
    let mut count = TestCount::default();
    count += check(&mut format())?;
    count += check(&mut clippy())?;
    let mut nextest = cargo_command(["nextest", "run", "--workspace", "--no-tests=fail"]);
    nextest.args(["--filterset", TESTS]).env("INSTA_UPDATE", "no");
    count += tests(&mut nextest, &workspace.nextest_report())?;
    println!("\n{count} in {:.0} s", start.elapsed().as_secs_f64());
    Ok(count.failed == 0)
}

/// `cargo fmt` that only looks.
pub(crate) fn format() -> Command {
    cargo_command(["fmt", "--all", "--check"])
}

/// `cargo clippy` on everything, with warnings denied.
pub(crate) fn clippy() -> Command {
    cargo_command(["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"])
}
