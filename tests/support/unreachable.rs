//! An address that refuses connections.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use rustix::{fd::OwnedFd, net};

/// A port that is taken but not listened on: nobody else can get it, and every connection is refused.
#[derive(Debug)]
pub struct Unreachable {
    _socket: OwnedFd,
    address: SocketAddr,
}

impl Unreachable {
    /// A port that the system picks.
    pub fn new() -> Self {
        let socket = net::socket_with(
            net::AddressFamily::INET,
            net::SocketType::STREAM,
            net::SocketFlags::CLOEXEC,
            None,
        )
        .unwrap();
        net::bind(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = net::getsockname(&socket).unwrap().try_into().unwrap();
        Self { _socket: socket, address }
    }

    /// `http://127.0.0.1:…`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}
