//! Which ports a server is started on.
//!
//! A port that was asked for is looked at first, so that a taken one can be named. Port 0 is passed on to a server
//! that can say which one it got; for one that can't we pick a free one, and pick again if somebody was faster.

use std::{
    fs::File,
    io::{self, Read},
    net::{TcpListener, ToSocketAddrs},
    path::Path,
};

use loom_environment::names;

use super::{
    Endpoint,
    error::{Port, StartFailure},
    owner,
};

/// The addresses that one start is given.
#[derive(Debug, Clone)]
pub(super) struct ChosenPorts {
    pub(super) bridge: Endpoint,
    pub(super) dashboard: Option<Endpoint>,
    /// Whether a port is one that we picked: if it is taken after all, another one will do.
    pub(super) picked: bool,
}

/// Chooses the addresses for `program`.
pub(super) fn choose(
    program: &Path,
    bridge: &Endpoint,
    dashboard: Option<&Endpoint>,
) -> Result<ChosenPorts, StartFailure> {
    let mut chosen =
        ChosenPorts { bridge: bridge.clone(), dashboard: dashboard.cloned(), picked: false };
    let any = bridge.port == 0 || dashboard.is_some_and(|d| d.port == 0);
    // Held until all are picked, else the same one might be picked twice.
    let mut held = Vec::new();
    let pick = any && !can_say_its_ports(program);
    for (port, endpoint) in chosen.each() {
        if endpoint.port == 0 && !pick {
            continue;
        }
        let listener = listen(endpoint).map_err(|e| refused(port, endpoint, &e))?;
        if endpoint.port == 0 {
            endpoint.port = listener.local_addr().map_err(|e| refused(port, endpoint, &e))?.port();
        }
        held.push(listener);
    }
    chosen.picked = pick;
    Ok(chosen)
}

impl ChosenPorts {
    fn each(&mut self) -> impl Iterator<Item = (Port, &mut Endpoint)> {
        let dashboard = self.dashboard.as_mut().map(|d| (Port::Dashboard, d));
        std::iter::once((Port::Bridge, &mut self.bridge)).chain(dashboard)
    }

    /// Which of the addresses somebody else listens on now, after the server gave up.
    pub(super) fn taken(&self) -> Option<StartFailure> {
        self.clone().each().filter(|(_, endpoint)| endpoint.port != 0).find_map(
            |(port, endpoint)| listen(endpoint).err().map(|e| refused(port, endpoint, &e)),
        )
    }
}

fn listen(endpoint: &Endpoint) -> io::Result<TcpListener> {
    let addresses: Vec<_> = (endpoint.host.as_str(), endpoint.port).to_socket_addrs()?.collect();
    TcpListener::bind(addresses.as_slice())
}

fn refused(port: Port, endpoint: &Endpoint, error: &io::Error) -> StartFailure {
    let address = endpoint.to_string();
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            StartFailure::PortTaken { port, address, owner: owner::of(endpoint.port) }
        }
        _ => StartFailure::Listen { port, address, why: error.to_string() },
    }
}

/// Whether `program` knows `LOOM_READY_FILE`, by looking for the name in it: programs that we did not build are never
/// run to be asked, since some start to serve whatever their arguments are. A wrong «no» costs nothing but the
/// server's own choice of a port.
fn can_say_its_ports(program: &Path) -> bool {
    let Ok(file) = File::open(program) else { return false };
    contains(file, names::READY_FILE.as_bytes()).unwrap_or(false)
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
        // It may stand across the border of two reads.
        kept = filled.min(what.len() - 1);
        block.copy_within(filled - kept..filled, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_across_the_border_of_two_reads() {
        for at in [0, 1, (1 << 18) - 7, 1 << 18, 600_000] {
            let mut bytes = vec![b'x'; at];
            bytes.extend_from_slice(b"LOOM_READY_FILE");
            bytes.extend_from_slice(&[0; 20]);
            assert!(contains(bytes.as_slice(), b"LOOM_READY_FILE").unwrap(), "{at}");
            assert!(!contains(bytes.as_slice(), b"LOOM_READY_FILES").unwrap(), "{at}");
        }
    }

    #[test]
    fn a_taken_port_is_named_with_its_owner_and_a_free_one_is_picked_for_a_server_that_cannot() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = Endpoint::new("127.0.0.1", taken.local_addr().unwrap().port());
        let nothing = Path::new("/nonexistent");
        let failure = choose(nothing, &endpoint, None).unwrap_err();
        assert!(
            matches!(&failure, StartFailure::PortTaken { port: Port::Bridge, .. }),
            "{failure:?}"
        );
        #[cfg(target_os = "linux")]
        assert!(failure.to_string().contains(&format!("process {}", std::process::id())));

        let any = Endpoint::new("127.0.0.1", 0);
        let chosen = choose(nothing, &any, Some(&any)).unwrap();
        let dashboard = chosen.dashboard.unwrap();
        assert!(chosen.picked && chosen.bridge.port != 0 && dashboard.port != 0);
        assert_ne!(chosen.bridge.port, dashboard.port);
    }
}
