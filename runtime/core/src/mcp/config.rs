//! The configuration of MCP servers.

use std::{collections::BTreeMap, ffi::OsString, fmt, time::Duration};

use secrecy::SecretString;

use super::restart::RestartPolicy;

/// One MCP server, as the table `[mcp.<name>]` describes it.
#[derive(Clone)]
pub struct McpServerConfig {
    /// The server's name: the part before the colon in the names of its tools.
    pub name: String,
    /// The program: a path, or a name that is searched for in `PATH`.
    pub command: String,
    /// The program's arguments.
    pub args: Vec<String>,
    /// Variables of the program's environment, besides the inherited ones.
    pub env: BTreeMap<String, SecretString>,
    /// The variables that every server inherits; see [`environment::inherited`](super::environment::inherited).
    pub inherited: BTreeMap<OsString, OsString>,
}

/// Timeouts of all MCP servers, and when they are started again.
#[derive(Debug, Clone, Copy)]
pub struct McpTimeouts {
    /// From the start of a program to its list of tools. Long, since programs such as `npx` may download the server
    /// first.
    pub start: Duration,
    /// How long a server may take to answer a ping, or to list its tools again.
    pub response: Duration,
    /// When a server that ended is started again.
    pub restart: RestartPolicy,
}

impl Default for McpTimeouts {
    /// 120 s for the start, 60 s for a response.
    fn default() -> Self {
        Self {
            start: Duration::from_secs(120),
            response: Duration::from_secs(60),
            restart: RestartPolicy::default(),
        }
    }
}

/// Shows how many arguments there are and not what they are: arguments may hold secrets too.
impl fmt::Debug for McpServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpServerConfig")
            .field("name", &self.name)
            .field("command", &self.command)
            .field("args", &self.args.len())
            .field("env", &self.env.keys())
            .finish_non_exhaustive()
    }
}
