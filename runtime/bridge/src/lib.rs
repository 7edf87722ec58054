//! The Loom runtime server: `loom.v1` over gRPC, and a dashboard over HTTP.
//!
//! [`server::run`] is the program; [`server::BoundServer`] embeds a server in another one.
//!
//! | module | provides |
//! |---|---|
//! | [`proto`] | the wire protocol, generated from `proto/` |
//! | [`settings`] | the environment, read into one value |
//! | `inherited` | listening sockets that the starter of the server has bound |
//! | [`listen`] | listening sockets, and which addresses are allowed |
//! | [`tls`] | certificate and private key, read and checked |
//! | [`token`] | the bearer token of callers |
//! | [`access`] | which callers are admitted |
//! | [`spans`] | recorded spans of the runtime's work |
//! | [`otlp`] | export of spans, metrics and log lines to OpenTelemetry collectors |
//! | [`log_filter`] | the log filter, which can be changed while the server runs |
//! | `memory` | the memory of this process |
//! | [`log_line`] | one line of the log as a value |
//! | [`log_lines`] | hands lines of the log to the history and to the export |
//! | `log_writer` | log lines without what could forge lines or control a terminal |
//! | [`telemetry`] | logging and spans, set up for the process |
//! | [`convert`] | messages of the protocol to and from values of the core |
//! | [`outbound`] | items of the core's streams as messages of the protocol |
//! | [`delivery`] | a message that is encoded once and sent many times |
//! | [`request_ending`] | whether a client has closed its half of a stream, cancelled or broken it |
//! | [`connections`] | connections of clients, limited in number and idle time |
//! | [`runs`] | the history of runs |
//! | [`agent_stream`] | the event stream of an agent |
//! | [`bridge`] | the service `Bridge` |
//! | [`event_bus`] | the service `EventBus` |
//! | [`tool_service`] | the service `ToolService` |
//! | [`agent_runtime`] | the service `AgentRuntime` |
//! | [`trace_service`] | the OTLP trace service, for spans of agents |
//! | [`grpc`] | all gRPC services on one listener |
//! | [`dashboard`] | the dashboard and its JSON API |
//! | `builtin_tools` | the tools of the runtime itself: language models and MCP servers |
//! | [`ready`] | the file that tells the starter where the server listens |
//! | [`health`] | whether the server of an environment is serving, for the health checks of containers |
//! | [`signals`] | signals that stop the server |
//! | [`server`] | bind, serve, stop |
//! | [`report`] | exit codes and hints |

pub mod access;
pub mod agent_runtime;
pub mod agent_stream;
pub mod bridge;
mod builtin_tools;
pub mod connections;
pub mod convert;
pub mod dashboard;
pub mod delivery;
pub mod event_bus;
pub mod grpc;
pub mod health;
mod inherited;
pub mod listen;
pub mod log_filter;
pub mod log_line;
pub mod log_lines;
mod log_writer;
mod memory;
pub mod otlp;
pub mod outbound;
pub mod ready;
pub mod report;
pub mod request_ending;
pub mod runs;
pub mod server;
pub mod settings;
pub mod signals;
pub mod spans;
pub mod telemetry;
pub mod tls;
pub mod token;
pub mod tool_service;
pub mod trace_service;

/// The wire protocol: messages, clients and servers of the package `loom.v1`.
pub mod proto {
    #![allow(missing_docs, clippy::all, reason = "generated")]

    pub use crate::delivery::Delivery;

    tonic::include_proto!("loom.v1");

    /// The descriptors of all files, for reflection.
    pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/loom.bin"));
}
