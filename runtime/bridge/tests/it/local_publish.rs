//! What recording adds to publishing an event within the process, counted in instructions by Valgrind.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The example that publishes; it is built beside the tests.
fn program() -> PathBuf {
    let tests = env::current_exe().unwrap();
    let debug = tests.ancestors().find(|folder| folder.join("examples").is_dir()).unwrap();
    debug.join("examples/local_publish")
}

/// The instructions of this many events; only the publishing thread is counted, and only while it publishes.
fn instructions(folder: &Path, mode: &str, count: u32) -> f64 {
    let out = folder.join(format!("{mode}-{count}"));
    let status = Command::new("valgrind")
        .args(["--quiet", "--tool=callgrind", "--collect-atstart=no"])
        .arg("--toggle-collect=local_publish::publish_once*")
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(program())
        .args([mode, &count.to_string()])
        .status()
        .unwrap();
    assert!(status.success(), "{mode}");
    let text = fs::read_to_string(out).unwrap();
    let total = text.lines().find_map(|line| line.strip_prefix("totals: ")).unwrap();
    total.trim().parse().unwrap()
}

/// The instructions of one event, without those that only the first ones need.
fn of_one(mode: &str) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let [few, many] = [500, 1500].map(|count| instructions(folder.path(), mode, count));
    (many - few) / 1000.0
}

#[test]
fn what_is_left_out_costs_publishing_next_to_nothing() {
    let [none, left_out, history] = ["none", "left-out", "history"].map(of_one);
    println!("instructions: none {none:.0}, left out {left_out:.0}, history {history:.0}");
    assert!(none > 100.0 && left_out <= 1.05 * none, "{none} {left_out}");
    assert!(history <= 3.0 * none, "{none} {history}");
}
