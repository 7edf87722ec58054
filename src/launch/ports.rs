//! The addresses that a server is started on.
//!
//! A requested port is tried first, so that the process that has it can be named. Port 0 is passed on to a server that
//! can report which port it got; for a server that cannot, a free port is picked here, and another one if a process
//! takes it first.

use std::{
    fs::File,
    io::{self, Read},
    net::{SocketAddr, TcpListener, ToSocketAddrs},
    path::Path,
};

use loom_base::HostPort;
use loom_environment::names;

use super::{
    port_owner::{owner_of, port_owner},
    start_failure::{RuntimePort, StartFailure},
};

/// The addresses that one start is given.
#[derive(Debug, Clone)]
pub(super) struct ChosenPorts {
    pub(super) bridge: HostPort,
    pub(super) dashboard: Option<HostPort>,
    /// Whether a port was picked here: if it is taken after all, another one will do.
    pub(super) picked: bool,
    /// Whether the supervisor listens on them: a server that takes the sockets reports its addresses.
    pub(super) kept: bool,
}

/// Chooses the addresses for `program`.
pub(super) fn choose(
    program: &Path,
    bridge: &HostPort,
    dashboard: Option<&HostPort>,
) -> Result<ChosenPorts, StartFailure> {
    refuse_same_port(bridge, dashboard)?;
    let mut chosen = ChosenPorts {
        bridge: bridge.clone(),
        dashboard: dashboard.cloned(),
        picked: false,
        kept: false,
    };
    let any = bridge.port == 0 || dashboard.is_some_and(|address| address.port == 0);
    // Listeners stay open until all ports are picked; otherwise the same one might be picked twice.
    let mut listeners = Vec::new();
    let pick = any && !reports_its_ports(program);
    for (port, address) in chosen.addresses() {
        if address.port == 0 && !pick {
            continue;
        }
        let opened = listen(address).map_err(|refusal| refusal.into_failure(port, address))?;
        if let Some(local) = opened.first().and_then(|listener| listener.local_addr().ok()) {
            address.port = local.port();
        }
        listeners.extend(opened);
    }
    chosen.picked = pick;
    Ok(chosen)
}

/// Bridge and dashboard cannot listen on one port of the same host.
pub(super) fn refuse_same_port(
    bridge: &HostPort,
    dashboard: Option<&HostPort>,
) -> Result<(), StartFailure> {
    match dashboard {
        Some(dashboard) if bridge.port != 0 && bridge == dashboard => {
            Err(StartFailure::SamePort { address: dashboard.to_string() })
        }
        _ => Ok(()),
    }
}

impl ChosenPorts {
    fn addresses(&mut self) -> impl Iterator<Item = (RuntimePort, &mut HostPort)> {
        let dashboard = self.dashboard.as_mut().map(|address| (RuntimePort::Dashboard, address));
        std::iter::once((RuntimePort::Bridge, &mut self.bridge)).chain(dashboard)
    }

    /// The first address that another process listens on, after the server gave up.
    pub(super) fn taken(&self) -> Option<StartFailure> {
        self.clone()
            .addresses()
            .filter(|(_, address)| address.port != 0)
            .find_map(|(port, address)| Some(listen(address).err()?.into_failure(port, address)))
    }
}

/// Listens on every address of the host that this machine has, as clients may try any of them; with port 0 on one
/// free port of all. The addresses on which it fails are named in the error.
fn listen(address: &HostPort) -> Result<Vec<TcpListener>, ListenRefusal> {
    let resolved = (address.host.as_str(), address.port).to_socket_addrs();
    let mut addresses: Vec<SocketAddr> =
        resolved.map_err(|error| ListenRefusal { at: None, error })?.collect();
    // A hosts file may list an address twice.
    addresses.sort_unstable();
    addresses.dedup();
    let mut attempts = if address.port == 0 { FREE_PORTS } else { 1 };
    loop {
        attempts -= 1;
        match listen_on_all(&addresses) {
            Err(refusal) if refusal.is_taken() && attempts > 0 => {}
            outcome => return outcome,
        }
    }
}

/// Listens on the first address of the host that this machine has, as the server does; none of its other addresses may be
/// in use.
pub(super) fn listen_on_first(
    port: RuntimePort,
    address: &HostPort,
) -> Result<TcpListener, StartFailure> {
    let opened = listen(address).map_err(|refusal| refusal.into_failure(port, address))?;
    let resolved = (address.host.as_str(), address.port).to_socket_addrs();
    let order: Vec<_> = resolved.into_iter().flatten().map(|address| address.ip()).collect();
    let position = |listener: &TcpListener| {
        let ip = listener.local_addr().ok()?.ip();
        order.iter().position(|known| *known == ip)
    };
    let first = opened.into_iter().min_by_key(|listener| position(listener).unwrap_or(usize::MAX));
    first.ok_or_else(|| StartFailure::Listen {
        port,
        address: address.to_string(),
        why: io::Error::from(io::ErrorKind::AddrNotAvailable).to_string(),
    })
}

/// How often a port is picked that another process has on another address of the host.
const FREE_PORTS: usize = 20;

fn listen_on_all(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, ListenRefusal> {
    let mut listeners = Vec::new();
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    let mut port = None;
    for address in addresses {
        let address = SocketAddr::new(address.ip(), port.unwrap_or(address.port()));
        match TcpListener::bind(address) {
            Ok(listener) => {
                port = listener.local_addr().ok().map(|address| address.port());
                listeners.push(listener);
            }
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => last = error,
            Err(error) => return Err(ListenRefusal { at: Some(address), error }),
        }
    }
    if listeners.is_empty() { Err(ListenRefusal { at: None, error: last }) } else { Ok(listeners) }
}

/// Why an address cannot be listened on.
#[derive(Debug)]
struct ListenRefusal {
    /// The one address of several.
    at: Option<SocketAddr>,
    error: io::Error,
}

impl ListenRefusal {
    fn is_taken(&self) -> bool {
        self.error.kind() == io::ErrorKind::AddrInUse
    }

    fn into_failure(self, port: RuntimePort, requested: &HostPort) -> StartFailure {
        let address = requested.to_string();
        if self.is_taken() {
            let owner = self.at.and_then(owner_of).or_else(|| port_owner(requested.port));
            StartFailure::PortTaken { port, address, owner }
        } else {
            StartFailure::Listen { port, address, why: self.error.to_string() }
        }
    }
}

/// Whether `program` knows `LOOM_READY_FILE`, judged by whether the name occurs in it. Programs that we did not build
/// are not executed to find out, since some start to serve whatever their arguments are. A wrong "no" costs nothing but
/// the server's own choice of a port.
fn reports_its_ports(program: &Path) -> bool {
    names_variable(program, names::READY_FILE)
}

/// Whether `program` knows a variable, judged by whether its name occurs in it.
pub(super) fn names_variable(program: &Path, variable: &str) -> bool {
    let Ok(file) = File::open(program) else { return false };
    contains(file, variable.as_bytes()).unwrap_or(false)
}

fn contains(mut from: impl Read, what: &[u8]) -> io::Result<bool> {
    let find = memchr::memmem::Finder::new(what);
    let mut block = vec![0; 1 << 18];
    let mut kept = 0;
    loop {
        let read = from.read(&mut block[kept..])?;
        if read == 0 {
            return Ok(false);
        }
        let filled = kept + read;
        if find.find(&block[..filled]).is_some() {
            return Ok(true);
        }
        // The name may be split between two reads.
        kept = filled.min(what.len() - 1);
        block.copy_within(filled - kept..filled, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_that_two_reads_split() {
        for at in [0, 1, (1 << 18) - 7, 1 << 18, 600_000] {
            let mut bytes = vec![b'x'; at];
            bytes.extend_from_slice(b"LOOM_READY_FILE");
            bytes.extend_from_slice(&[0; 20]);
            assert!(contains(bytes.as_slice(), b"LOOM_READY_FILE").unwrap(), "{at}");
            assert!(!contains(bytes.as_slice(), b"LOOM_READY_FILES").unwrap(), "{at}");
        }
    }

    #[test]
    fn a_taken_port_is_reported_with_its_owner_and_a_free_one_is_picked_where_the_server_cannot() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = HostPort::new("127.0.0.1", taken.local_addr().unwrap().port());
        let nothing = Path::new("/nonexistent");
        let failure = choose(nothing, &address, None).unwrap_err();
        assert!(
            matches!(&failure, StartFailure::PortTaken { port: RuntimePort::Bridge, .. }),
            "{failure:?}"
        );
        #[cfg(target_os = "linux")]
        assert!(failure.to_string().contains(&format!("process {}", std::process::id())));

        let same = choose(nothing, &address, Some(&address)).unwrap_err();
        assert!(matches!(same, StartFailure::SamePort { .. }), "{same:?}");
        let any = HostPort::new("127.0.0.1", 0);
        let chosen = choose(nothing, &any, Some(&any)).unwrap();
        let dashboard = chosen.dashboard.unwrap();
        assert!(chosen.picked && chosen.bridge.port != 0 && dashboard.port != 0);
        assert_ne!(chosen.bridge.port, dashboard.port);
    }
}
