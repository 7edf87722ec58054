//! A subscriber that never reads costs nobody but itself.

use crate::support::{Agent, Server};
use loom_bridge::proto::{Event, HeartbeatRequest, Publish, client_event::Msg, server_event};

/// All that may wait between a publisher and a reader: the queue of a subscription, and HTTP/2's windows and the
/// sockets' buffers, taken generously.
const QUEUE: usize = 2048;
const BUFFERS: usize = 8 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publisher_completes_ten_times_the_sum_of_all_buffers() {
    let server = Server::start(&[]);
    let sleeper = Agent::join(&server, "sleeper", &["t"], &[]).await;
    let mut other = Agent::join(&server, "other", &["end"], &[]).await;
    let mut speaker = Agent::join(&server, "speaker", &[], &[]).await;
    let payload = bytes::Bytes::from(vec![7; 8 << 10]);
    let rounds = 10 * (QUEUE + BUFFERS / payload.len());
    for n in 0..rounds {
        let event = Event { id: n.to_string(), payload: payload.clone(), ..Event::default() };
        let publish = Publish { topic: "t".to_owned(), event: Some(event) };
        speaker.say(Msg::Publish(publish)).await;
    }
    // Both come after all of that: the publisher's own stream is not held up, and neither is anybody else's.
    speaker.say(Msg::Ping(HeartbeatRequest { timestamp_ms: 1 })).await;
    assert!(matches!(speaker.hear().await, Ok(Some(server_event::Msg::Pong(_)))));
    speaker.publish("end", "all said").await;
    assert_eq!(other.delivery().await, "end=all said");

    // The sleeper wakes up: it is told how many it lost, and hears the newest ones in order up to the last.
    let mut sleeper = sleeper;
    let (mut heard, mut lost, mut last) = (0, 0, None);
    while last != Some(rounds - 1) {
        match sleeper.hear().await {
            Ok(Some(server_event::Msg::Delivery(delivery))) => {
                let n: usize = delivery.event.unwrap().id.parse().unwrap();
                assert!(last.is_none_or(|last| last < n), "{n} after {last:?}");
                (heard, last) = (heard + 1, Some(n));
            }
            Ok(Some(server_event::Msg::Err(error))) => {
                assert_eq!(error.code, "EVENTS_DROPPED");
                lost += error.message.split(' ').next().unwrap().parse::<usize>().unwrap();
            }
            other => panic!("neither an event nor news of loss: {other:?}"),
        }
    }
    assert_eq!(heard + lost, rounds);
    assert!(heard >= QUEUE && lost > rounds / 2, "{heard} heard, {lost} lost");
}
