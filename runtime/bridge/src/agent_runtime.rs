//! The service `AgentRuntime`: agents that live here whether they are connected or not.
//!
//! - `CreateAgent` makes an agent known until `DeleteAgent`, however its streams end. While it has none, events of
//!   its topics wait for it (2048 per topic, then the oldest give way) and its next stream gets them. An agent that
//!   registered before keeps its registration and gets the topics it lacks, from its next stream on. `capabilities` and `parameters` are kept
//!   and shown; tools are what the agent itself registers. Creating twice: `success` = false.
//! - `DeleteAgent` forgets the agent with its state, topics and tools; its streams end well, so that it stays away.
//! - `GetAgentState` and `UpdateAgentState` keep two byte strings and notes for an agent that was created or is
//!   registered, in memory, as long as it is known. `last_update_ms` is by our clock, 0 before the first update.
//!   An unknown agent: NOT_FOUND; `success` = false.
//! - `SendEvent` gives an event to one agent, whatever it subscribed to: to its newest stream as a delivery of the
//!   topic `agent.<id>.events`, else to what waits for a created agent. An unknown agent is NOT_FOUND, a registered
//!   one without a stream UNAVAILABLE. The answer comes at once, unless the event's metadata has `reply_timeout_ms`
//!   (at most ten minutes): then it waits that long for the first event that the agent publishes, on any topic, with
//!   `correlation_id` = the event's id, and returns a copy in `generated_events` (empty when there was none).
//!   `actions` is always empty: agents act by themselves.

use std::{sync::Arc, time::Duration, time::SystemTime};

use loom_core::{AgentState, Event, HostedProfile, Runtime, hosted::SendError};
use tonic::{Request, Response, Status};

use crate::{convert, proto};

/// The longest time to wait for a reply.
const LONGEST: Duration = Duration::from_secs(600);

/// Agents are kept here.
#[derive(Debug, Clone)]
pub struct AgentRuntimeService {
    /// Where they live.
    pub core: Arc<Runtime>,
}

#[tonic::async_trait]
impl proto::agent_runtime_server::AgentRuntime for AgentRuntimeService {
    async fn create_agent(
        &self,
        request: Request<proto::AgentConfig>,
    ) -> Result<Response<proto::CreateAgentResponse>, Status> {
        let config = request.into_inner();
        let profile = HostedProfile {
            kind: config.agent_type,
            capabilities: config.capabilities,
            parameters: config.parameters,
        };
        let created = self.core.create(&config.agent_id, config.subscribed_topics, profile);
        let error_message = created.err().map(|error| error.to_string()).unwrap_or_default();
        let success = error_message.is_empty();
        Ok(Response::new(proto::CreateAgentResponse { success, error_message }))
    }

    async fn delete_agent(
        &self,
        request: Request<proto::DeleteAgentRequest>,
    ) -> Result<Response<proto::DeleteAgentResponse>, Status> {
        let success = self.core.delete(&request.into_inner().agent_id);
        Ok(Response::new(proto::DeleteAgentResponse { success }))
    }

    async fn get_agent_state(
        &self,
        request: Request<proto::GetAgentStateRequest>,
    ) -> Result<Response<proto::AgentState>, Status> {
        let agent = request.into_inner().agent_id;
        self.state(agent).map(Response::new)
    }

    async fn update_agent_state(
        &self,
        request: Request<proto::AgentState>,
    ) -> Result<Response<proto::UpdateAgentStateResponse>, Status> {
        let state = request.into_inner();
        let kept = AgentState {
            persistent: state.persistent_state,
            ephemeral: state.ephemeral_context,
            updated: Some(SystemTime::now()),
            metadata: state.metadata,
        };
        let success = self.core.directory.update_state(&state.agent_id, kept);
        Ok(Response::new(proto::UpdateAgentStateResponse { success }))
    }

    async fn send_event(
        &self,
        request: Request<proto::SendEventRequest>,
    ) -> Result<Response<proto::AgentResponse>, Status> {
        let proto::SendEventRequest { agent_id, event } = request.into_inner();
        let event = event.ok_or_else(|| Status::invalid_argument("event is missing"))?;
        let event = convert::event(event);
        let wait = reply_timeout(&event)?;
        let reply = self.core.send(&agent_id, event, wait).await.map_err(refused)?;
        Ok(Response::new(proto::AgentResponse {
            generated_events: reply.iter().map(convert::event_to_wire).collect(),
            // Gone meanwhile = no state.
            updated_state: self.state(agent_id.clone()).ok(),
            agent_id,
            actions: Vec::new(),
        }))
    }
}

impl AgentRuntimeService {
    fn state(&self, agent_id: String) -> Result<proto::AgentState, Status> {
        let state = self.core.directory.state_of(&agent_id);
        let state = state.ok_or_else(|| refused(SendError::Unknown(agent_id.clone())))?;
        Ok(proto::AgentState {
            agent_id,
            persistent_state: state.persistent,
            ephemeral_context: state.ephemeral,
            last_update_ms: state.updated.map_or(0, convert::epoch_ms),
            metadata: state.metadata,
        })
    }
}

fn reply_timeout(event: &Event) -> Result<Duration, Status> {
    let Some(text) = event.note("reply_timeout_ms") else { return Ok(Duration::ZERO) };
    let error = |_| Status::invalid_argument("reply_timeout_ms must be a number of milliseconds");
    text.parse().map(Duration::from_millis).map(|wait| wait.min(LONGEST)).map_err(error)
}

fn refused(error: SendError) -> Status {
    let why = error.to_string();
    match error {
        SendError::Unknown(_) => Status::not_found(why),
        SendError::Away(_) => Status::unavailable(why),
        SendError::NoId => Status::invalid_argument(why),
    }
}
