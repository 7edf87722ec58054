//! One to a hundred and a hundred to one, beside `nats-server` with its own client under the same load.

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
    block_on,
    client::{Broker, Heard, Listener, Speaker, join},
    sample::median,
    server::Server,
};
use crate::{Ground, Outcome, mark::Mark};

const MANY: usize = 100;
const SIZE: usize = 1024;
/// Deliveries per run.
const DELIVERIES: u64 = 400_000;
/// Events under way to any one listener; less than both servers keep for one.
const UNDER_WAY: u64 = 1000;

#[derive(Debug, Clone, Copy)]
enum Shape {
    OneToMany,
    ManyToOne,
}

/// Deliveries per second, and the server's processor time for each in microseconds.
#[derive(Debug, Clone, Copy)]
struct Run {
    per_second: f64,
    cpu: f64,
}

pub(crate) fn run(ground: &Ground) -> Outcome<Vec<Mark>> {
    let mut marks = Vec::new();
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
        for round in 0..ground.rounds(5) {
            let mut order = [Broker::Loom, Broker::Nats];
            order.rotate_left(round % 2);
            let mut runs = [None; 2];
            for broker in order {
                let run = measure(ground, broker, shape)?;
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
        marks.push(Mark { what: speed, got: median(speeds), limit: 3.0, target: 1.0 });
        marks.push(Mark { what: cost, got: median(costs), limit: 2.0, target: 1.0 });
    }
    Ok(marks)
}

fn measure(ground: &Ground, broker: Broker, shape: Shape) -> Outcome<Run> {
    let server = match broker {
        Broker::Loom => Server::loom(&ground.server)?,
        Broker::Nats => Server::nats()?,
    };
    block_on(async {
        match shape {
            Shape::OneToMany => fan(&server, broker, 1, MANY).await,
            Shape::ManyToOne => fan(&server, broker, MANY, 1).await,
        }
    })
}

/// How far one listener is.
#[derive(Debug, Default)]
struct Progress {
    heard: AtomicU64,
    news: Notify,
}

async fn fan(server: &Server, broker: Broker, speakers: usize, listeners: usize) -> Outcome<Run> {
    let events = DELIVERIES / listeners as u64;
    let mut progress = Vec::new();
    let mut tasks = JoinSet::new();
    for n in 0..listeners {
        let (speaker, listener) =
            join(broker, &server.address, &format!("listener-{n}"), "topic").await?;
        let own = Arc::new(Progress::default());
        progress.push(Arc::clone(&own));
        tasks.spawn(listen(speaker, listener, own, events));
    }
    let progress: Arc<[Arc<Progress>]> = progress.into();
    let mut says = Vec::new();
    for n in 0..speakers {
        says.push(join(broker, &server.address, &format!("speaker-{n}"), "").await?);
    }
    let (begun, cpu) = (Instant::now(), server.cpu()?);
    for (speaker, listener) in says {
        let share = events / speakers as u64;
        let window = UNDER_WAY / speakers as u64;
        tasks.spawn(speak(
            speaker,
            listener,
            Arc::clone(&progress),
            share,
            window,
            speakers as u64,
        ));
    }
    // The first that fails ends it; the others would wait for it in vain. Nobody hangs up before all is heard: a
    // stream that breaks takes along what it has not sent yet.
    let mut through = Vec::new();
    while let Some(done) = tasks.join_next().await {
        through.push(done??);
    }
    let (took, cpu) = (begun.elapsed().as_secs_f64(), server.cpu()?.saturating_sub(cpu));
    drop(through);
    let deliveries = (events * listeners as u64) as f64;
    Ok(Run { per_second: deliveries / took, cpu: cpu.as_secs_f64() * 1e6 / deliveries })
}

async fn listen(
    speaker: Speaker,
    mut listener: Listener,
    progress: Arc<Progress>,
    events: u64,
) -> Outcome<(Speaker, Listener)> {
    for heard in 1..=events {
        match listener.hear().await? {
            Heard::Payload(payload) if payload.len() == SIZE => {}
            other => return Err(format!("not a delivery: {other:?}").into()),
        }
        progress.heard.store(heard, Ordering::Release);
        progress.news.notify_one();
    }
    Ok((speaker, listener))
}

/// Sends its share, never more than `window` ahead of the slowest listener's part in it.
async fn speak(
    speaker: Speaker,
    listener: Listener,
    progress: Arc<[Arc<Progress>]>,
    share: u64,
    window: u64,
    speakers: u64,
) -> Outcome<(Speaker, Listener)> {
    let payload = Bytes::from(vec![b'x'; SIZE]);
    for sent in 0..share {
        for slowest in &*progress {
            while slowest.heard.load(Ordering::Acquire) / speakers + window <= sent {
                let news = slowest.news.notified();
                if slowest.heard.load(Ordering::Acquire) / speakers + window <= sent {
                    // Others may wait too, and one of them got the news: look again soon.
                    _ = tokio::time::timeout(std::time::Duration::from_millis(1), news).await;
                }
            }
        }
        speaker.publish("topic", payload.clone()).await?;
    }
    Ok((speaker, listener))
}
