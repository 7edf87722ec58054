//! What the history adds to publishing an event within the process, counted in instructions (Valgrind)
//! and in system calls (strace).

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
fn instructions(folder: &Path, arguments: [&str; 2], count: u32) -> f64 {
    let out = folder.join(count.to_string());
    let status = Command::new("valgrind")
        .args(["--quiet", "--tool=callgrind", "--collect-atstart=no"])
        .arg("--toggle-collect=local_publish::publish_once*")
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(program())
        .args(arguments)
        .arg(count.to_string())
        .status()
        .unwrap();
    assert!(status.success(), "{arguments:?}");
    let text = fs::read_to_string(out).unwrap();
    let total = text.lines().find_map(|line| line.strip_prefix("totals: ")).unwrap();
    total.trim().parse().unwrap()
}

/// The instructions of one event, without those that only the first ones need.
fn of_one(arguments: [&str; 2]) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let [few, many] = [200, 700].map(|count| instructions(folder.path(), arguments, count));
    (many - few) / 500.0
}

#[test]
fn the_history_costs_publishing_at_most_a_twentieth() {
    for budget in ["1000000", "0"] {
        let [without, with] = ["none", "history"].map(|history| of_one([budget, history]));
        println!("instructions: {without:.0} without a history, {with:.0} with it");
        assert!(without > 1000.0 && with <= 1.05 * without, "{without} {with}");
    }
}

/// The system calls of the publishing thread for this many events: those of locks, and others but for memory.
fn system_calls(folder: &Path, count: u32) -> [usize; 2] {
    let out = folder.join("strace");
    let mut strace = Command::new("strace");
    strace.args(["-qq", "-o"]).arg(&out).arg(program());
    let status = strace.args(["1000000", "history", &count.to_string()]).status().unwrap();
    assert!(status.success());
    let text = fs::read_to_string(out).unwrap();
    let is_for_memory = |line: &str| {
        ["brk(", "mmap(", "munmap(", "mremap(", "madvise("]
            .iter()
            .any(|call| line.starts_with(call))
    };
    let calls = text.lines().filter(|line| !is_for_memory(line));
    let (locks, others): (Vec<_>, Vec<_>) = calls.partition(|line| line.starts_with("futex("));
    [locks.len(), others.len()]
}

#[test]
fn publishing_makes_no_system_call() {
    let folder = tempfile::tempdir().unwrap();
    let [few, many] = [1_000, 11_000].map(|count| system_calls(folder.path(), count));
    assert!(few[1] > 20 && many[1] <= few[1] + 20, "{few:?} {many:?}");
    // What one thread allocates and another one frees has them meet at a lock of the allocator now and then; a thread that is
    // woken for each event would show in more than 10,000 calls.
    assert!(many[0] < 5_000, "{few:?} {many:?}");
}
