//! [`KeptSockets`]: the listening sockets of a runtime, which its supervisor keeps open while one server ends and the next
//! one starts, so that connections wait instead of being refused.

use std::{io, net::TcpListener, path::Path};

use loom_base::HostPort;
use loom_environment::{InheritedListeners, names};

use super::{
    ports::{self, ChosenPorts},
    start_failure::{RuntimePort, StartFailure},
    system,
};

/// The number of connections that wait in a queue of the system.
#[cfg(unix)]
const QUEUE: i32 = 1024;

/// The listening sockets of bridge and dashboard.
#[derive(Debug)]
pub(super) struct KeptSockets {
    bridge: KeptSocket,
    dashboard: Option<KeptSocket>,
}

#[derive(Debug)]
struct KeptSocket {
    /// The address by which the server knows it, with the port that it has.
    address: HostPort,
    listener: TcpListener,
}

impl KeptSocket {
    fn bind(port: RuntimePort, address: &HostPort) -> Result<Self, StartFailure> {
        let listener = ports::listen_on_first(port, address)?;
        let failed = |error: io::Error| StartFailure::Listen {
            port,
            address: address.to_string(),
            why: error.to_string(),
        };
        let local = listener.local_addr().map_err(failed)?;
        #[cfg(unix)]
        rustix::net::listen(&listener, QUEUE).map_err(|errno| failed(errno.into()))?;
        Ok(Self { address: HostPort::new(&address.host, local.port()), listener })
    }
}

impl KeptSockets {
    /// Whether `program` takes sockets that it inherits, judged by whether it names the variable. None does where sockets
    /// cannot be inherited.
    pub(super) fn are_taken_by(program: &Path) -> bool {
        cfg!(unix) && ports::names_variable(program, names::LISTEN_FDS)
    }

    /// Listens on these addresses; port 0 is any free one.
    pub(super) fn bind(
        bridge: &HostPort,
        dashboard: Option<&HostPort>,
    ) -> Result<Self, StartFailure> {
        ports::refuse_same_port(bridge, dashboard)?;
        let bind_dashboard = |address| KeptSocket::bind(RuntimePort::Dashboard, address);
        Ok(Self {
            bridge: KeptSocket::bind(RuntimePort::Bridge, bridge)?,
            dashboard: dashboard.map(bind_dashboard).transpose()?,
        })
    }

    /// The addresses that the server is given.
    pub(super) fn ports(&self) -> ChosenPorts {
        let dashboard = self.dashboard.as_ref().map(|socket| socket.address.clone());
        ChosenPorts { bridge: self.bridge.address.clone(), dashboard, picked: false, kept: true }
    }

    /// Calls `start`, which starts a server that inherits the sockets, with the variable that tells the server so. No
    /// other program inherits them.
    pub(super) fn hand_over<T>(
        &self,
        start: impl FnOnce((&'static str, String)) -> io::Result<T>,
    ) -> io::Result<T> {
        let sockets = || [Some(&self.bridge), self.dashboard.as_ref()].into_iter().flatten();
        for socket in sockets() {
            system::inheritable(&socket.listener)?;
        }
        let started = start((names::LISTEN_FDS, self.variable()));
        for socket in sockets() {
            system::not_inheritable(&socket.listener)?;
        }
        started
    }

    fn variable(&self) -> String {
        let listeners = InheritedListeners {
            parent: std::process::id(),
            bridge: system::number_of(&self.bridge.listener).unwrap_or(-1),
            dashboard: self
                .dashboard
                .as_ref()
                .and_then(|socket| system::number_of(&socket.listener)),
        };
        // Numbers alone: serialising them cannot fail.
        serde_json::to_string(&listeners).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_wait_while_no_server_accepts_them() {
        let any = HostPort::new("127.0.0.1", 0);
        let sockets = KeptSockets::bind(&any, Some(&any)).unwrap();
        let ChosenPorts { bridge, dashboard, .. } = sockets.ports();
        let dashboard = dashboard.unwrap();
        assert!(bridge.port != 0 && dashboard.port != 0 && bridge.port != dashboard.port);
        for address in [bridge, dashboard] {
            std::net::TcpStream::connect((address.host.as_str(), address.port)).unwrap();
        }
    }
}
