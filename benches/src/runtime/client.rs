//! Publishers and subscribers, each with a connection of its own.

use bytes::Bytes;
use futures::StreamExt as _;
use loom_bridge::proto::{
    Ack, AgentRegisterRequest, ClientEvent, Event, HeartbeatRequest, Publish, ServerEvent,
    bridge_client::BridgeClient, client_event, server_event,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Streaming, transport::Endpoint};

use crate::setup::Outcome;

/// The server that a client connects to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broker {
    Loom,
    Nats,
}

/// Publishes events.
#[derive(Debug, Clone)]
pub(crate) enum LoadPublisher {
    Loom(mpsc::Sender<ClientEvent>),
    Nats(async_nats::Client),
}

/// Receives events.
#[derive(Debug)]
pub(crate) enum LoadSubscriber {
    Loom(Box<Streaming<ServerEvent>>),
    Nats(async_nats::Subscriber),
}

/// What a subscriber received.
#[derive(Debug)]
pub(crate) enum LoadMessage {
    Payload(Bytes),
    Pong,
}

/// Connects a client that subscribes to `topic`; an empty topic subscribes to nothing.
pub(crate) async fn join(
    broker: Broker,
    address: &str,
    name: &str,
    topic: &str,
) -> Outcome<(LoadPublisher, LoadSubscriber)> {
    match broker {
        Broker::Loom => agent(address, name, topic).await,
        Broker::Nats => {
            let client = async_nats::connect(address).await?;
            let subject =
                if topic.is_empty() { format!("nothing.{name}") } else { topic.to_owned() };
            let events = client.subscribe(subject).await?;
            client.flush().await?;
            Ok((LoadPublisher::Nats(client), LoadSubscriber::Nats(events)))
        }
    }
}

async fn agent(address: &str, name: &str, topic: &str) -> Outcome<(LoadPublisher, LoadSubscriber)> {
    let channel = Endpoint::from_shared(format!("http://{address}"))?.connect().await?;
    let mut client = BridgeClient::new(channel);
    let subscribed_topics = Some(topic.to_owned()).filter(|topic| !topic.is_empty());
    let request = AgentRegisterRequest {
        agent_id: name.to_owned(),
        subscribed_topics: subscribed_topics.into_iter().collect(),
        ..Default::default()
    };
    client.register_agent(request).await?;
    let (requests, outbound) = mpsc::channel(256);
    let ack = client_event::Msg::Ack(Ack { message_id: name.to_owned() });
    requests.send(ClientEvent { msg: Some(ack) }).await?;
    let events = client.event_stream(ReceiverStream::new(outbound)).await?.into_inner();
    Ok((LoadPublisher::Loom(requests), LoadSubscriber::Loom(Box::new(events))))
}

impl LoadPublisher {
    /// Publishes an event; waits while earlier ones fill the outbound queue.
    pub(crate) async fn publish(&self, topic: &'static str, payload: Bytes) -> Outcome {
        match self {
            Self::Loom(requests) => {
                let event = Event { id: "e".to_owned(), payload, ..Event::default() };
                let publish = Publish { topic: topic.to_owned(), event: Some(event) };
                requests
                    .send(ClientEvent { msg: Some(client_event::Msg::Publish(publish)) })
                    .await?;
            }
            Self::Nats(client) => client.publish(topic, payload).await?,
        }
        Ok(())
    }

    /// Sends a ping; only Loom's streams have pings.
    pub(crate) async fn ping(&self) -> Outcome {
        if let Self::Loom(requests) = self {
            let ping = HeartbeatRequest { timestamp_ms: 0 };
            requests.send(ClientEvent { msg: Some(client_event::Msg::Ping(ping)) }).await?;
        }
        Ok(())
    }
}

impl LoadSubscriber {
    /// The next message.
    ///
    /// # Errors
    /// If the stream ends or events were dropped: the measurement is void.
    pub(crate) async fn receive(&mut self) -> Outcome<LoadMessage> {
        let over = "a stream ended";
        match self {
            Self::Nats(events) => {
                Ok(LoadMessage::Payload(events.next().await.ok_or(over)?.payload))
            }
            Self::Loom(events) => match events.message().await?.ok_or(over)?.msg {
                Some(server_event::Msg::Delivery(delivery)) => {
                    Ok(LoadMessage::Payload(delivery.event.unwrap_or_default().payload))
                }
                Some(server_event::Msg::Pong(_)) => Ok(LoadMessage::Pong),
                other => Err(format!("received {other:?}").into()),
            },
        }
    }
}
