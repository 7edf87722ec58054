//! A constant load of events, and unrelated agents beside it whose deliveries are timed.

use std::time::{Duration, Instant};

use bytes::{BufMut as _, Bytes, BytesMut};
use tokio::time;

use super::{
    client::{LoadMessage, LoadPublisher, LoadSubscriber},
    durations::Durations,
    server::MeasuredServer,
};
use crate::setup::Outcome;

/// The load: this many events per second of [`SIZE`].
pub(super) const PER_SECOND: u32 = 20_000;
/// The bytes of an event.
pub(super) const SIZE: usize = 1024;
/// The interval at which unrelated agents publish.
pub(super) const PROBE: Duration = Duration::from_millis(5);

/// Publishes the load at a constant rate; returns the number of events.
pub(super) async fn send(load: LoadPublisher, long: Duration) -> Outcome<u64> {
    let payload = Bytes::from(vec![b'x'; SIZE]);
    let start = Instant::now();
    let mut every = time::interval(Duration::from_millis(1));
    let mut sent = 0;
    while start.elapsed() < long {
        every.tick().await;
        let due = (start.elapsed().as_secs_f64() * f64::from(PER_SECOND)) as u64;
        while sent < due {
            load.publish("load", payload.clone()).await?;
            sent += 1;
        }
    }
    Ok(sent)
}

/// Publishes events that hold the time at which they were sent.
pub(super) async fn probe(one: LoadPublisher, epoch: Instant) -> Outcome {
    let mut every = time::interval(PROBE);
    loop {
        every.tick().await;
        let mut payload = BytesMut::new();
        payload.put_u64(u64::try_from(epoch.elapsed().as_nanos())?);
        one.publish("probe", payload.freeze()).await?;
    }
}

/// The times from [`probe`] to its subscriber.
pub(super) async fn deliveries_until(
    mut other: LoadSubscriber,
    epoch: Instant,
    long: Duration,
) -> Outcome<Durations> {
    let mut sample = Durations::default();
    while epoch.elapsed() < long {
        let LoadMessage::Payload(payload) = other.receive().await? else {
            return Err("not a delivery".into());
        };
        let then: [u8; 8] = payload.as_ref().try_into()?;
        let then = Duration::from_nanos(u64::from_be_bytes(then));
        sample.add(epoch.elapsed().saturating_sub(then));
    }
    Ok(sample)
}

/// The server's memory at every second, in MiB.
pub(super) async fn memory_by_second(server: &MeasuredServer, long: Duration) -> Outcome<Vec<f64>> {
    let mut memory = Vec::new();
    let mut every = time::interval(Duration::from_secs(1));
    every.tick().await;
    for _ in 0..long.as_secs() {
        every.tick().await;
        memory.push(server.memory()?);
    }
    Ok(memory)
}
