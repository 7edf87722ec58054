//! The time from start to ready, and the memory of an idle server.

use std::{thread, time::Duration};

use super::server::MeasuredServer;
use crate::{
    setup::{BenchSetup, Outcome},
    target::Target,
};

pub(crate) fn run(setup: &BenchSetup) -> Outcome<Vec<Target>> {
    let mut times = Vec::new();
    let mut memory = Vec::new();
    for _ in 0..setup.rounds(20) {
        let server = MeasuredServer::loom(&setup.server)?;
        times.push(server.took.as_secs_f64() * 1e3);
        // By then, work that follows readiness is done.
        thread::sleep(Duration::from_millis(200));
        memory.push(server.memory()?);
    }
    let best = times.iter().copied().fold(f64::INFINITY, f64::min);
    let most = memory.iter().copied().fold(0.0, f64::max);
    let middle = super::durations::median(times);
    println!("\nloom-bridge-server with its dashboard, from its start to its ready file");
    println!("  best {best:.1} ms, median {middle:.1} ms; idle at most {most:.1} MiB");
    Ok(vec![
        Target { what: "runtime: start to ready, ms", figure: best, limit: 100.0, goal: 20.0 },
        Target { what: "runtime: idle, MiB", figure: most, limit: 30.0, goal: 15.0 },
    ])
}
