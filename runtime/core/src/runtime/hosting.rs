//! Agents that the runtime hosts: created and deleted through it, and sent events one by one.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::inner::RuntimeInner;
use crate::{
    event::{Envelope, Event},
    hosted_agent::{AgentState, HostedProfile},
    limits::{self, LimitError},
    mailbox::StreamEnd,
};

/// Why an agent cannot be created.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreateAgentError {
    /// The agent's id is empty.
    #[error("agent_id cannot be empty")]
    EmptyId,
    /// The agent was created before.
    #[error("agent {0} already exists")]
    Exists(String),
    /// A limit is exceeded.
    #[error(transparent)]
    Limit(#[from] LimitError),
}

/// Why the state of an agent cannot be replaced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetStateError {
    /// The agent is neither registered nor created.
    #[error("unknown agent {0}")]
    UnknownAgent(String),
    /// A limit is exceeded.
    #[error(transparent)]
    Limit(#[from] LimitError),
}

/// Why an event cannot be sent to an agent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendEventError {
    /// The agent is neither registered nor created.
    #[error("unknown agent {0}")]
    UnknownAgent(String),
    /// The agent is registered, was not created and has no stream.
    #[error("agent {0} is not connected")]
    NotConnected(String),
    /// The event has no id, so that its reply could not be recognised.
    #[error("an event whose reply is awaited needs an id")]
    MissingId,
    /// A part of the event is too long.
    #[error(transparent)]
    Limit(#[from] LimitError),
}

/// See [`Runtime::create_agent`](crate::Runtime::create_agent).
pub(super) fn create(
    inner: &RuntimeInner,
    agent: &str,
    topics: Vec<String>,
    profile: HostedProfile,
) -> Result<(), CreateAgentError> {
    if agent.is_empty() {
        return Err(CreateAgentError::EmptyId);
    }
    limits::check_agent_id(agent)?;
    limits::check_topics(&topics)?;
    limits::check_keys("parameters", profile.parameters.keys())?;
    limits::check_length("the description", profile.size(), limits::MAX_REGISTRATION_BYTES)?;
    if !inner.directory.create(agent, topics, profile, Instant::now())? {
        return Err(CreateAgentError::Exists(agent.to_owned()));
    }
    tracing::info!(agent, "agent created");
    inner.ensure_detached(agent);
    inner.activity.registered(agent);
    Ok(())
}

/// See [`Runtime::delete_agent`](crate::Runtime::delete_agent).
pub(super) fn delete(inner: &RuntimeInner, agent: &str) -> bool {
    let Some(streams) = inner.delete_agent(agent) else { return false };
    streams.iter().for_each(|mailbox| mailbox.close(StreamEnd::Completed));
    tracing::info!(agent, "agent deleted");
    inner.activity.unregistered(agent);
    true
}

/// See [`Runtime::set_agent_state`](crate::Runtime::set_agent_state).
pub(super) fn set_state(
    inner: &RuntimeInner,
    agent: &str,
    state: AgentState,
) -> Result<(), SetStateError> {
    limits::check_keys("metadata entries", state.metadata.keys())?;
    limits::check_length("the state", state.size(), limits::MAX_STATE_BYTES)?;
    if inner.directory.set_agent_state(agent, state)? {
        Ok(())
    } else {
        Err(SetStateError::UnknownAgent(limits::shown(agent).to_owned()))
    }
}

/// See [`Runtime::send_event`](crate::Runtime::send_event).
pub(super) async fn send(
    inner: &RuntimeInner,
    agent: &str,
    event: Event,
    wait: Duration,
) -> Result<Option<Event>, SendEventError> {
    limits::check_event("", &event)?;
    if wait.is_zero() {
        return deliver(inner, agent, event).map(|()| None);
    }
    if event.id.is_empty() {
        return Err(SendEventError::MissingId);
    }
    let mut pending = inner.replies.expect(agent, &event.id);
    deliver(inner, agent, event)?;
    Ok(tokio::time::timeout(wait, pending.reply()).await.ok().flatten())
}

/// Queues an event in the newest stream of an agent, else in its detached mailbox.
fn deliver(inner: &RuntimeInner, agent: &str, event: Event) -> Result<(), SendEventError> {
    let unreachable = || {
        if inner.directory.contains(agent) {
            SendEventError::NotConnected(agent.to_owned())
        } else {
            SendEventError::UnknownAgent(limits::shown(agent).to_owned())
        }
    };
    let newest = inner.directory.newest_stream(agent).map(|(_, mailbox)| mailbox);
    let mailbox = newest.or_else(|| inner.detached_mailbox(agent));
    // A stream of an agent that is neither registered nor created does not make the agent known.
    let mailbox = mailbox.filter(|_| inner.directory.contains(agent)).ok_or_else(unreachable)?;
    let topic = format!("agent.{agent}.events");
    let mut envelope = Envelope::new(topic.clone(), "", event);
    let parent = inner.tracer.begin(&mut envelope);
    let envelope = Arc::new(envelope);
    inner.activity.published(&envelope);
    let dropped = mailbox.deliver_direct(&topic.into(), Arc::clone(&envelope));
    inner.tracer.published(&envelope, parent);
    let dropped = dropped.ok_or_else(unreachable)?;
    inner.activity.dropped(dropped);
    Ok(())
}
