//! Limits of what callers name and of what the runtime keeps for them.
//!
//! Names are kept, indexed and logged; without a limit one caller could fill the memory or the log with them.

use crate::{event::Event, registration::Registration, tool::ToolCall};

/// The longest id of an agent, in bytes.
pub const MAX_AGENT_ID_BYTES: usize = 512;
/// The longest name of a tool, in bytes.
pub const MAX_TOOL_NAME_BYTES: usize = 512;
/// The longest topic or pattern, in bytes.
pub const MAX_TOPIC_BYTES: usize = 1024;
/// The longest id of an event or call, and the longest type and source of an event, in bytes.
pub const MAX_ID_BYTES: usize = 1024;
/// The longest key of metadata, headers and parameters, in bytes.
pub const MAX_KEY_BYTES: usize = 512;
/// The number of entries of one map of metadata, headers or parameters.
pub const MAX_ENTRIES: usize = 1024;
/// The number of patterns of one agent, and thereby of the subscriptions of one stream.
pub const MAX_TOPICS: usize = 1024;
/// The number of tools of one agent.
pub const MAX_TOOLS: usize = 1024;
/// The size of one registration, and of the description of one created agent, in bytes.
pub const MAX_REGISTRATION_BYTES: usize = 4 << 20;
/// The size of the state of one agent, in bytes.
pub const MAX_STATE_BYTES: usize = 16 << 20;
/// The size of all registrations, descriptions and states, in bytes.
pub const MAX_KEPT_BYTES: usize = 256 << 20;
/// The number of registered agents without a stream. Beyond it, the one that is away longest is unregistered.
pub const MAX_AWAY_AGENTS: usize = 10_000;
/// The number of created agents.
pub const MAX_CREATED_AGENTS: usize = 10_000;
/// The size of the events that wait for one stream, in bytes, over all its subscriptions.
pub const MAX_STREAM_BYTES: usize = 256 << 20;
/// The size of the events that wait for all created agents without a stream, in bytes.
pub const MAX_DETACHED_BYTES: usize = 256 << 20;
/// The size of the tool calls that wait for one stream, in bytes.
pub const MAX_WAITING_CALL_BYTES: usize = 64 << 20;

/// A limit is exceeded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// A text or value is too long.
    #[error("{what} is {length} bytes long; at most {limit} are allowed")]
    TooLong {
        /// What is too long.
        what: &'static str,
        /// Its length in bytes.
        length: usize,
        /// The limit.
        limit: usize,
    },
    /// There are too many of something.
    #[error("there are {count} {what}; at most {limit} are allowed")]
    TooMany {
        /// What there is too much of, in the plural.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// A name holds a line break, an escape sequence or another control character.
    #[error("{what} contains a control character")]
    Control {
        /// The name.
        what: &'static str,
    },
    /// The runtime keeps as much as it may for its agents.
    #[error("the registrations and states of all agents exceed {MAX_KEPT_BYTES} bytes")]
    KeptBytes,
}

/// Checks the length of a text or value.
///
/// # Errors
/// If it is longer than `limit`.
pub fn check_length(what: &'static str, length: usize, limit: usize) -> Result<(), LimitError> {
    if length <= limit { Ok(()) } else { Err(LimitError::TooLong { what, length, limit }) }
}

/// Checks a number of things.
///
/// # Errors
/// If there are more than `limit`.
pub fn check_count(what: &'static str, count: usize, limit: usize) -> Result<(), LimitError> {
    if count <= limit { Ok(()) } else { Err(LimitError::TooMany { what, count, limit }) }
}

/// Checks topics or patterns, and how many there are.
///
/// # Errors
/// If one is too long, or there are too many.
pub fn check_topics(topics: &[String]) -> Result<(), LimitError> {
    check_count("topics", topics.len(), MAX_TOPICS)?;
    topics.iter().try_for_each(|topic| check_topic(topic))
}

/// Checks a topic or pattern.
///
/// # Errors
/// If it is too long.
pub fn check_topic(topic: &str) -> Result<(), LimitError> {
    check_length("the topic", topic.len(), MAX_TOPIC_BYTES)
}

/// Checks the id of an agent.
///
/// # Errors
/// If it is too long or contains a control character.
pub fn check_agent_id(agent: &str) -> Result<(), LimitError> {
    check_name("agent_id", agent, MAX_AGENT_ID_BYTES)
}

/// Checks the name of a tool.
///
/// # Errors
/// If it is too long or contains a control character.
pub fn check_tool_name(name: &str) -> Result<(), LimitError> {
    check_name("the name of a tool", name, MAX_TOOL_NAME_BYTES)
}

fn check_name(what: &'static str, name: &str, limit: usize) -> Result<(), LimitError> {
    check_length(what, name.len(), limit)?;
    if name.chars().any(char::is_control) { Err(LimitError::Control { what }) } else { Ok(()) }
}

/// Checks the keys of metadata, headers or parameters.
///
/// # Errors
/// If one is too long, or there are too many.
pub fn check_keys<'a>(
    what: &'static str,
    keys: impl ExactSizeIterator<Item = &'a String>,
) -> Result<(), LimitError> {
    check_count(what, keys.len(), MAX_ENTRIES)?;
    let mut keys = keys;
    keys.try_for_each(|key| check_length("a key", key.len(), MAX_KEY_BYTES))
}

/// Checks an event that is published on `topic`.
///
/// # Errors
/// What of it is too long.
pub fn check_event(topic: &str, event: &Event) -> Result<(), LimitError> {
    check_topic(topic)?;
    check_length("the id of the event", event.id.len(), MAX_ID_BYTES)?;
    check_length("the type of the event", event.kind.len(), MAX_ID_BYTES)?;
    check_length("the source of the event", event.source.len(), MAX_ID_BYTES)?;
    check_keys("metadata entries", event.metadata.keys())?;
    let sender = event.metadata_value("sender").map_or(0, str::len);
    check_length("the sender of the event", sender, MAX_ID_BYTES)
}

/// Checks a call of a tool.
///
/// # Errors
/// What of it is too long.
pub fn check_call(call: &ToolCall) -> Result<(), LimitError> {
    check_length("the id of the call", call.id.len(), MAX_ID_BYTES)?;
    check_length("the name of the tool", call.name.len(), MAX_TOOL_NAME_BYTES)?;
    check_length("correlation_id", call.correlation_id.len(), MAX_ID_BYTES)?;
    check_length("the calling agent", call.caller().map_or(0, str::len), MAX_AGENT_ID_BYTES)?;
    check_keys("headers", call.headers.keys())
}

/// Checks a registration.
///
/// # Errors
/// What of it is too long or too much.
pub fn check_registration(registration: &Registration) -> Result<(), LimitError> {
    let Registration { agent, topics, tools, metadata } = registration;
    check_agent_id(agent)?;
    check_topics(topics)?;
    check_count("tools", tools.len(), MAX_TOOLS)?;
    for tool in tools {
        check_tool_name(&tool.name)?;
        check_keys("metadata entries of a tool", tool.metadata.keys())?;
    }
    check_keys("metadata entries", metadata.keys())?;
    check_length("the registration", registration.size(), MAX_REGISTRATION_BYTES)
}

/// The start of a text that was not checked, for a message or the log.
pub fn shown(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_AGENT_ID_BYTES)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::tool::Tool;

    fn long(limit: usize) -> String {
        "x".repeat(limit + 1)
    }

    #[test]
    fn the_fields_of_an_event_are_limited() {
        let event = Event::default;
        let metadata = |key: String, value: String| HashMap::from([(key, value)]);
        for event in [
            Event { id: long(MAX_ID_BYTES), ..event() },
            Event { kind: long(MAX_ID_BYTES), ..event() },
            Event { source: long(MAX_ID_BYTES), ..event() },
            Event { metadata: metadata(long(MAX_KEY_BYTES), String::new()), ..event() },
            Event { metadata: metadata("sender".to_owned(), long(MAX_ID_BYTES)), ..event() },
            Event {
                metadata: (0..=MAX_ENTRIES).map(|n| (n.to_string(), String::new())).collect(),
                ..event()
            },
        ] {
            assert!(check_event("t", &event).is_err());
        }
        assert!(check_event(&long(MAX_TOPIC_BYTES), &event()).is_err());
        let large = Event { payload: vec![0; 1 << 20].into(), ..event() };
        assert_eq!(check_event("t", &large), Ok(()), "the message limit applies to payloads");
    }

    #[test]
    fn the_fields_of_a_call_are_limited() {
        let call = ToolCall::default;
        for call in [
            ToolCall { id: long(MAX_ID_BYTES), ..call() },
            ToolCall { name: long(MAX_TOOL_NAME_BYTES), ..call() },
            ToolCall { correlation_id: long(MAX_ID_BYTES), ..call() },
            ToolCall { headers: [(long(MAX_KEY_BYTES), String::new())].into(), ..call() },
            ToolCall {
                headers: [("x-agent-id".to_owned(), long(MAX_AGENT_ID_BYTES))].into(),
                ..call()
            },
        ] {
            assert!(check_call(&call).is_err());
        }
        assert_eq!(check_call(&call()), Ok(()));
    }

    #[test]
    fn the_parts_of_a_registration_are_limited() {
        let registration = Registration::default;
        let tool = |name: String| Tool { name, ..Tool::default() };
        let many = |count: usize| (0..count).map(|n| n.to_string());
        let description = "d".repeat(MAX_REGISTRATION_BYTES);
        for registration in [
            Registration { agent: long(MAX_AGENT_ID_BYTES), ..registration() },
            Registration { topics: vec![long(MAX_TOPIC_BYTES)], ..registration() },
            Registration { topics: many(MAX_TOPICS + 1).collect(), ..registration() },
            Registration { tools: vec![tool(long(MAX_TOOL_NAME_BYTES))], ..registration() },
            Registration { tools: vec![tool("a\u{1b}[m".to_owned())], ..registration() },
            Registration { tools: many(MAX_TOOLS + 1).map(tool).collect(), ..registration() },
            Registration {
                tools: vec![Tool { description, ..tool("t".to_owned()) }],
                ..registration()
            },
        ] {
            assert!(check_registration(&registration).is_err());
        }
        let error = check_agent_id(&long(MAX_AGENT_ID_BYTES)).unwrap_err();
        assert_eq!(error.to_string(), "agent_id is 513 bytes long; at most 512 are allowed");
        for id in ["a\n", "\u{1b}[31m", "a\0", "\u{9b}0m"] {
            let error = check_agent_id(id).unwrap_err();
            assert_eq!(error.to_string(), "agent_id contains a control character");
        }
        assert_eq!(check_agent_id("an agent/é-1"), Ok(()));
    }

    #[test]
    fn shown_text_is_cut_between_characters() {
        assert_eq!(shown("é"), "é");
        let long = format!("{}é", "x".repeat(MAX_AGENT_ID_BYTES - 1));
        assert_eq!(shown(&long).len(), MAX_AGENT_ID_BYTES - 1);
    }
}
