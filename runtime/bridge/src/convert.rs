//! Messages of the protocol to and from values of the core.

use loom_core::{
    Event, ProviderKind, Qos, Registration, Tool, ToolCall, ToolFailure, ToolFailureKind,
    ToolResult,
};

use crate::proto;

/// The answer to a heartbeat or ping.
pub fn heartbeat(timestamp_ms: i64) -> proto::HeartbeatResponse {
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

/// An event for the wire.
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

/// A registration from the wire. Tools that an agent offers are executed by the agent, whatever it claims.
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

/// A quality of service from the wire.
pub fn qos(qos: proto::QoSLevel) -> Qos {
    match qos {
        proto::QoSLevel::QosRealtime => Qos::Realtime,
        proto::QoSLevel::QosBatched => Qos::Batched,
        proto::QoSLevel::QosBackground => Qos::Background,
    }
}

/// A count for the wire.
pub fn signed(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

/// A tool for the wire.
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

/// A tool call from the wire.
pub fn tool_call(call: proto::ToolCall) -> ToolCall {
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

/// A tool call for the wire.
pub fn tool_call_to_wire(call: &ToolCall) -> proto::ToolCall {
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

/// An agent's result from the wire.
///
/// # Errors
/// The agent's error; a missing code is filled in.
pub fn tool_result(result: proto::ToolResult) -> ToolResult {
    // Not by the generated getter, which reads an unknown number as the default, OK.
    let kind = match proto::ToolStatus::try_from(result.status) {
        Ok(proto::ToolStatus::ToolOk) => return Ok(result.output),
        Ok(proto::ToolStatus::ToolError) | Err(_) => ToolFailureKind::Execution,
        Ok(proto::ToolStatus::ToolTimeout) => ToolFailureKind::Timeout,
        Ok(proto::ToolStatus::ToolNotFound) => ToolFailureKind::NotFound,
        Ok(proto::ToolStatus::ToolInvalidArguments) => ToolFailureKind::InvalidArguments,
    };
    let error = result.error.unwrap_or_default();
    let mut failure = ToolFailure::new(kind, error.message);
    if !error.code.is_empty() {
        failure.code = error.code;
    }
    failure.details = error.details;
    Err(failure)
}

/// The result of the call `id`, for the wire.
pub fn tool_result_to_wire(id: String, result: ToolResult) -> proto::ToolResult {
    let failure = match result {
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
    fn an_agents_error_is_kept_and_a_missing_code_is_filled_in() {
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
            let back = tool_result_to_wire("ours".to_owned(), tool_result(wire));
            assert_eq!((&*back.id, back.status()), ("ours", status));
            assert_eq!(
                back.error.map(|error| (error.code, error.message)),
                Some((expected.to_owned(), "m".to_owned()))
            );
        }
    }

    #[test]
    fn an_unknown_status_is_a_failure() {
        let wire = proto::ToolResult { status: 77, ..Default::default() };
        assert!(tool_result(wire).is_err());
    }
}
