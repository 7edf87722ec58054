//! From a host and a port to a listening socket, and whether that is allowed.

use std::{io, net::SocketAddr};

use tokio::net::{TcpListener, lookup_host};

use crate::settings::HostPort;

/// Why nothing listens.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The host has no address.
    #[error("could not resolve {at} ({variable})")]
    Resolve {
        /// Where.
        at: HostPort,
        /// The variable that says so.
        variable: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// Others could call, and nothing would stop them.
    #[error("{at} ({variable}) can be reached from other machines, and no token protects it")]
    Exposed {
        /// Where.
        at: HostPort,
        /// The variable that says so.
        variable: &'static str,
    },
    /// Somebody else listens there.
    #[error("{at} ({variable}) is already in use")]
    Taken {
        /// Where.
        at: HostPort,
        /// The variable that says so.
        variable: &'static str,
    },
    /// The system refused.
    #[error("could not listen on {at} ({variable})")]
    Bind {
        /// Where.
        at: HostPort,
        /// The variable that says so.
        variable: &'static str,
        /// Why not.
        source: io::Error,
    },
}

impl ListenError {
    /// What can be done about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Exposed { .. } => Some(
                "set LOOM_BRIDGE_TOKEN, or LOOM_BRIDGE_INSECURE=1 if everybody there may call"
                    .to_owned(),
            ),
            Self::Taken { variable, .. } => {
                Some(format!("stop what listens there, or set {variable} to another port"))
            }
            Self::Resolve { .. } | Self::Bind { .. } => None,
        }
    }
}

/// Finds the addresses of a host; there is at least one.
pub async fn resolve(
    at: &HostPort,
    variable: &'static str,
) -> Result<Vec<SocketAddr>, ListenError> {
    let error = |source| ListenError::Resolve { at: at.clone(), variable, source };
    let found: Vec<_> = lookup_host((&*at.host, at.port)).await.map_err(error)?.collect();
    if found.is_empty() {
        return Err(error(io::Error::new(io::ErrorKind::NotFound, "the host has no address")));
    }
    Ok(found)
}

/// Whether all of the addresses are of this machine only.
pub fn is_local(addresses: &[SocketAddr]) -> bool {
    addresses.iter().all(|address| address.ip().to_canonical().is_loopback())
}

/// Listens on the first of the addresses that this machine has.
pub async fn bind(
    at: &HostPort,
    variable: &'static str,
    addresses: &[SocketAddr],
) -> Result<TcpListener, ListenError> {
    let at = at.clone();
    match first_bound(addresses).await {
        Ok(listener) => Ok(listener),
        Err(source) if source.kind() == io::ErrorKind::AddrInUse => {
            Err(ListenError::Taken { at, variable })
        }
        Err(source) => Err(ListenError::Bind { at, variable, source }),
    }
}

async fn first_bound(addresses: &[SocketAddr]) -> io::Result<TcpListener> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match TcpListener::bind(address).await {
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => last = error,
            // A taken address is not avoided: clients would find the other one there.
            outcome => return outcome,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_is_loopback_and_nothing_else() {
        let table = [
            ("127.0.0.1:1", true),
            ("127.8.8.8:1", true),
            ("[::1]:1", true),
            ("[::ffff:127.0.0.1]:1", true),
            ("0.0.0.0:1", false),
            ("[::]:1", false),
            ("10.0.0.1:1", false),
        ];
        for (address, local) in table {
            assert_eq!(is_local(&[address.parse().unwrap()]), local, "{address}");
        }
        let both = ["127.0.0.1:1".parse().unwrap(), "10.0.0.1:1".parse().unwrap()];
        assert!(!is_local(&both));
    }
}
