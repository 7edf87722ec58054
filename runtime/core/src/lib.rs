//! The core of the Loom runtime: events, agents and tools. It knows no wire protocol, no terminal and no environment.
//!
//! Start with [`Runtime`]. Modules in order of their layers; each imports only modules above it:
//!
//! | module | provides |
//! |---|---|
//! | [`trace_context`] | the position of a span in a trace |
//! | [`event`] | events, and the envelopes in which they are passed on |
//! | [`topic`], [`filter`] | which events a subscription gets |
//! | [`qos`] | how many events may be queued for a slow reader |
//! | [`tool`], [`tool_provider`] | tools, calls, results, and the interface of what executes tools |
//! | [`registration`] | what an agent declares |
//! | [`limits`] | limits of names, and of what is kept for callers |
//! | [`stream_id`] | ids of streams |
//! | [`queue_budget`], [`outbound_queue`], [`mailbox`] | the messages that wait for one stream |
//! | [`bus`] | from a topic to the mailboxes of its subscribers |
//! | [`registry`] | all tools that can be called |
//! | [`hosted_agent`], [`delivery_counters`] | what is known of one agent |
//! | [`directory`] | all known agents and their streams |
//! | [`pending_calls`], [`pending_replies`] | results and replies that are awaited |
//! | [`agent_tools`] | tools that agents execute |
//! | `detached_mailboxes` | mailboxes of created agents that have no stream |
//! | [`activity`] | counters, rates and observers |
//! | [`event_recorder`], `recent`, `trace_links`, `tracer` | the place of events and calls in traces |
//! | [`spans`] | spans of the runtime's own work |
//! | [`runtime`] | [`Runtime`], sessions and subscriptions |
//! | [`llm`] | language models, and the tool that calls them |
//! | [`mcp`] | MCP servers and their tools |
//!
//! No lock is held across an `await`; every lock guards a short synchronous step. Where two locks are needed they are
//! taken in this order: detached mailboxes, bus, mailbox; detached mailboxes, directory, registry. All others are taken
//! alone.

pub mod activity;
pub mod agent_tools;
pub mod bus;
pub mod delivery_counters;
mod detached_mailboxes;
pub mod directory;
pub mod event;
pub mod event_recorder;
pub mod filter;
pub mod hosted_agent;
pub mod limits;
pub mod llm;
pub mod mailbox;
pub mod mcp;
pub mod outbound_queue;
pub mod pending_calls;
pub mod pending_replies;
pub mod qos;
pub mod queue_budget;
mod recent;
pub mod registration;
pub mod registry;
pub mod runtime;
pub mod spans;
pub mod stream_id;
pub mod tool;
pub mod tool_provider;
pub mod topic;
pub mod trace_context;
mod trace_links;
mod tracer;

pub use activity::{ActivityTotals, ToolCallTotals};
pub use directory::AgentView;
pub use event::{Envelope, Event};
pub use event_recorder::{AgentChange, CallContent, EventRecorder, EventSpan, EventSpanKind};
pub use filter::Filter;
pub use hosted_agent::{AgentState, HostedProfile};
pub use limits::LimitError;
pub use mailbox::{Outgoing, StreamEnd};
pub use outbound_queue::QueueItem;
pub use qos::Qos;
pub use registration::Registration;
pub use registry::{Registry, ToolOffer};
pub use runtime::{
    CallReceipt, CreateAgentError, OutboundStream, PublishReceipt, Runtime, RuntimeOptions,
    RuntimeSnapshot, SendEventError, Session, SetStateError, Subscription, TopicStats, WeakRuntime,
};
pub use tool::{ProviderKind, Tool, ToolCall, ToolFailure, ToolFailureKind, ToolResult};
pub use tool_provider::ToolProvider;
pub use trace_context::{TRACEPARENT, TraceContext};
