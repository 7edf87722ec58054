//! The Loom runtime server: `loom.v1` over gRPC, and a dashboard.
//!
//! | module | idea |
//! |---|---|
//! | [`proto`] | the wire: generated from `proto/` |
//! | [`settings`] | the environment, read into one value (pure) |
//! | [`listen`] | from a host and a port to a listening socket, and whether that is allowed |
//! | [`convert`] | wire types to and from the core's |
//! | [`delivery`] | an event that goes out many times and is encoded once |
//! | [`ending`] | did a client close its half, or break off? |
//! | [`token`] | who may call |
//! | [`bridge`] | the service `Bridge` |
//! | [`stream`] | its event stream |
//! | [`event_bus`] | the service `EventBus`: events without being an agent |
//! | [`tool_service`] | the service `ToolService`: all tools |
//! | [`agent_runtime`] | the service `AgentRuntime`: agents that live here |
//! | [`tls`] | a certificate and its key, read and checked |
//! | [`grpc`] | all gRPC services on one listener |
//! | [`dashboard`] | the page and its JSON, over HTTP |
//! | [`spans`] | what the runtime did, as spans of traces |
//! | [`otlp`] | spans on their way to a collector |
//! | [`logging`] | what is logged, and how that is changed |
//! | [`ready`] | tells whoever started us that we listen |
//! | [`signals`] | being asked to stop |
//! | `providers` | language models, from the environment (pure) |
//! | `mcp` | MCP servers, from the environment (pure) |
//! | `own` | the tools of the runtime itself: language models and MCP servers |
//! | [`server`] | start, serve, stop |

pub mod agent_runtime;
pub mod bridge;
pub mod convert;
pub mod dashboard;
pub mod delivery;
pub mod ending;
pub mod event_bus;
pub mod grpc;
pub mod listen;
pub mod logging;
mod mcp;
pub mod otlp;
mod own;
mod providers;
pub mod ready;
pub mod server;
pub mod settings;
pub mod signals;
pub mod spans;
pub mod stream;
pub mod tls;
pub mod token;
pub mod tool_service;

/// The wire: messages, clients and servers of package `loom.v1`.
pub mod proto {
    #![allow(missing_docs, clippy::all, reason = "generated")]

    pub use crate::delivery::Delivery;

    tonic::include_proto!("loom.v1");

    /// The descriptors of all files, for reflection.
    pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/loom.bin"));
}
