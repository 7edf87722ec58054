//! Listening sockets, and which addresses are allowed.

use std::{io, net::SocketAddr};

use loom_base::{HostPort, loopback};
use tokio::net::{TcpListener, lookup_host};

/// Why the server cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The host has no address.
    #[error("could not resolve {address} ({variable})")]
    Resolve {
        /// The address to listen on.
        address: HostPort,
        /// The variable that sets it.
        variable: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// Other machines can reach the address, and no token is set.
    #[error("{address} ({variable}) is reachable from other machines, and no token is set")]
    Exposed {
        /// The address to listen on.
        address: HostPort,
        /// The variable that sets it.
        variable: &'static str,
    },
    /// Another process listens on the address.
    #[error("{address} ({variable}) is already in use")]
    InUse {
        /// The address to listen on.
        address: HostPort,
        /// The variable that sets it.
        variable: &'static str,
    },
    /// The system refuses to listen on the address.
    #[error("could not listen on {address} ({variable})")]
    Bind {
        /// The address to listen on.
        address: HostPort,
        /// The variable that sets it.
        variable: &'static str,
        /// The cause.
        source: io::Error,
    },
}

/// Resolves a host to its addresses; there is at least one. `variable` is named in errors.
///
/// # Errors
/// If the host has no address.
pub async fn resolve(
    address: &HostPort,
    variable: &'static str,
) -> Result<Vec<SocketAddr>, ListenError> {
    let error = |source| ListenError::Resolve { address: address.clone(), variable, source };
    let found = lookup_host((&*address.host, address.port)).await.map_err(error)?;
    let found: Vec<_> = found.collect();
    if found.is_empty() {
        return Err(error(io::Error::new(io::ErrorKind::NotFound, "the host has no address")));
    }
    Ok(found)
}

/// Whether all addresses can be reached from this machine only.
pub fn is_loopback(addresses: &[SocketAddr]) -> bool {
    addresses.iter().all(|address| loopback::is_loopback_ip(address.ip()))
}

/// Listens on the first of the addresses that this machine has. `address` and `variable` are named in errors.
///
/// # Errors
/// If the address is in use, or the system refuses it.
pub async fn bind(
    address: &HostPort,
    variable: &'static str,
    addresses: &[SocketAddr],
) -> Result<TcpListener, ListenError> {
    bind_first(addresses).await.map_err(|source| {
        let address = address.clone();
        if source.kind() == io::ErrorKind::AddrInUse {
            ListenError::InUse { address, variable }
        } else {
            ListenError::Bind { address, variable, source }
        }
    })
}

async fn bind_first(addresses: &[SocketAddr]) -> io::Result<TcpListener> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match TcpListener::bind(address).await {
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => last = error,
            // An address in use is an error, and the next one is not tried: clients would reach the other process.
            outcome => return outcome,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_must_be_loopback() {
        let table: [(&[&str], bool); 5] = [
            (&["127.0.0.1:1"], true),
            (&["127.8.8.8:1", "[::1]:1", "[::ffff:127.0.0.1]:1"], true),
            (&["0.0.0.0:1"], false),
            (&["[::]:1"], false),
            (&["127.0.0.1:1", "10.0.0.1:1"], false),
        ];
        for (addresses, expected) in table {
            let parsed: Vec<_> = addresses.iter().map(|text| text.parse().unwrap()).collect();
            assert_eq!(is_loopback(&parsed), expected, "{addresses:?}");
        }
    }
}
