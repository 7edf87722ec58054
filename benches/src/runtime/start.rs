//! From nothing to ready, and what an idle server holds.

use std::{thread, time::Duration};

use super::server::Server;
use crate::{Ground, Outcome, mark::Mark};

pub(crate) fn run(ground: &Ground) -> Outcome<Vec<Mark>> {
    let mut times = Vec::new();
    let mut memory = Vec::new();
    for _ in 0..ground.rounds(20) {
        let server = Server::loom(&ground.server)?;
        times.push(server.took.as_secs_f64() * 1e3);
        // Whatever it does after it said so, it has done by then.
        thread::sleep(Duration::from_millis(200));
        memory.push(server.memory()?);
    }
    let best = times.iter().copied().fold(f64::INFINITY, f64::min);
    let most = memory.iter().copied().fold(0.0, f64::max);
    let middle = super::sample::median(times);
    println!("\nloom-bridge-server with its dashboard, from its start to its ready file");
    println!("  best {best:.1} ms, median {middle:.1} ms; idle at most {most:.1} MiB");
    Ok(vec![
        Mark { what: "runtime: start to ready, ms", got: best, limit: 100.0, target: 20.0 },
        Mark { what: "runtime: idle, MiB", got: most, limit: 30.0, target: 15.0 },
    ])
}
