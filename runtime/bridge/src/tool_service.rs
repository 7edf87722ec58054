//! The service `ToolService`: all tools, whoever carries them out.
//!
//! `ListTools` answers them by name, as [`loom_core::Registry`] would choose them. `Call` is `Bridge.ForwardToolCall`
//! under another name: it always answers gRPC OK, failures are in the result.

use std::sync::Arc;

use loom_core::Runtime;
use tonic::{Request, Response, Status};

use crate::{convert, proto};

/// Tools are called here.
#[derive(Debug, Clone)]
pub struct ToolsService {
    /// Who knows them.
    pub core: Arc<Runtime>,
}

#[tonic::async_trait]
impl proto::tool_service_server::ToolService for ToolsService {
    async fn list_tools(
        &self,
        _: Request<proto::ListToolsRequest>,
    ) -> Result<Response<proto::ListToolsResponse>, Status> {
        let tools = self.core.tools.tools();
        let tools = tools.iter().map(|tool| convert::tool_to_wire(tool)).collect();
        Ok(Response::new(proto::ListToolsResponse { tools }))
    }

    async fn call(
        &self,
        request: Request<proto::ToolCall>,
    ) -> Result<Response<proto::ToolResult>, Status> {
        Ok(Response::new(call(&self.core, request.into_inner()).await))
    }
}

/// Carries out a call and answers under its id.
pub async fn call(core: &Runtime, call: proto::ToolCall) -> proto::ToolResult {
    let call = convert::call(call);
    let id = call.id.clone();
    convert::answer_to_wire(id, core.call(call).await)
}
