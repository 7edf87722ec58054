//! `store verify` of a store with large files, beside `sha256sum` of the same files.

use std::fs;

use crate::{
    payload::{self, VERSION},
    process::{command, measure, shell},
    rounds::{self, Contender, WorkFolder},
    setup::{BenchSetup, Outcome},
    table,
    target::Target,
};

const ROUNDS: usize = 5;

/// Bytes of a gigabyte, as the target counts.
const GIGABYTE: f64 = 1e9;

pub(crate) fn run(setup: &BenchSetup) -> Outcome<Vec<Target>> {
    let folder = payload::big(setup)?;
    let home = tempfile::tempdir_in(&setup.work)?;
    let mut get = command(&setup.loom, home.path());
    get.args(["get", "--quiet", "--version", VERSION, "--cache-dir", "cache", "--source"]);
    measure(get.arg(format!("file://{}", folder.display())))?;
    let bytes = size(&home.path().join("cache/store"))?;
    let loom = setup.loom.clone();
    let verify = move |home: &std::path::Path| {
        let mut verify = command(&loom, home);
        verify.args(["store", "verify", "--quiet", "--cache-dir", "cache"]);
        verify
    };
    let sum = "find cache/store cache/objects -type f -print0 | xargs -0 sha256sum";
    let contenders = [
        Contender::new("sha256sum", move |home| shell(sum, home)),
        Contender::new("loom store verify", verify),
    ];
    let rounds = setup.rounds(ROUNDS);
    let costs = rounds::run(&contenders, rounds, &WorkFolder::Same(home.path().to_owned()))?;
    table::medians(&format!("verify of a 500 MB store, medians of {rounds} rounds"), &costs);
    println!("  SHA-2 instructions: {}", instructions());
    crate::rounds::discard(home)?;
    let (sum, loom) = (&costs[0], &costs[1]);
    let target = |what, figure, limit, goal| Target { what, figure, limit, goal };
    Ok(vec![
        target("store verify: CPU s per GB", loom.cpu() * GIGABYTE / bytes as f64, 1.5, 1.0),
        target("store verify: CPU, x sha256sum", loom.cpu() / sum.cpu(), 1.5, 1.1),
        target("store verify: peak MiB", loom.peak(), 40.0, 32.0),
    ])
}

/// What the processor has to hash with.
fn instructions() -> &'static str {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    match info.contains(" sha_ni") || info.contains(" sha2") {
        true => "yes",
        false => "none found",
    }
}

/// The bytes of all files below a folder.
fn size(folder: &std::path::Path) -> Outcome<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let meta = entry.path().symlink_metadata()?;
        bytes += if meta.is_dir() { size(&entry.path())? } else { meta.len() };
    }
    Ok(bytes)
}
