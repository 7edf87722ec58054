//! Wire types to and from the core's.

use std::time::{SystemTime, UNIX_EPOCH};

use loom_core::{
    Event, Outgoing, ProviderKind, Qos, StreamEnd, Tool, ToolCall, ToolFailure, ToolFailureKind,
    ToolResult, backlog::QueueItem, directory::Registration,
};
use tonic::Status;

use crate::proto;

/// Milliseconds since 1970.
pub fn epoch_ms(at: SystemTime) -> i64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// What a pong and a heartbeat say.
pub fn alive(timestamp_ms: i64) -> proto::HeartbeatResponse {
    proto::HeartbeatResponse { timestamp_ms, status: "ok".to_owned() }
}

/// An event from the wire.
pub fn event(event: proto::Event) -> Event {
    Event {
        id: event.id,
        kind: event.r#type,
        timestamp_ms: event.timestamp_ms,
        source: event.source,
        metadata: event.metadata,
        payload: event.payload,
        confidence: event.confidence,
        tags: event.tags,
        priority: event.priority,
    }
}

/// An event to the wire.
pub fn event_to_wire(event: &Event) -> proto::Event {
    proto::Event {
        id: event.id.clone(),
        r#type: event.kind.clone(),
        timestamp_ms: event.timestamp_ms,
        source: event.source.clone(),
        metadata: event.metadata.clone(),
        payload: event.payload.clone(),
        confidence: event.confidence,
        tags: event.tags.clone(),
        priority: event.priority,
    }
}

/// What an agent registers.
pub fn registration(request: proto::AgentRegisterRequest) -> Registration {
    let tool = |tool: proto::ToolDescriptor| Tool {
        name: tool.name,
        description: tool.description,
        parameters_schema: tool.parameters_schema,
        provider: ProviderKind::Grpc,
        metadata: tool.metadata,
    };
    Registration {
        agent: request.agent_id,
        topics: request.subscribed_topics,
        tools: request.tools.into_iter().map(tool).collect(),
        metadata: request.metadata,
    }
}

/// A QoS from the wire.
pub fn qos(qos: proto::QoSLevel) -> Qos {
    match qos {
        proto::QoSLevel::QosRealtime => Qos::Realtime,
        proto::QoSLevel::QosBatched => Qos::Batched,
        proto::QoSLevel::QosBackground => Qos::Background,
    }
}

/// A count as the wire has it.
pub fn signed(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

/// A tool to the wire.
pub fn tool_to_wire(tool: &Tool) -> proto::ToolDescriptor {
    let provider = match tool.provider {
        ProviderKind::Native => proto::ProviderKind::ProviderNative,
        ProviderKind::Wasm => proto::ProviderKind::ProviderWasm,
        ProviderKind::Grpc => proto::ProviderKind::ProviderGrpc,
        ProviderKind::Mcp => proto::ProviderKind::ProviderMcp,
    };
    proto::ToolDescriptor {
        name: tool.name.clone(),
        description: tool.description.clone(),
        parameters_schema: tool.parameters_schema.clone(),
        provider: provider.into(),
        metadata: tool.metadata.clone(),
    }
}

/// A call from the wire.
pub fn call(call: proto::ToolCall) -> ToolCall {
    let qos = qos(call.qos());
    ToolCall {
        id: call.id,
        name: call.name,
        arguments: call.arguments,
        headers: call.headers,
        timeout_ms: call.timeout_ms,
        correlation_id: call.correlation_id,
        qos,
    }
}

/// A call to the wire.
fn call_to_wire(call: &ToolCall) -> proto::ToolCall {
    let qos = match call.qos {
        Qos::Realtime => proto::QoSLevel::QosRealtime,
        Qos::Batched => proto::QoSLevel::QosBatched,
        Qos::Background => proto::QoSLevel::QosBackground,
    };
    proto::ToolCall {
        id: call.id.clone(),
        name: call.name.clone(),
        arguments: call.arguments.clone(),
        headers: call.headers.clone(),
        timeout_ms: call.timeout_ms,
        correlation_id: call.correlation_id.clone(),
        qos: qos.into(),
    }
}

/// An agent's answer. What it says about a failure is kept; what it leaves open is filled in.
pub fn answer(result: proto::ToolResult) -> ToolResult {
    // Not by the getter, which reads an unknown number as the default: that is OK.
    let kind = match proto::ToolStatus::try_from(result.status) {
        Ok(proto::ToolStatus::ToolOk) => return Ok(result.output),
        Ok(proto::ToolStatus::ToolError) | Err(_) => ToolFailureKind::Execution,
        Ok(proto::ToolStatus::ToolTimeout) => ToolFailureKind::Timeout,
        Ok(proto::ToolStatus::ToolNotFound) => ToolFailureKind::NotFound,
        Ok(proto::ToolStatus::ToolInvalidArguments) => ToolFailureKind::InvalidArguments,
    };
    let said = result.error.unwrap_or_default();
    let mut failure = ToolFailure::new(kind, said.message);
    if !said.code.is_empty() {
        failure.code = said.code;
    }
    failure.details = said.details;
    Err(failure)
}

/// The answer to the call `id`, to the wire.
pub fn answer_to_wire(id: String, answer: ToolResult) -> proto::ToolResult {
    let failure = match answer {
        Ok(output) => {
            let status = proto::ToolStatus::ToolOk.into();
            return proto::ToolResult { id, status, output, error: None };
        }
        Err(failure) => failure,
    };
    let status = match failure.kind {
        ToolFailureKind::Execution => proto::ToolStatus::ToolError,
        ToolFailureKind::Timeout => proto::ToolStatus::ToolTimeout,
        ToolFailureKind::NotFound => proto::ToolStatus::ToolNotFound,
        ToolFailureKind::InvalidArguments => proto::ToolStatus::ToolInvalidArguments,
    };
    let error =
        proto::ToolError { code: failure.code, message: failure.message, details: failure.details };
    proto::ToolResult { id, status: status.into(), output: String::new(), error: Some(error) }
}

/// What a stream says, to the wire.
pub fn outgoing(said: Result<Outgoing, StreamEnd>) -> Result<proto::ServerEvent, Status> {
    use proto::server_event::Msg;
    let msg = match said.map_err(status)? {
        Outgoing::Event(QueueItem::Delivery { pattern, envelope }) => {
            Msg::Delivery(proto::Delivery::of(&pattern, &envelope))
        }
        Outgoing::Event(QueueItem::Lost { pattern, count }) => Msg::Err(proto::Error {
            code: "EVENTS_DROPPED".to_owned(),
            message: format!(
                "{count} events of {pattern} were dropped because this stream is read too slowly"
            ),
        }),
        Outgoing::Pong => Msg::Pong(alive(epoch_ms(SystemTime::now()))),
        Outgoing::Call(call) => Msg::ToolCall(call_to_wire(&call)),
        Outgoing::Trouble { code, message } => {
            Msg::Err(proto::Error { code: code.to_owned(), message })
        }
    };
    Ok(proto::ServerEvent { msg: Some(msg) })
}

/// How a stream ends on the wire.
pub fn status(end: StreamEnd) -> Status {
    match end {
        StreamEnd::Done => Status::ok(""),
        StreamEnd::Unavailable(why) => Status::unavailable(why),
        StreamEnd::Invalid(why) => Status::invalid_argument(why),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn an_event_passes_through_unchanged() {
        let wire = proto::Event {
            id: "1".to_owned(),
            r#type: "t".to_owned(),
            timestamp_ms: -5,
            source: "s".to_owned(),
            metadata: HashMap::from([("k".to_owned(), "v".to_owned())]),
            payload: bytes::Bytes::from_static(&[0, 255]),
            confidence: 0.25,
            tags: vec!["x".to_owned()],
            priority: i32::MIN,
        };
        assert_eq!(event_to_wire(&event(wire.clone())), wire);
    }

    #[test]
    fn an_agents_failure_keeps_its_words_and_gets_a_code_where_it_has_none() {
        let table = [
            (proto::ToolStatus::ToolError, "TOOL_ERROR", "TOOL_ERROR"),
            (proto::ToolStatus::ToolError, "", "EXECUTION_ERROR"),
            (proto::ToolStatus::ToolInvalidArguments, "INVALID_INPUT", "INVALID_INPUT"),
            (proto::ToolStatus::ToolTimeout, "", "TIMEOUT"),
        ];
        for (status, code, expected) in table {
            let error = proto::ToolError {
                code: code.to_owned(),
                message: "m".to_owned(),
                ..Default::default()
            };
            let wire = proto::ToolResult {
                id: "theirs".to_owned(),
                status: status.into(),
                output: String::new(),
                error: Some(error),
            };
            let back = answer_to_wire("ours".to_owned(), answer(wire));
            assert_eq!((&*back.id, back.status()), ("ours", status));
            assert_eq!(
                back.error.map(|error| (error.code, error.message)),
                Some((expected.to_owned(), "m".to_owned()))
            );
        }
    }

    #[test]
    fn a_status_from_the_future_is_a_failure() {
        let wire = proto::ToolResult { status: 77, ..Default::default() };
        assert!(answer(wire).is_err());
    }
}
