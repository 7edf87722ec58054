//! What one subscriber that never reads costs all others.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use loom_base::LockExt as _;
use tokio::{task::JoinSet, time};

use super::{
    client::{Broker, LoadMessage, LoadPublisher, LoadSubscriber, join},
    durations::{Durations, median},
    executor::block_on,
    load::{PER_SECOND, PROBE, SIZE, deliveries_until, memory_by_second, probe, send},
    server::MeasuredServer,
};
use crate::{
    setup::{BenchSetup, Outcome},
    target::Target,
};

const LONG: Duration = Duration::from_secs(10);
/// What was measured in one run.
#[derive(Debug)]
struct SlowReaderRun {
    delivery: Durations,
    ping: Durations,
    sent: u64,
    /// The server's memory at every second, in MiB.
    memory: Vec<f64>,
}

pub(crate) fn run(setup: &BenchSetup) -> Outcome<Vec<Target>> {
    println!(
        "\none subscriber that never reads, at {PER_SECOND} events/s of {SIZE} bytes for {LONG:?}"
    );
    println!(
        "  {:22} {:>10} {:>12} {:>12} {:>10}",
        "", "events/s", "delivery p99", "ping p99", "MiB"
    );
    let (mut deliveries, mut pings, mut growth) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..setup.rounds(3) {
        // The order alternates, so that a machine that warms up favours neither.
        let mut order = [false, true];
        order.rotate_left(round % 2);
        let mut p99 = [(0.0, 0.0); 2];
        for sleeper in order {
            let server = MeasuredServer::loom(&setup.server)?;
            let mut run = block_on(once(&server, sleeper))?;
            let (delivery, ping) = (run.delivery.ms(0.99), run.ping.ms(0.99));
            let name = if sleeper { "with it" } else { "without it" };
            let (rate, last) = (run.sent as f64 / LONG.as_secs_f64(), run.memory.last().copied());
            let last = last.unwrap_or(f64::NAN);
            println!("  {name:22} {rate:10.0} {delivery:9.2} ms {ping:9.2} ms {last:10.1}");
            p99[usize::from(sleeper)] = (delivery, ping);
            if sleeper {
                growth.push(last / run.memory[run.memory.len() / 2]);
            }
            if run.delivery.len() < 100 || rate < f64::from(PER_SECOND) * 0.95 {
                return Err(format!("the load was not reached: {rate:.0} events/s").into());
            }
        }
        let [without, with] = p99;
        deliveries.push((with.0 - 5.0) / without.0);
        pings.push((with.1 - 5.0) / without.1);
    }
    Ok(vec![
        target("slow reader: (others' p99 - 5 ms) / without", deliveries, 2.0, 1.0),
        target("slow reader: (pings' p99 - 5 ms) / without", pings, 2.0, 1.0),
        target("slow reader: memory at the end / halfway", growth, 1.1, 1.02),
    ])
}

fn target(what: &'static str, figures: Vec<f64>, limit: f64, goal: f64) -> Target {
    Target { what, figure: median(figures), limit, goal }
}

async fn once(server: &MeasuredServer, sleeper: bool) -> Outcome<SlowReaderRun> {
    let at = |name, topic| join(Broker::Loom, &server.address, name, topic);
    let asleep = if sleeper { Some(at("sleeper", "load").await?) } else { None };
    let (load, pongs) = at("load", "").await?;
    let (one, _unheard) = at("one", "").await?;
    let (_silent, other) = at("other", "probe").await?;
    let epoch = Instant::now();
    let pinged = Arc::new(Mutex::new(VecDeque::new()));
    let mut tasks = JoinSet::new();
    tasks.spawn(ping(load.clone(), Arc::clone(&pinged)));
    tasks.spawn(probe(one, epoch));
    let pings = tokio::spawn(pongs_until(pongs, epoch + LONG, pinged));
    let deliveries = tokio::spawn(deliveries_until(other, epoch, LONG));
    let sending = tokio::spawn(send(load, LONG));
    let memory = memory_by_second(server, LONG).await?;
    let sent = sending.await??;
    let (ping, delivery) = (pings.await??, deliveries.await??);
    tasks.shutdown().await;
    drop(asleep);
    Ok(SlowReaderRun { delivery, ping, sent, memory })
}

async fn ping(load: LoadPublisher, pinged: Arc<Mutex<VecDeque<Instant>>>) -> Outcome {
    let mut every = time::interval(PROBE);
    loop {
        every.tick().await;
        pinged.locked().push_back(Instant::now());
        load.ping().await?;
    }
}

/// Measures the round trips; pongs arrive in the order of the pings.
async fn pongs_until(
    mut pongs: LoadSubscriber,
    end: Instant,
    pinged: Arc<Mutex<VecDeque<Instant>>>,
) -> Outcome<Durations> {
    let mut sample = Durations::default();
    while Instant::now() < end {
        if !matches!(pongs.receive().await?, LoadMessage::Pong) {
            return Err("not a pong".into());
        }
        let then = pinged.locked().pop_front();
        sample.add(then.ok_or("a pong without a ping")?.elapsed());
    }
    Ok(sample)
}
