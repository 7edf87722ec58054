//! The service `Bridge`.

use std::sync::Arc;

use futures::stream::Map;
use loom_core::{Outbound, Outgoing, Runtime, StreamEnd};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use crate::{convert, proto, stream, tool_service};

/// What an outbound stream becomes on the wire.
pub type ToWire = fn(Result<Outgoing, StreamEnd>) -> Result<proto::ServerEvent, Status>;

/// Agents come in here.
#[derive(Debug, Clone)]
pub struct BridgeService {
    /// What they meet.
    pub core: Arc<Runtime>,
    /// Largest message accepted, in bytes; for error messages only.
    pub max_message_bytes: usize,
    /// Set when the server stops.
    pub stopping: CancellationToken,
}

#[tonic::async_trait]
impl proto::bridge_server::Bridge for BridgeService {
    type EventStreamStream = Map<Outbound, ToWire>;

    async fn register_agent(
        &self,
        request: Request<proto::AgentRegisterRequest>,
    ) -> Result<Response<proto::AgentRegisterResponse>, Status> {
        let registration = convert::registration(request.into_inner());
        let error_message = if registration.agent.is_empty() {
            "agent_id cannot be empty".to_owned()
        } else {
            self.core.register(registration);
            String::new()
        };
        let success = error_message.is_empty();
        Ok(Response::new(proto::AgentRegisterResponse { success, error_message }))
    }

    async fn event_stream(
        &self,
        request: Request<Streaming<proto::ClientEvent>>,
    ) -> Result<Response<Self::EventStreamStream>, Status> {
        stream::open(self, request).await.map(Response::new)
    }

    async fn forward_tool_call(
        &self,
        request: Request<proto::ToolCall>,
    ) -> Result<Response<proto::ToolResult>, Status> {
        Ok(Response::new(tool_service::call(&self.core, request.into_inner()).await))
    }

    async fn heartbeat(
        &self,
        request: Request<proto::HeartbeatRequest>,
    ) -> Result<Response<proto::HeartbeatResponse>, Status> {
        Ok(Response::new(convert::alive(request.into_inner().timestamp_ms)))
    }
}
