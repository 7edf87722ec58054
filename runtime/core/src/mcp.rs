//! MCP servers: programs that the runtime starts and talks to over standard input and output, and servers that it reaches
//! over HTTP. It offers their tools as `<server>:<tool>`.
//!
//! | module | provides |
//! |---|---|
//! | [`config`] | the configuration of one server |
//! | [`environment`] | the part of the runtime's environment that every server inherits |
//! | `stderr_tail` | the last lines on a server's standard error, without secrets |
//! | `process` | a running program and all that it started |
//! | [`result`] | MCP's results and errors as those of tools |
//! | `wire` | messages of servers, read leniently |
//! | `http` | a server over HTTP |
//! | `client` | the runtime's side of a connection |
//! | `listing` | the tools of a server, within limits |
//! | `connection` | a server that answers, and the state of a server |
//! | `server_tools` | executes the tools of one server |
//! | [`restart`] | when a server is started again |
//! | `server_task` | starts, lists, watches and restarts one server |
//! | [`server_states`] | the states of all servers, for observers |
//! | `servers` | all servers |

mod client;
pub mod config;
mod connection;
pub mod environment;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod listing;
mod process;
pub mod restart;
pub mod result;
pub mod server_states;
mod server_task;
mod server_tools;
mod servers;
mod stderr_tail;
mod wire;

pub use config::{McpHttpConfig, McpProgramConfig, McpServerConfig, McpTimeouts};
pub use process::LONGEST_END;
pub use restart::RestartPolicy;
pub use server_states::{McpServerStates, McpServerStatus};
pub use servers::McpServers;
