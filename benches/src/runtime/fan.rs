//! One publisher to a hundred subscribers and the reverse, beside `nats-server` with its own client under the same load.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use bytes::Bytes;
use tokio::{sync::Notify, task::JoinSet};

use super::{
    client::{Broker, LoadMessage, LoadPublisher, LoadSubscriber, join},
    durations::median,
    executor::block_on,
    server::MeasuredServer,
};
use crate::{
    setup::{BenchSetup, Outcome},
    target::Target,
};

const MANY: usize = 100;
const SIZE: usize = 1024;
/// Deliveries per run.
const DELIVERIES: u64 = 400_000;
/// Events under way to one subscriber; fewer than both servers queue for it.
const UNDER_WAY: u64 = 1000;

#[derive(Debug, Clone, Copy)]
enum Shape {
    OneToMany,
    ManyToOne,
}

/// Deliveries per second, and the server's processor time for each in microseconds.
#[derive(Debug, Clone, Copy)]
struct FanRun {
    per_second: f64,
    cpu: f64,
}

pub(crate) fn run(setup: &BenchSetup) -> Outcome<Vec<Target>> {
    let mut targets = Vec::new();
    for (shape, title, speed, cost) in [
        (
            Shape::OneToMany,
            "one to a hundred",
            "1 to 100: nats / loom deliveries/s",
            "1 to 100: loom / nats CPU",
        ),
        (
            Shape::ManyToOne,
            "a hundred to one",
            "100 to 1: nats / loom deliveries/s",
            "100 to 1: loom / nats CPU",
        ),
    ] {
        println!("\n{title}, {SIZE} bytes, at most {UNDER_WAY} under way");
        println!("  {:22} {:>14} {:>16}", "", "deliveries/s", "CPU us/delivery");
        let (mut speeds, mut costs) = (Vec::new(), Vec::new());
        for round in 0..setup.rounds(5) {
            let mut order = [Broker::Loom, Broker::Nats];
            order.rotate_left(round % 2);
            let mut runs = [None; 2];
            for broker in order {
                let run = measure(setup, broker, shape)?;
                let name =
                    if broker == Broker::Loom { "loom-bridge-server" } else { "nats-server" };
                println!("  {name:22} {:14.0} {:16.2}", run.per_second, run.cpu);
                runs[usize::from(broker == Broker::Nats)] = Some(run);
            }
            if let [Some(loom), Some(nats)] = runs {
                speeds.push(nats.per_second / loom.per_second);
                costs.push(loom.cpu / nats.cpu);
            }
        }
        targets.push(Target { what: speed, figure: median(speeds), limit: 3.0, goal: 1.0 });
        targets.push(Target { what: cost, figure: median(costs), limit: 2.0, goal: 1.0 });
    }
    Ok(targets)
}

fn measure(setup: &BenchSetup, broker: Broker, shape: Shape) -> Outcome<FanRun> {
    let server = match broker {
        Broker::Loom => MeasuredServer::loom(&setup.server)?,
        Broker::Nats => MeasuredServer::nats()?,
    };
    block_on(async {
        match shape {
            Shape::OneToMany => fan(&server, broker, 1, MANY).await,
            Shape::ManyToOne => fan(&server, broker, MANY, 1).await,
        }
    })
}

/// How many events one subscriber has received.
#[derive(Debug, Default)]
struct SubscriberProgress {
    received: AtomicU64,
    changed: Notify,
}

async fn fan(
    server: &MeasuredServer,
    broker: Broker,
    publishers: usize,
    subscribers: usize,
) -> Outcome<FanRun> {
    let events = DELIVERIES / subscribers as u64;
    let mut progress = Vec::new();
    let mut tasks = JoinSet::new();
    for n in 0..subscribers {
        let (publisher, subscriber) =
            join(broker, &server.address, &format!("subscriber-{n}"), "topic").await?;
        let own = Arc::new(SubscriberProgress::default());
        progress.push(Arc::clone(&own));
        tasks.spawn(subscribe(publisher, subscriber, own, events));
    }
    let progress: Arc<[Arc<SubscriberProgress>]> = progress.into();
    let mut clients = Vec::new();
    for n in 0..publishers {
        clients.push(join(broker, &server.address, &format!("publisher-{n}"), "").await?);
    }
    let (start, cpu) = (Instant::now(), server.cpu()?);
    for (publisher, subscriber) in clients {
        let share = events / publishers as u64;
        let window = UNDER_WAY / publishers as u64;
        tasks.spawn(publish(
            publisher,
            subscriber,
            Arc::clone(&progress),
            share,
            window,
            publishers as u64,
        ));
    }
    // The first failure ends the run; the others would wait for it in vain. No client disconnects before all events
    // are received: a stream that breaks drops what it has not sent yet.
    let mut connections = Vec::new();
    while let Some(done) = tasks.join_next().await {
        connections.push(done??);
    }
    let (took, cpu) = (start.elapsed().as_secs_f64(), server.cpu()?.saturating_sub(cpu));
    drop(connections);
    let deliveries = (events * subscribers as u64) as f64;
    Ok(FanRun { per_second: deliveries / took, cpu: cpu.as_secs_f64() * 1e6 / deliveries })
}

async fn subscribe(
    publisher: LoadPublisher,
    mut subscriber: LoadSubscriber,
    progress: Arc<SubscriberProgress>,
    events: u64,
) -> Outcome<(LoadPublisher, LoadSubscriber)> {
    for received in 1..=events {
        match subscriber.receive().await? {
            LoadMessage::Payload(payload) if payload.len() == SIZE => {}
            other => return Err(format!("not a delivery: {other:?}").into()),
        }
        progress.received.store(received, Ordering::Release);
        progress.changed.notify_one();
    }
    Ok((publisher, subscriber))
}

/// Publishes `share` events, never more than `window` ahead of the slowest subscriber.
async fn publish(
    publisher: LoadPublisher,
    subscriber: LoadSubscriber,
    progress: Arc<[Arc<SubscriberProgress>]>,
    share: u64,
    window: u64,
    publishers: u64,
) -> Outcome<(LoadPublisher, LoadSubscriber)> {
    let payload = Bytes::from(vec![b'x'; SIZE]);
    for sent in 0..share {
        for slowest in &*progress {
            while slowest.received.load(Ordering::Acquire) / publishers + window <= sent {
                let changed = slowest.changed.notified();
                if slowest.received.load(Ordering::Acquire) / publishers + window <= sent {
                    // Another publisher may have consumed the notification: look again soon.
                    _ = tokio::time::timeout(std::time::Duration::from_millis(1), changed).await;
                }
            }
        }
        publisher.publish("topic", payload.clone()).await?;
    }
    Ok((publisher, subscriber))
}
