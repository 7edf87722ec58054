//! The configuration of MCP servers.

use std::{collections::BTreeMap, ffi::OsString, fmt, time::Duration};

use reqwest::header::HeaderMap;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::restart::RestartPolicy;

/// One MCP server, as the table `[mcp.<name>]` describes it.
#[derive(Debug, Clone)]
pub enum McpServerConfig {
    /// A program, which the runtime starts.
    Program(McpProgramConfig),
    /// A server that runs by itself.
    Http(McpHttpConfig),
}

impl McpServerConfig {
    /// The server's name: the part before the colon in the names of its tools.
    pub fn name(&self) -> &str {
        match self {
            Self::Program(program) => &program.name,
            Self::Http(server) => &server.name,
        }
    }

    /// The texts that may be secrets: values of variables, and the words in headers, such as the token behind `Bearer`.
    pub(super) fn secrets(&self) -> Vec<&str> {
        match self {
            Self::Program(program) => {
                program.env.values().map(|value| value.expose_secret()).collect()
            }
            Self::Http(server) => {
                let values = server.headers.values().filter_map(|value| value.to_str().ok());
                values.flat_map(str::split_whitespace).collect()
            }
        }
    }
}

/// A server over HTTP.
#[derive(Clone)]
pub struct McpHttpConfig {
    /// The server's name.
    pub name: String,
    /// Where it answers.
    pub url: Url,
    /// Headers of every request; their values may be secrets.
    pub headers: HeaderMap,
}

/// Shows neither the address nor values: they may hold secrets.
impl fmt::Debug for McpHttpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut server = f.debug_struct("McpHttpConfig");
        server.field("name", &self.name).field("headers", &self.headers.len());
        server.finish_non_exhaustive()
    }
}

/// A server that is a program.
#[derive(Clone)]
pub struct McpProgramConfig {
    /// The server's name.
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
    /// From the start of a program, or the first request over HTTP, to the list of tools. Long, since programs such as `npx`
    /// may download the server first.
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
impl fmt::Debug for McpProgramConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpProgramConfig")
            .field("name", &self.name)
            .field("command", &self.command)
            .field("args", &self.args.len())
            .field("env", &self.env.keys())
            .finish_non_exhaustive()
    }
}
