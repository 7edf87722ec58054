//! The service `Bridge`: agents register, open their event stream and call tools.

use futures::stream::Map;
use loom_core::OutboundStream;
use tonic::{Request, Response, Status, Streaming, metadata::MetadataValue};

use crate::{agent_stream::AgentStreams, convert, outbound::ToServerEvent, proto, tool_service};

/// The response metadata of an event stream with the largest message that the server accepts, in bytes.
const MESSAGE_LIMIT: &str = "loom-max-message-bytes";

/// The service `Bridge`.
#[derive(Debug, Clone)]
pub struct BridgeService {
    /// Opens the event streams; also holds the runtime.
    pub streams: AgentStreams,
}

#[tonic::async_trait]
impl proto::bridge_server::Bridge for BridgeService {
    type EventStreamStream = Map<OutboundStream, ToServerEvent>;

    async fn register_agent(
        &self,
        request: Request<proto::AgentRegisterRequest>,
    ) -> Result<Response<proto::AgentRegisterResponse>, Status> {
        let registration = convert::registration(request.into_inner());
        let error_message = if registration.agent.is_empty() {
            "agent_id cannot be empty".to_owned()
        } else {
            let registered = self.streams.runtime.register(registration);
            registered.err().map(|limit| limit.to_string()).unwrap_or_default()
        };
        let success = error_message.is_empty();
        Ok(Response::new(proto::AgentRegisterResponse { success, error_message }))
    }

    async fn event_stream(
        &self,
        request: Request<Streaming<proto::ClientEvent>>,
    ) -> Result<Response<Self::EventStreamStream>, Status> {
        let mut response = Response::new(self.streams.open(request).await?);
        // A client that knows the limit reports a message beyond it, which would end the stream.
        let limit = MetadataValue::from(self.streams.max_message_bytes);
        response.metadata_mut().insert(MESSAGE_LIMIT, limit);
        Ok(response)
    }

    async fn forward_tool_call(
        &self,
        request: Request<proto::ToolCall>,
    ) -> Result<Response<proto::ToolResult>, Status> {
        let result = tool_service::call(&self.streams.runtime, request.into_inner()).await;
        Ok(Response::new(result))
    }

    async fn heartbeat(
        &self,
        request: Request<proto::HeartbeatRequest>,
    ) -> Result<Response<proto::HeartbeatResponse>, Status> {
        Ok(Response::new(convert::heartbeat(request.into_inner().timestamp_ms)))
    }
}
