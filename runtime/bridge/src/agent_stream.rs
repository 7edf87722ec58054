//! The event stream of an agent: the first message names the agent, then both sides send until one ends the stream.

use std::time::Duration;

use futures::{StreamExt as _, stream::Map};
use loom_core::{OutboundStream, Runtime, Session, StreamEnd, limits};
use loom_environment::names;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Status, Streaming};

use crate::{
    convert,
    outbound::{self, ToServerEvent},
    proto::{self, client_event::Msg},
    request_ending::{RequestEnd, RequestEnding},
};

/// How long the first message may take.
const FIRST_MESSAGE_LIMIT: Duration = Duration::from_secs(60);
/// How long reading the rest of a client's messages may take after the client is gone.
const REST_LIMIT: Duration = Duration::from_secs(1);

/// Opens event streams of agents.
#[derive(Debug, Clone)]
pub struct AgentStreams {
    /// The runtime that the agents connect to.
    pub runtime: Runtime,
    /// The largest message that is accepted, in bytes; for error messages.
    pub max_message_bytes: usize,
    /// Cancelled when the server stops.
    pub stopping: CancellationToken,
}

impl AgentStreams {
    /// Waits for the first message and opens the stream. A task of its own reads what the client sends from then on, so
    /// that a client that does not read its stream is still served.
    ///
    /// # Errors
    /// If the first message is no `Ack`, cannot be decoded, or does not come before the server stops.
    pub async fn open(
        &self,
        request: Request<Streaming<proto::ClientEvent>>,
    ) -> Result<Map<OutboundStream, ToServerEvent>, Status> {
        let ending = request.extensions().get::<RequestEnding>().cloned().unwrap_or_default();
        let mut inbound = request.into_inner();
        let first = tokio::select! {
            first = inbound.message() => first,
            () = tokio::time::sleep(FIRST_MESSAGE_LIMIT) => {
                return Err(Status::deadline_exceeded("no first message within one minute"));
            }
            () = self.stopping.cancelled() => {
                return Err(Status::unavailable("the runtime is stopping"));
            }
        };
        let agent = agent_of(first.map_err(|status| self.status_of(status))?)?;
        let (session, outbound) = self.runtime.open_stream(agent);
        tokio::spawn(self.clone().read(session, inbound, ending));
        Ok(outbound.map(outbound::server_event as ToServerEvent))
    }

    /// Reads what the client sends, until one side ends the stream.
    async fn read(
        self,
        session: Session,
        mut inbound: Streaming<proto::ClientEvent>,
        ending: RequestEnding,
    ) {
        let ended = tokio::select! {
            biased;
            ended = receive(&session, &mut inbound) => Some(ended),
            () = session.closed() => None,
        };
        let ended = match ended {
            // The agent is gone. What it sent before is handled, and the end tells whether it has left.
            None if session.has_no_reader() => {
                tokio::time::timeout(REST_LIMIT, receive(&session, &mut inbound)).await.ok()
            }
            ended => ended,
        };
        match (ended, ending.get()) {
            (Some(Ok(())), RequestEnd::HalfClosed) => session.finish(),
            (Some(Ok(())), RequestEnd::Cancelled) => session.leave(),
            (Some(Err(status)), _) => self.fail(session, status),
            (Some(Ok(())) | None, _) => {}
        }
    }

    /// Ends a stream after a message that could not be decoded; nothing after it can be read.
    fn fail(&self, session: Session, status: Status) {
        let is_too_large = status.code() == Code::OutOfRange;
        let message = self.status_of(status).message().to_owned();
        if is_too_large {
            let end = StreamEnd::Unavailable(message.clone());
            session.fail("MESSAGE_TOO_LARGE", message, end);
        } else {
            let end = StreamEnd::Invalid(message.clone());
            session.fail("INVALID_MESSAGE", message, end);
        }
    }

    /// The status for a message that could not be decoded. A message that is too large is UNAVAILABLE, since agents
    /// reconnect only then.
    fn status_of(&self, status: Status) -> Status {
        match status.code() {
            Code::OutOfRange => Status::unavailable(format!(
                "the message is larger than {} bytes, the limit of this runtime ({})",
                self.max_message_bytes,
                names::MAX_MESSAGE_BYTES
            )),
            _ => status,
        }
    }
}

/// Handles the messages of the client until they end.
///
/// # Errors
/// If a message cannot be decoded, or the stream broke.
async fn receive(
    session: &Session,
    inbound: &mut Streaming<proto::ClientEvent>,
) -> Result<(), Status> {
    while let Some(message) = inbound.message().await? {
        handle(session, message);
    }
    Ok(())
}

/// The agent that the first message names.
fn agent_of(first: Option<proto::ClientEvent>) -> Result<String, Status> {
    match first {
        Some(proto::ClientEvent { msg: Some(Msg::Ack(ack)) }) => {
            let checked = limits::check_agent_id(&ack.message_id);
            checked.map_err(|limit| Status::invalid_argument(limit.to_string()))?;
            Ok(ack.message_id)
        }
        Some(_) => {
            Err(Status::invalid_argument("first stream message must be Ack carrying agent_id"))
        }
        None => Err(Status::invalid_argument("no first message")),
    }
}

/// Handles one message of the client. The protocol ignores messages that have no meaning after the first one.
fn handle(session: &Session, message: proto::ClientEvent) {
    match message.msg {
        Some(Msg::Publish(proto::Publish { topic, event: Some(event) })) => {
            session.publish(topic, convert::event(event));
        }
        Some(Msg::Ping(_)) => session.ping(),
        Some(Msg::ToolResult(result)) => {
            let id = result.id.clone();
            session.complete_call(&id, convert::tool_result(result));
        }
        Some(Msg::Publish(proto::Publish { event: None, .. }) | Msg::Ack(_)) | None => {}
    }
}
