//! Items of the core's streams as messages of the protocol, and the status with which a stream ends.

use std::{sync::Arc, time::SystemTime};

use loom_base::time::epoch_millis;
use loom_core::{Envelope, Outgoing, QueueItem, StreamEnd};
use tonic::Status;

use crate::{
    convert::{event_to_wire, heartbeat, tool_call_to_wire},
    proto,
};

/// The conversion of an agent's outbound messages: [`server_event`].
pub type ToServerEvent = fn(Result<Outgoing, StreamEnd>) -> Result<proto::ServerEvent, Status>;
/// The conversion of a subscription's events: [`subscribed_event`].
pub type ToEvent = fn(Result<Arc<Envelope>, StreamEnd>) -> Result<proto::Event, Status>;

/// A message to an agent, for the wire.
///
/// # Errors
/// The status with which the stream ends.
pub fn server_event(message: Result<Outgoing, StreamEnd>) -> Result<proto::ServerEvent, Status> {
    use proto::server_event::Msg;
    let msg = match message.map_err(status)? {
        Outgoing::Event(QueueItem::Delivery { pattern, envelope, trace }) => {
            Msg::Delivery(proto::Delivery::new(&pattern, &envelope, trace))
        }
        Outgoing::Event(QueueItem::Dropped { pattern, count }) => Msg::Err(proto::Error {
            code: "EVENTS_DROPPED".to_owned(),
            message: format!(
                "{count} events of {pattern} were dropped because this stream is read too slowly"
            ),
        }),
        Outgoing::Pong => Msg::Pong(heartbeat(epoch_millis(SystemTime::now()))),
        Outgoing::ToolCall(call) => Msg::ToolCall(tool_call_to_wire(&call)),
        Outgoing::Error { code, message } => {
            Msg::Err(proto::Error { code: code.to_owned(), message })
        }
    };
    Ok(proto::ServerEvent { msg: Some(msg) })
}

/// An event of a subscription, for the wire.
///
/// # Errors
/// The status with which the stream ends.
pub fn subscribed_event(
    envelope: Result<Arc<Envelope>, StreamEnd>,
) -> Result<proto::Event, Status> {
    envelope.map(|envelope| event_to_wire(&envelope.event)).map_err(status)
}

/// The status with which a stream ends.
pub fn status(end: StreamEnd) -> Status {
    match end {
        StreamEnd::Completed => Status::ok(""),
        StreamEnd::Unavailable(reason) => Status::unavailable(reason),
        StreamEnd::Invalid(reason) => Status::invalid_argument(reason),
    }
}
