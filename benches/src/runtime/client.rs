//! Those who publish and subscribe, each with a connection of its own.

use bytes::Bytes;
use futures::StreamExt as _;
use loom_bridge::proto::{
    Ack, AgentRegisterRequest, ClientEvent, Event, HeartbeatRequest, Publish, ServerEvent,
    bridge_client::BridgeClient, client_event, server_event,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Streaming, transport::Endpoint};

use crate::Outcome;

/// Whose clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broker {
    Loom,
    Nats,
}

/// Says things.
#[derive(Debug, Clone)]
pub(crate) enum Speaker {
    Loom(mpsc::Sender<ClientEvent>),
    Nats(async_nats::Client),
}

/// Hears things.
#[derive(Debug)]
pub(crate) enum Listener {
    Loom(Box<Streaming<ServerEvent>>),
    Nats(async_nats::Subscriber),
}

/// What a listener heard.
#[derive(Debug)]
pub(crate) enum Heard {
    Payload(Bytes),
    Pong,
}

/// Connects one that hears `topic`; an empty one hears nothing.
pub(crate) async fn join(
    broker: Broker,
    address: &str,
    name: &str,
    topic: &str,
) -> Outcome<(Speaker, Listener)> {
    match broker {
        Broker::Loom => agent(address, name, topic).await,
        Broker::Nats => {
            let client = async_nats::connect(address).await?;
            let subject =
                if topic.is_empty() { format!("nothing.{name}") } else { topic.to_owned() };
            let hears = client.subscribe(subject).await?;
            client.flush().await?;
            Ok((Speaker::Nats(client), Listener::Nats(hears)))
        }
    }
}

async fn agent(address: &str, name: &str, topic: &str) -> Outcome<(Speaker, Listener)> {
    let channel = Endpoint::from_shared(format!("http://{address}"))?.connect().await?;
    let mut client = BridgeClient::new(channel);
    let subscribed_topics = Some(topic.to_owned()).filter(|topic| !topic.is_empty());
    let request = AgentRegisterRequest {
        agent_id: name.to_owned(),
        subscribed_topics: subscribed_topics.into_iter().collect(),
        ..Default::default()
    };
    client.register_agent(request).await?;
    let (says, said) = mpsc::channel(256);
    let ack = client_event::Msg::Ack(Ack { message_id: name.to_owned() });
    says.send(ClientEvent { msg: Some(ack) }).await?;
    let hears = client.event_stream(ReceiverStream::new(said)).await?.into_inner();
    Ok((Speaker::Loom(says), Listener::Loom(Box::new(hears))))
}

impl Speaker {
    /// Publishes; waits while what it said before is not on its way.
    pub(crate) async fn publish(&self, topic: &'static str, payload: Bytes) -> Outcome {
        match self {
            Self::Loom(says) => {
                let event = Event { id: "e".to_owned(), payload, ..Event::default() };
                let publish = Publish { topic: topic.to_owned(), event: Some(event) };
                says.send(ClientEvent { msg: Some(client_event::Msg::Publish(publish)) }).await?;
            }
            Self::Nats(client) => client.publish(topic, payload).await?,
        }
        Ok(())
    }

    /// Pings; only Loom's streams have that.
    pub(crate) async fn ping(&self) -> Outcome {
        if let Self::Loom(says) = self {
            let ping = HeartbeatRequest { timestamp_ms: 0 };
            says.send(ClientEvent { msg: Some(client_event::Msg::Ping(ping)) }).await?;
        }
        Ok(())
    }
}

impl Listener {
    /// The next thing. An end and dropped events are errors: the measurement is void.
    pub(crate) async fn hear(&mut self) -> Outcome<Heard> {
        let over = "a stream ended";
        match self {
            Self::Nats(hears) => Ok(Heard::Payload(hears.next().await.ok_or(over)?.payload)),
            Self::Loom(hears) => match hears.message().await?.ok_or(over)?.msg {
                Some(server_event::Msg::Delivery(delivery)) => {
                    Ok(Heard::Payload(delivery.event.unwrap_or_default().payload))
                }
                Some(server_event::Msg::Pong(_)) => Ok(Heard::Pong),
                other => Err(format!("heard {other:?}").into()),
            },
        }
    }
}
