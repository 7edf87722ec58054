//! What the history of runs costs others while far more events are published than it stores.

use std::{
    fs,
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use super::{
    client::{Broker, LoadSubscriber, join},
    durations::{Durations, median},
    executor::block_on,
    load::{PER_SECOND, SIZE, deliveries_until, memory_by_second, probe, send},
    server::MeasuredServer,
};
use crate::{
    setup::{BenchSetup, Outcome},
    target::Target,
};

const LONG: Duration = Duration::from_secs(60);
/// The default size of the history.
const CAP: f64 = 256.0;
/// What others may wait longer, in milliseconds, beside a share of what they wait without a history.
const ALLOWED: f64 = 0.5;

/// What was measured in one run.
#[derive(Debug)]
struct HistoryRun {
    delivery: Durations,
    sent: u64,
    /// The server's processor time.
    cpu: Duration,
    /// The server's memory at every second, in MiB.
    memory: Vec<f64>,
}

pub(crate) fn run(setup: &BenchSetup) -> Outcome<Vec<Target>> {
    println!("\nthe history of runs, at {PER_SECOND} events/s of {SIZE} bytes for {LONG:?}");
    println!(
        "  {:22} {:>10} {:>12} {:>8} {:>10} {:>10}",
        "", "events/s", "delivery p99", "cores", "MiB", "file MiB"
    );
    let (mut deliveries, mut cores, mut growth) = (Vec::new(), Vec::new(), Vec::new());
    let mut sizes = Vec::new();
    for round in 0..setup.rounds(5) {
        // The order alternates, so that a machine that warms up favours neither.
        let mut order = [false, true];
        order.rotate_left(round % 2);
        let mut figures = [(0.0, 0.0); 2];
        for is_kept in order {
            let folder = tempfile::tempdir_in(&setup.work)?;
            let file = folder.path().join("history.db");
            let path = file.to_str().ok_or("a path that is not UTF-8")?;
            let server =
                MeasuredServer::with_history(&setup.server, if is_kept { path } else { "off" })?;
            let mut run = block_on(once(&server))?;
            drop(server);
            let size: u64 = fs::read_dir(folder.path())?
                .map(|entry| Ok(entry?.metadata()?.len()))
                .sum::<std::io::Result<u64>>()?;
            let size = size as f64 / f64::from(1 << 20);
            let p99 = run.delivery.ms(0.99);
            let used = run.cpu.as_secs_f64() / LONG.as_secs_f64();
            let rate = run.sent as f64 / LONG.as_secs_f64();
            let last = run.memory.last().copied().unwrap_or(f64::NAN);
            let name = if is_kept { "with it" } else { "without it" };
            println!("  {name:22} {rate:10.0} {p99:9.2} ms {used:8.2} {last:10.1} {size:10.1}");
            if run.delivery.len() < 1000 || rate < f64::from(PER_SECOND) * 0.95 {
                return Err(format!("the load was not reached: {rate:.0} events/s").into());
            }
            figures[usize::from(is_kept)] = (p99, used);
            if is_kept {
                growth.push(last / run.memory[run.memory.len() / 2]);
                sizes.push(size / CAP);
            }
        }
        let [without, with] = figures;
        deliveries.push((with.0 - ALLOWED) / without.0);
        cores.push(with.1 - without.1);
    }
    Ok(vec![
        target("history: (others' p99 - 0.5 ms) / without", deliveries, 1.25, 1.0),
        target("history: cores that it costs", cores, 0.3, 0.2),
        target("history: memory at the end / halfway", growth, 1.1, 1.02),
        target("history: size of its files / its cap", sizes, 1.1, 1.0),
    ])
}

fn target(what: &'static str, figures: Vec<f64>, limit: f64, goal: f64) -> Target {
    Target { what, figure: median(figures), limit, goal }
}

async fn once(server: &MeasuredServer) -> Outcome<HistoryRun> {
    let at = |name, topic| join(Broker::Loom, &server.address, name, topic);
    let (load, _unused) = at("load", "").await?;
    let (_quiet, listener) = at("listener", "load").await?;
    let (one, _unheard) = at("one", "").await?;
    let (_silent, other) = at("other", "probe").await?;
    let (epoch, cpu) = (Instant::now(), server.cpu()?);
    let mut tasks = JoinSet::new();
    tasks.spawn(probe(one, epoch));
    tasks.spawn(receive_all(listener));
    let deliveries = tokio::spawn(deliveries_until(other, epoch, LONG));
    let sending = tokio::spawn(send(load, LONG));
    let memory = memory_by_second(server, LONG).await?;
    let (sent, delivery) = (sending.await??, deliveries.await??);
    let cpu = server.cpu()?.saturating_sub(cpu);
    tasks.shutdown().await;
    Ok(HistoryRun { delivery, sent, cpu, memory })
}

/// Takes events until the task is ended.
async fn receive_all(mut listener: LoadSubscriber) -> Outcome {
    loop {
        listener.receive().await?;
    }
}
