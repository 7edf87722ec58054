//! Addresses without a server: one refuses connections, the other accepts them and sends nothing.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener};

use rustix::{
    fd::OwnedFd,
    io::{FdFlags, fcntl_setfd},
    net,
};

/// A port that is bound but not listened on: no other process can bind it, and every connection is refused.
#[derive(Debug)]
pub struct Unreachable {
    _socket: OwnedFd,
    address: SocketAddr,
}

impl Unreachable {
    /// A port that the system picks.
    pub fn new() -> Self {
        let socket = net::socket(net::AddressFamily::INET, net::SocketType::STREAM, None).unwrap();
        // A call of its own, because macOS cannot create a socket with this flag.
        fcntl_setfd(&socket, FdFlags::CLOEXEC).unwrap();
        net::bind(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = net::getsockname(&socket).unwrap().try_into().unwrap();
        Self { _socket: socket, address }
    }

    /// `http://127.0.0.1:…`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// A port whose connections the kernel accepts and no process reads or answers.
#[derive(Debug)]
pub struct Unanswering(TcpListener);

impl Unanswering {
    /// A port that the system picks.
    pub fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    /// `http://127.0.0.1:…`
    pub fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }
}
