//! Listening sockets, and which addresses are allowed.

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

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

/// Listens on the first of the addresses that this machine has; none of the others may be in use. `address` and `variable` are named in errors.
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

/// As [`bind`], unless a listening socket was inherited.
///
/// # Errors
/// As for [`bind`].
pub async fn bind_or_take(
    inherited: Option<std::net::TcpListener>,
    address: &HostPort,
    variable: &'static str,
    addresses: &[SocketAddr],
) -> Result<TcpListener, ListenError> {
    match inherited {
        Some(listener) => TcpListener::from_std(listener).map_err(|source| ListenError::Bind {
            address: address.clone(),
            variable,
            source,
        }),
        None => bind(address, variable, addresses).await,
    }
}

async fn bind_first(addresses: &[SocketAddr]) -> io::Result<TcpListener> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for (n, address) in addresses.iter().enumerate() {
        match TcpListener::bind(address).await {
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => last = error,
            Err(error) => return Err(error),
            Ok(listener) => {
                let port = listener.local_addr()?.port();
                let others = addresses[n + 1..].iter().filter(|other| *other != address);
                free_elsewhere(others.map(|other| (other.ip(), port)))?;
                return Ok(listener);
            }
        }
    }
    Err(last)
}

/// An error if another process listens on one of the addresses: clients that try it first would reach that process.
fn free_elsewhere(addresses: impl Iterator<Item = (IpAddr, u16)>) -> io::Result<()> {
    for address in addresses {
        match std::net::TcpListener::bind(address) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
            _ => {}
        }
    }
    Ok(())
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

    #[tokio::test]
    async fn every_address_must_be_free() {
        // 127.0.0.2 stands for the second address of a host name.
        let taken = std::net::TcpListener::bind("127.0.0.2:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let address = HostPort::new("name.example", port);
        let addresses: Vec<SocketAddr> = ["127.0.0.1", "127.0.0.2"]
            .map(|ip| SocketAddr::new(ip.parse().unwrap(), port))
            .to_vec();
        let error = bind(&address, "LOOM_BRIDGE_ADDR", &addresses).await.unwrap_err();
        assert!(matches!(error, ListenError::InUse { .. }), "{error:?}");
        drop(taken);
        let listener = bind(&address, "LOOM_BRIDGE_ADDR", &addresses).await.unwrap();
        assert_eq!(listener.local_addr().unwrap(), addresses[0]);
    }
}
