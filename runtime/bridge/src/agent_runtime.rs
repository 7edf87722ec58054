//! The service `AgentRuntime`: agents that the runtime hosts.
//!
//! - `CreateAgent` makes an agent known until `DeleteAgent`, however its streams end. While it has no stream, events of
//!   its topics are queued (2048 per topic, then the oldest are dropped); its next stream gets them. An agent that is
//!   registered keeps its registration and gets the topics that it lacks, from its next stream on. `capabilities` and
//!   `parameters` are stored and shown; tools are what the agent itself registers. Creating an agent twice: `success` =
//!   false.
//! - `DeleteAgent` removes the agent with its state, topics and tools. Its streams end with OK, so that it does not
//!   reconnect.
//! - `GetAgentState` and `UpdateAgentState` keep two byte strings and metadata for an agent that is created or
//!   registered, in memory, as long as it is known. `last_update_ms` is by the server's clock, 0 before the first
//!   update. For an unknown agent: NOT_FOUND, or `success` = false. Beyond a limit: RESOURCE_EXHAUSTED; the old state
//!   stays.
//! - `SendEvent` sends an event to one agent, whatever it is subscribed to: to its newest stream, as a delivery of the
//!   topic `agent.<id>.events`, else to the queue of a created agent. An unknown agent is NOT_FOUND, a registered one
//!   without a stream UNAVAILABLE. It returns at once, unless the event's metadata has `reply_timeout_ms` (at most ten
//!   minutes): then it waits that long for the first event that the agent publishes, on any topic, with
//!   `correlation_id` = the event's id, and returns a copy in `generated_events` (empty if there is none). `actions` is
//!   always empty.

use std::time::{Duration, SystemTime};

use loom_base::time::epoch_millis;
use loom_core::{AgentState, Event, HostedProfile, Runtime, SendEventError, SetStateError, limits};
use tonic::{Request, Response, Status};

use crate::{convert, proto};

/// The longest time to wait for a reply.
const MAX_REPLY_TIMEOUT: Duration = Duration::from_secs(600);

/// The service `AgentRuntime`.
#[derive(Debug, Clone)]
pub struct AgentRuntimeService {
    /// The runtime that hosts the agents.
    pub runtime: Runtime,
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
        let topics = config.subscribed_topics;
        let created = self.runtime.create_agent(&config.agent_id, topics, profile);
        let error_message = created.err().map(|error| error.to_string()).unwrap_or_default();
        let success = error_message.is_empty();
        Ok(Response::new(proto::CreateAgentResponse { success, error_message }))
    }

    async fn delete_agent(
        &self,
        request: Request<proto::DeleteAgentRequest>,
    ) -> Result<Response<proto::DeleteAgentResponse>, Status> {
        let success = self.runtime.delete_agent(&request.into_inner().agent_id);
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
        let new = AgentState {
            persistent: state.persistent_state,
            ephemeral: state.ephemeral_context,
            updated: Some(SystemTime::now()),
            metadata: state.metadata,
        };
        let success = match self.runtime.set_agent_state(&state.agent_id, new) {
            Ok(()) => true,
            Err(SetStateError::UnknownAgent(_)) => false,
            Err(SetStateError::Limit(limit)) => {
                return Err(Status::resource_exhausted(limit.to_string()));
            }
        };
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
        let reply = self.runtime.send_event(&agent_id, event, wait).await.map_err(status)?;
        Ok(Response::new(proto::AgentResponse {
            generated_events: reply.iter().map(convert::event_to_wire).collect(),
            // An agent that was deleted meanwhile has no state.
            updated_state: self.state(agent_id.clone()).ok(),
            agent_id,
            actions: Vec::new(),
        }))
    }
}

impl AgentRuntimeService {
    fn state(&self, agent_id: String) -> Result<proto::AgentState, Status> {
        let state = self.runtime.agent_state(&agent_id);
        let state = state.ok_or_else(|| {
            status(SendEventError::UnknownAgent(limits::shown(&agent_id).to_owned()))
        })?;
        Ok(proto::AgentState {
            agent_id,
            persistent_state: state.persistent,
            ephemeral_context: state.ephemeral,
            last_update_ms: state.updated.map_or(0, epoch_millis),
            metadata: state.metadata,
        })
    }
}

fn reply_timeout(event: &Event) -> Result<Duration, Status> {
    let Some(text) = event.metadata_value("reply_timeout_ms") else { return Ok(Duration::ZERO) };
    let milliseconds = text.parse().map_err(|_| {
        Status::invalid_argument("reply_timeout_ms must be a number of milliseconds")
    })?;
    Ok(Duration::from_millis(milliseconds).min(MAX_REPLY_TIMEOUT))
}

fn status(error: SendEventError) -> Status {
    let message = error.to_string();
    match error {
        SendEventError::UnknownAgent(_) => Status::not_found(message),
        SendEventError::NotConnected(_) => Status::unavailable(message),
        SendEventError::MissingId | SendEventError::Limit(_) => Status::invalid_argument(message),
    }
}
