//! The event stream of `Bridge`: the first message says who it is, then both sides talk until one is through.

use futures::{StreamExt as _, stream::Map};
use loom_core::{Outbound, Session, StreamEnd};
use tonic::{Code, Request, Status, Streaming};

use crate::{
    bridge::{BridgeService, ToWire},
    convert,
    ending::Ending,
    proto::{self, client_event::Msg},
};

/// Waits for the first message and opens the stream; what the client says from then on is read by a task of its own,
/// so that a client that does not read still gets its say.
pub async fn open(
    bridge: &BridgeService,
    request: Request<Streaming<proto::ClientEvent>>,
) -> Result<Map<Outbound, ToWire>, Status> {
    let ending = request.extensions().get::<Ending>().cloned().unwrap_or_default();
    let mut inbound = request.into_inner();
    let first = tokio::select! {
        first = inbound.message() => first,
        () = bridge.stopping.cancelled() => return Err(Status::unavailable("the runtime is stopping")),
    };
    let agent = who(first.map_err(|status| refused(bridge, status))?)?;
    let (session, outbound) = bridge.core.open(agent);
    tokio::spawn(listen(session, inbound, ending, bridge.clone()));
    Ok(outbound.map(convert::outgoing as ToWire))
}

/// The name in the first message.
fn who(first: Option<proto::ClientEvent>) -> Result<String, Status> {
    match first {
        Some(proto::ClientEvent { msg: Some(Msg::Ack(ack)) }) => Ok(ack.message_id),
        Some(_) => {
            Err(Status::invalid_argument("first stream message must be Ack carrying agent_id"))
        }
        None => Err(Status::invalid_argument("no first message")),
    }
}

async fn listen(
    session: Session,
    mut inbound: Streaming<proto::ClientEvent>,
    ending: Ending,
    bridge: BridgeService,
) {
    loop {
        let message = tokio::select! {
            biased;
            () = session.over() => return,
            message = inbound.message() => message,
        };
        match message {
            Ok(Some(message)) => take(&session, message),
            Ok(None) if ending.is_half_close() => return session.finish(),
            Ok(None) => return,
            Err(status) => return broken(session, &bridge, status),
        }
    }
}

/// One message of the client. What makes no sense here is ignored, as clients expect.
fn take(session: &Session, message: proto::ClientEvent) {
    match message.msg {
        Some(Msg::Publish(proto::Publish { topic, event: Some(event) })) => {
            session.publish(topic, convert::event(event));
        }
        Some(Msg::Ping(_)) => session.ping(),
        Some(Msg::ToolResult(result)) => {
            let id = result.id.clone();
            session.answer(&id, convert::answer(result));
        }
        Some(Msg::Publish(proto::Publish { event: None, .. }) | Msg::Ack(_)) | None => {}
    }
}

/// The decoder gave up: nothing after this message can be read.
fn broken(session: Session, bridge: &BridgeService, status: Status) {
    let (code, refused) = (status.code(), refused(bridge, status));
    let message = refused.message().to_owned();
    match code {
        Code::OutOfRange => {
            session.fail("MESSAGE_TOO_LARGE", message.clone(), StreamEnd::Unavailable(message));
        }
        _ => session.fail("INVALID_MESSAGE", message.clone(), StreamEnd::Invalid(message)),
    }
}

/// What to answer to a message that could not be read. Agents come back only after UNAVAILABLE.
fn refused(bridge: &BridgeService, status: Status) -> Status {
    match status.code() {
        Code::OutOfRange => Status::unavailable(format!(
            "the message is larger than {} bytes, the limit of this runtime (LOOM_MAX_MESSAGE_BYTES)",
            bridge.max_message_bytes
        )),
        _ => status,
    }
}
