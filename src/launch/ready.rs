//! When a server is ready: it has reported its addresses, or listens on the given ones, and passes the health check.

use std::{sync::Mutex, time::Duration};

use loom_base::{HostPort, LockExt as _};
use loom_environment::ReadyDocument;
use tokio::{net::TcpStream, time::Instant};

use super::{port_owner::port_owner, ports::ChosenPorts, system};
use crate::state::StateFile;

/// Waits until the server of process `pid` is ready. `missing` always holds the reason why it is not ready yet.
///
/// Checks again after an eighth of the time that has passed, at least 1 and at most 50 ms: so the delay that polling
/// adds to a start stays in proportion.
pub(super) async fn wait_until_ready(
    pid: u32,
    ports: &ChosenPorts,
    ready_file: &StateFile,
    missing: &Mutex<String>,
) -> ReadyDocument {
    let begun = Instant::now();
    loop {
        match check(pid, ports, ready_file).await {
            Ok(addresses) => return addresses,
            Err(why) => *missing.locked() = why,
        }
        let pause = begun.elapsed() / 8;
        tokio::time::sleep(pause.clamp(Duration::from_millis(1), Duration::from_millis(50))).await;
    }
}

async fn check(
    pid: u32,
    ports: &ChosenPorts,
    ready_file: &StateFile,
) -> Result<ReadyDocument, String> {
    if let Some(reported) = read(ready_file)? {
        let bridge: HostPort = reported
            .bridge
            .parse()
            .map_err(|e| format!("the server reported the address {:?}: {e}", reported.bridge))?;
        loom_health::check(&bridge.reachable()).await?;
        return Ok(reported);
    }
    if ports.kept
        || ports.bridge.port == 0
        || ports.dashboard.as_ref().is_some_and(|address| address.port == 0)
    {
        return Err("the server has not reported its addresses".to_owned());
    }
    connects(&ports.bridge.reachable()).await?;
    belongs_to(pid, ports.bridge.port)?;
    loom_health::check(&ports.bridge.reachable()).await?;
    if let Some(dashboard) = &ports.dashboard {
        connects(&dashboard.reachable()).await?;
    }
    Ok(ReadyDocument {
        bridge: ports.bridge.to_string(),
        dashboard: ports.dashboard.as_ref().map(|d| format!("http://{}", d.reachable())),
        login_key: None,
        inherited: false,
    })
}

fn read(ready_file: &StateFile) -> Result<Option<ReadyDocument>, String> {
    let document = ready_file.read_json_strictly();
    document.map_err(|error| error.to_string())
}

async fn connects(address: &HostPort) -> Result<(), String> {
    let connected = TcpStream::connect((address.host.as_str(), address.port)).await;
    connected.map(|_| ()).map_err(|_| format!("no process listens on {address}"))
}

/// An error if the port belongs to another process, which took it before our server did.
fn belongs_to(pid: u32, port: u16) -> Result<(), String> {
    match port_owner(port) {
        Some(owner) if owner.pid != pid && !system::in_group(owner.pid, pid) => {
            Err(format!("port {port} belongs to {owner}"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::StateDir;

    #[test]
    fn the_reported_addresses_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = StateDir::new(folder.path()).file("ready.json");
        assert_eq!(read(&file), Ok(None));
        file.write(br#"{"bridge":"127.0.0.1:1","dashboard":null,"later":1}"#).unwrap();
        let bridge = "127.0.0.1:1".to_owned();
        let reported = ReadyDocument { bridge, dashboard: None, login_key: None, inherited: false };
        assert_eq!(read(&file), Ok(Some(reported)));
        file.write(b"{").unwrap();
        assert!(read(&file).unwrap_err().contains("is not JSON"));
    }
}
