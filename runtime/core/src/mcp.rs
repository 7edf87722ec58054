//! MCP servers: programs that we start, speak to over their standard input and output, and whose tools we offer as
//! `<server>:<tool>`.
//!
//! | module | idea |
//! |---|---|
//! | [`spec`] | which program, with what |
//! | [`environment`] | what of our environment a program gets to see (pure) |
//! | `process` | a program that runs, and everything it started |
//! | `words` | what a program says on standard error, bounded and without secrets |
//! | [`backoff`] | when to start it again (pure) |
//! | `client` | what we are to the server: hears that its tools changed |
//! | `state` | how a server is just now, for everybody who calls it |
//! | [`answer`] | from MCP's results and errors to ours (pure) |
//! | `server` | one server's calls |
//! | `life` | one server's life: start, list, watch, end, again |
//! | `servers` | all of them |

pub mod answer;
pub mod backoff;
mod client;
pub mod environment;
mod life;
mod process;
mod server;
mod servers;
pub mod spec;
mod state;
mod words;

pub use backoff::Backoff;
pub use servers::{McpServers, Pace};
pub use spec::McpServerConfig;
