//! The `loom` program: parse, run, report, exit.

use std::process::ExitCode;

fn main() -> ExitCode {
    loom_runtime::cli::run(std::env::args_os().collect())
}
