//! A host and a port, as `127.0.0.1:50051`, `localhost:3030` or `[::1]:50051`.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

use crate::loopback;

/// A host, as a name or an address, and a port.
///
/// # Examples
/// ```
/// use loom_base::HostPort;
///
/// let address: HostPort = "[::1]:50051".parse()?;
/// assert_eq!((address.host.as_str(), address.port), ("::1", 50051));
/// assert_eq!(address.to_string(), "[::1]:50051");
/// # Ok::<(), loom_base::HostPortError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HostPort {
    /// `127.0.0.1`, `localhost` or `::1`, without brackets.
    pub host: String,
    /// The port; 0 lets the operating system pick one.
    pub port: u16,
}

/// A text that is not `host:port`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected host:port, such as 127.0.0.1:50051 or [::1]:50051")]
pub struct HostPortError;

impl HostPort {
    /// `host` (without brackets) and `port`.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port }
    }

    /// Whether only this machine can reach it: see [`loopback::is_loopback_host`].
    pub fn is_loopback(&self) -> bool {
        loopback::is_loopback_host(&self.host)
    }

    /// The address by which a client on this machine reaches a server that listens here: an unspecified host
    /// (`0.0.0.0`, `::`) becomes the loopback address of its family.
    #[must_use]
    pub fn reachable(&self) -> Self {
        let host = match self.host.parse() {
            Ok(IpAddr::V4(ip)) if ip.is_unspecified() => "127.0.0.1",
            Ok(IpAddr::V6(ip)) if ip.is_unspecified() => "::1",
            _ => &self.host,
        };
        Self::new(host, self.port)
    }
}

impl FromStr for HostPort {
    type Err = HostPortError;

    fn from_str(text: &str) -> Result<Self, HostPortError> {
        let (host, port) = text.rsplit_once(':').ok_or(HostPortError)?;
        let port = port.parse().map_err(|_| HostPortError)?;
        let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(inner) => inner.parse::<Ipv6Addr>().map_err(|_| HostPortError)?.to_string(),
            // An IPv6 address without brackets would leave open where the port begins.
            None if host.is_empty() || host.contains([':', '/', '@', ' ', '[', ']']) => {
                return Err(HostPortError);
            }
            None => host.to_owned(),
        };
        Ok(Self { host, port })
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_value_agree() {
        for (text, host, port) in [
            ("127.0.0.1:50051", "127.0.0.1", 50051),
            ("localhost:0", "localhost", 0),
            ("[::1]:3030", "::1", 3030),
            ("a.example:65535", "a.example", 65535),
        ] {
            let address: HostPort = text.parse().unwrap();
            assert_eq!(address, HostPort::new(host, port));
            assert_eq!(address.to_string(), text);
        }
        for bad in
            ["", "a", ":1", "a:", "a:65536", "::1:1", "[a]:1", "[::1]", "a/b:1", "u@a:1", "a b:1"]
        {
            assert_eq!(bad.parse::<HostPort>(), Err(HostPortError), "{bad:?}");
        }
    }

    #[test]
    fn an_unspecified_host_is_reached_by_loopback() {
        for (host, reachable) in [
            ("0.0.0.0", "127.0.0.1"),
            ("::", "::1"),
            ("10.0.0.1", "10.0.0.1"),
            ("a.example", "a.example"),
        ] {
            assert_eq!(HostPort::new(host, 1).reachable(), HostPort::new(reachable, 1));
        }
    }
}
