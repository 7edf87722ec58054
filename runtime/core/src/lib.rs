//! The heart of the Loom runtime: events, agents and their tools. It knows no wire and no terminal.
//!
//! | module | idea |
//! |---|---|
//! | [`event`] | what happened, and who says so |
//! | [`topic`] | which topics a subscription means |
//! | [`filter`] | which of a topic's events a subscription takes |
//! | [`qos`] | how much may wait for a slow reader, and what gives way |
//! | [`backlog`] | what waits for one stream, in order and bounded (pure) |
//! | [`mailbox`] | a backlog that wakes its reader |
//! | [`bus`] | from a topic to the mailboxes that want it |
//! | [`directory`] | which agents there are, their topics, tools and streams |
//! | [`hosted`] | agents that live here whether they are connected or not, and their state |
//! | [`replies`] | who waits for what an agent has to say to an event |
//! | [`subscription`] | a subscription of somebody who is no agent |
//! | [`tool`] | what a tool is, a call, and an answer |
//! | [`registry`] | every tool that can be called, whoever carries it out |
//! | [`calls`] | tool calls under way at agents, and their answers |
//! | [`agent_tools`] | agents as carriers-out of tools |
//! | [`llm`] | language models, and the tool that asks them |
//! | [`mcp`] | MCP servers, and their tools |
//! | [`session`] | one open stream of an agent |
//! | [`feed`] | what just happened, for people who watch |
//! | [`flow`] | who lately spoke to whom |
//! | [`meter`] | how often something happens |
//! | [`topic_counts`] | how much is published, topic by topic |
//! | [`activity`] | counters, feed and flow together |
//! | [`spans`] | the runtime's own work, for traces |
//! | [`usage`] | how tools were used |
//! | [`runtime`] | all of it as one value |
//!
//! No lock is held across an await: every lock guards a short, synchronous step. Order of locks, where two are needed:
//! parked mailboxes, then bus, then mailbox; parked mailboxes, then directory, then registry. All others are taken alone.

pub mod activity;
pub mod agent_tools;
pub mod backlog;
pub mod bus;
pub mod calls;
pub mod directory;
pub mod event;
pub mod feed;
pub mod filter;
pub mod flow;
pub mod hosted;
pub mod llm;
mod lock;
pub mod mailbox;
pub mod mcp;
pub mod meter;
pub mod qos;
pub mod registry;
pub mod replies;
pub mod runtime;
pub mod session;
pub mod spans;
pub mod subscription;
pub mod tool;
pub mod topic;
pub mod topic_counts;
pub mod usage;

pub use activity::Activity;
pub use event::{Envelope, Event};
pub use filter::Filter;
pub use hosted::{AgentState, HostedProfile};
pub use mailbox::{Outgoing, StreamEnd};
pub use qos::Qos;
pub use registry::{Registry, ToolOffer, ToolProvider};
pub use runtime::{Runtime, RuntimeOptions};
pub use session::{Outbound, Session};
pub use subscription::Subscription;
pub use tool::{ProviderKind, Tool, ToolCall, ToolFailure, ToolFailureKind, ToolResult};
