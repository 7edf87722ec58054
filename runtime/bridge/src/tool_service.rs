//! The service `ToolService`: all tools, whatever executes them.
//!
//! `ListTools` lists the tools by name; where several providers offer one, the one that would be called first. `Call` is
//! `Bridge.ForwardToolCall` under another name: its gRPC status is always OK, failures are in the result.

use loom_core::Runtime;
use tonic::{Request, Response, Status};

use crate::{convert, proto};

/// The service `ToolService`.
#[derive(Debug, Clone)]
pub struct ToolsService {
    /// The runtime that calls the tools.
    pub runtime: Runtime,
}

#[tonic::async_trait]
impl proto::tool_service_server::ToolService for ToolsService {
    async fn list_tools(
        &self,
        _: Request<proto::ListToolsRequest>,
    ) -> Result<Response<proto::ListToolsResponse>, Status> {
        let tools = self.runtime.registry().tools();
        let tools = tools.iter().map(|tool| convert::tool_to_wire(tool)).collect();
        Ok(Response::new(proto::ListToolsResponse { tools }))
    }

    async fn call(
        &self,
        request: Request<proto::ToolCall>,
    ) -> Result<Response<proto::ToolResult>, Status> {
        Ok(Response::new(call(&self.runtime, request.into_inner()).await))
    }
}

/// Calls a tool. The result has the id of the call.
pub async fn call(runtime: &Runtime, call: proto::ToolCall) -> proto::ToolResult {
    let call = convert::tool_call(call);
    let id = call.id.clone();
    convert::tool_result_to_wire(id, runtime.call_tool(call).await)
}
