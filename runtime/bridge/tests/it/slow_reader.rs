//! A subscriber that does not read affects only itself.

use crate::support::{Agent, Server};
use loom_bridge::proto::{Event, HeartbeatRequest, Publish, client_event::Msg, server_event};

/// The length of a subscription's queue.
const QUEUE: usize = 2048;
/// An upper bound of what HTTP/2 windows and socket buffers hold, in bytes.
const BUFFERS: usize = 8 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publisher_publishes_ten_times_what_all_buffers_hold() {
    let server = Server::start(&[]);
    let mut sleeper = Agent::join(&server, "sleeper", &["t"], &[]).await;
    let mut other = Agent::join(&server, "other", &["end"], &[]).await;
    let mut publisher = Agent::join(&server, "publisher", &[], &[]).await;
    let payload = bytes::Bytes::from(vec![7; 8 << 10]);
    let rounds = 10 * (QUEUE + BUFFERS / payload.len());
    for n in 0..rounds {
        let event = Event { id: n.to_string(), payload: payload.clone(), ..Event::default() };
        let publish = Publish { topic: "t".to_owned(), event: Some(event) };
        publisher.send(Msg::Publish(publish)).await;
    }
    // Both follow all these events: neither the publisher's stream nor that of another agent is blocked.
    publisher.send(Msg::Ping(HeartbeatRequest { timestamp_ms: 1 })).await;
    assert!(matches!(publisher.next().await, Ok(Some(server_event::Msg::Pong(_)))));
    publisher.publish("end", "last").await;
    assert_eq!(other.delivery().await, "end=last");

    // The sleeper begins to read: it gets the number of dropped events, and the newest events in order.
    let mut received = 0;
    let mut dropped = 0;
    let mut last = None;
    while last != Some(rounds - 1) {
        match sleeper.next().await {
            Ok(Some(server_event::Msg::Delivery(delivery))) => {
                let n: usize = delivery.event.unwrap().id.parse().unwrap();
                assert!(last.is_none_or(|last| last < n), "{n} after {last:?}");
                received += 1;
                last = Some(n);
            }
            Ok(Some(server_event::Msg::Err(error))) => {
                assert_eq!(error.code, "EVENTS_DROPPED");
                dropped += error.message.split(' ').next().unwrap().parse::<usize>().unwrap();
            }
            other => panic!("neither a delivery nor dropped events: {other:?}"),
        }
    }
    assert_eq!(received + dropped, rounds);
    assert!(received >= QUEUE && dropped > rounds / 2, "{received} received, {dropped} dropped");
}
