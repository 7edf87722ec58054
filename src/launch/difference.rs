//! [`Difference`]: a setting in which the running runtime is not the requested one.

use loom_base::HostPort;
use loom_environment::names;

use super::start_failure::RuntimePort;

/// A setting in which the running runtime differs from the requested one.
///
/// Values of environment variables may be secret and are not included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The version, such as `0.2.0` or `dev`.
    Version {
        /// The version that runs.
        running: String,
        /// The version that was requested.
        requested: String,
    },
    /// The version is the same, its files are not: another build.
    Build,
    /// The address that one of the servers listens on, as `host:port`.
    Address {
        /// Which server.
        port: RuntimePort,
        /// The address of the running runtime.
        running: String,
        /// The requested address.
        requested: String,
    },
    /// The dashboard was requested, and the running runtime has none.
    DashboardOn {
        /// The requested address, as `host:port`.
        requested: String,
    },
    /// No dashboard was requested, and the running runtime has one.
    DashboardOff,
    /// The environment variable of this name.
    Variable(String),
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Version { running, requested } => {
                write!(f, "version is {running}, requested {requested}")
            }
            Self::Build => f.write_str("the build of this version differs"),
            Self::Address { port, running, requested } => match same_host(running, requested) {
                Some((running, requested)) => {
                    let (running, requested) = (shown(running), shown(requested));
                    write!(f, "{port} port is {running}, requested {requested}")
                }
                None => write!(f, "{port} address is {running}, requested {requested}"),
            },
            Self::DashboardOn { .. } => f.write_str("mode is bridge-only, requested full"),
            Self::DashboardOff => f.write_str("mode is full, requested bridge-only"),
            Self::Variable(name) => write!(f, "{} differs", configured_by(name)),
        }
    }
}

/// The two ports, where the hosts are equal: then naming the host would only distract.
fn same_host(running: &str, requested: &str) -> Option<(u16, u16)> {
    let running: HostPort = running.parse().ok()?;
    let requested: HostPort = requested.parse().ok()?;
    (running.host == requested.host).then_some((running.port, requested.port))
}

fn shown(port: u16) -> String {
    if port == 0 { "0 (any free port)".to_owned() } else { port.to_string() }
}

/// The setting by which a user configures what the runtime reads from the variable `name`.
fn configured_by(name: &str) -> &str {
    match name {
        names::LLM_PROVIDERS => "[llm] of loom.toml",
        names::MCP_SERVERS => "[mcp] of loom.toml",
        names::AGENTS => "[agents] of loom.toml",
        name => name,
    }
}
