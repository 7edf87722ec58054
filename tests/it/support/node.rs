//! Node and the packages of `tests/node/package.json`.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// The folder that holds `node_modules`.
pub fn folder() -> PathBuf {
    path_from("LOOM_TEST_NODE")
}

/// A program of the Python environment that `tests/python/requirements.txt` describes.
pub fn python(program: &str) -> PathBuf {
    path_from("LOOM_TEST_VENV").join("bin").join(program)
}

/// The path in an environment variable.
fn path_from(variable: &str) -> PathBuf {
    let folder = std::env::var_os(variable).map(PathBuf::from);
    folder.unwrap_or_else(|| panic!("{variable} is not set; `cargo xtask test` makes it"))
}

/// Runs a script of `tests/node` with the packages' folder as its argument and this input.
pub fn script(name: &str, input: &str) -> Output {
    let script = Path::new(&manifest()).join("tests/node").join(name);
    let mut child = Command::new("node")
        .arg(script)
        .arg(folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    // If node ended early, its output contains the reason.
    let _ = writer.join().unwrap();
    output
}

/// The package's folder at run time: the tests may have been moved since they were built.
fn manifest() -> String {
    std::env::var("CARGO_MANIFEST_DIR").unwrap()
}
