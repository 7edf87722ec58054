//! What a launch needs to know, as plain values. Where they come from (stores, files, flags) is not known here.

use std::{ffi::OsString, fmt, fs::File, net::IpAddr, path::PathBuf, time::Duration};

use loom_environment::ServerVariable;
use serde::{Deserialize, Serialize};

/// A host (name or address, without brackets) and a port; port 0 lets the server or the system pick one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Such as `127.0.0.1`, `localhost` or `::1`.
    pub host: String,
    /// 0 = any free one.
    pub port: u16,
}

impl Endpoint {
    /// `host` and `port` as given.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port }
    }

    /// The address under which a client on this machine reaches it: an unspecified host becomes loopback.
    pub fn reachable(&self) -> Self {
        let host = match self.host.parse() {
            Ok(IpAddr::V4(ip)) if ip.is_unspecified() => "127.0.0.1",
            Ok(IpAddr::V6(ip)) if ip.is_unspecified() => "::1",
            _ => &self.host,
        };
        Self::new(host, self.port)
    }

    /// Reads `host:port`, the host of an IPv6 address in brackets.
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let inner = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        let host = inner.unwrap_or(host);
        if host.is_empty() || (inner.is_none() && host.contains(':')) {
            return None;
        }
        Some(Self::new(host, port.parse().ok()?))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// Why a runtime was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LaunchKind {
    /// By `up`: one per project and program; lives until it is stopped.
    Up,
    /// By `exec`: as many as there are commands; lives as long as the process that started it.
    Exec,
}

/// The command that becomes the supervisor: this very program with its hidden argument.
#[derive(Debug, Clone)]
pub struct Launcher {
    /// The `loom` program.
    pub program: PathBuf,
    /// Its arguments, such as `__supervise`.
    pub args: Vec<OsString>,
}

/// One runtime to start.
#[derive(Debug)]
pub struct Launch {
    /// The program itself, not a link that may change while it starts.
    pub program: PathBuf,
    /// The name of the program's release, such as `loom-bridge-server`.
    pub binary: String,
    /// The version for people and documents: `0.2.0`, `dev`.
    pub version: String,
    /// The digest of the tree that the program lies in.
    pub tree: Option<String>,
    /// The tree's lock, held shared. Supervisor and server inherit it, so it is held as long as either lives.
    /// (Not on Windows, where a running program's file cannot be removed anyway.)
    pub lease: Option<File>,
    /// Added to the inherited environment; the variables that this floor sets itself
    /// (`LOOM_BRIDGE_ADDR`, `LOOM_DASHBOARD*`, `LOOM_READY_FILE`) win.
    pub env: Vec<ServerVariable>,
    /// Where gRPC is served.
    pub bridge: Endpoint,
    /// Where the dashboard is served; `None` = off.
    pub dashboard: Option<Endpoint>,
    /// How long the server may take until it answers.
    pub ready_timeout: Duration,
    /// How long it may take to end after it was asked to, before it is killed.
    pub grace: Duration,
    /// The project's folder, absolute: whose runtime this is, and the server's working folder.
    pub project: PathBuf,
    /// The state folder; instances lie in `instances/` under it.
    pub state: PathBuf,
    /// Why it is started.
    pub kind: LaunchKind,
    /// How to start the supervisor.
    pub launcher: Launcher,
    /// What the caller wants to find again when it restarts this runtime (its flags, say); no secrets.
    pub launch_args: serde_json::Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_read_and_written() {
        for text in ["127.0.0.1:50051", "localhost:0", "[::1]:80"] {
            assert_eq!(Endpoint::parse(text).map(|e| e.to_string()).as_deref(), Some(text));
        }
        for bad in ["", "127.0.0.1", ":1", "::1:80", "a:65536", "a:b"] {
            assert_eq!(Endpoint::parse(bad), None, "{bad}");
        }
        assert_eq!(Endpoint::new("0.0.0.0", 1).reachable(), Endpoint::new("127.0.0.1", 1));
        assert_eq!(Endpoint::new("::", 1).reachable(), Endpoint::new("::1", 1));
    }
}
