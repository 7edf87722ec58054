//! When a server is ready: it has said where it listens, or listens where it was told to, and answers there.

use std::{cell::RefCell, fs, io, path::Path, time::Duration};

use loom_environment::ReadyDocument;
use tokio::{net::TcpStream, time::Instant};

use super::{Endpoint, owner, ports::ChosenPorts, probe, system};

/// Waits until the server of process `pid` answers. `doubt` always holds what is still missing.
///
/// Asks again after an eighth of the time that has passed, 1 to 50 ms: what we add to a start stays in proportion.
pub(super) async fn answered(
    pid: u32,
    ports: &ChosenPorts,
    ready_file: &Path,
    doubt: &RefCell<String>,
) -> ReadyDocument {
    let begun = Instant::now();
    loop {
        match look(pid, ports, ready_file).await {
            Ok(addresses) => return addresses,
            Err(why) => *doubt.borrow_mut() = why,
        }
        let pause = begun.elapsed() / 8;
        tokio::time::sleep(pause.clamp(Duration::from_millis(1), Duration::from_millis(50))).await;
    }
}

async fn look(pid: u32, ports: &ChosenPorts, ready_file: &Path) -> Result<ReadyDocument, String> {
    if let Some(said) = read(ready_file)? {
        let bridge = Endpoint::parse(&said.bridge)
            .ok_or_else(|| format!("it says that it listens at {:?}", said.bridge))?;
        probe::serves(&bridge.reachable()).await?;
        return Ok(said);
    }
    if ports.bridge.port == 0 || ports.dashboard.as_ref().is_some_and(|d| d.port == 0) {
        return Err("it has not said where it listens".to_owned());
    }
    listens(&ports.bridge.reachable()).await?;
    ours(pid, ports.bridge.port)?;
    probe::serves(&ports.bridge.reachable()).await?;
    if let Some(dashboard) = &ports.dashboard {
        listens(&dashboard.reachable()).await?;
    }
    Ok(ReadyDocument {
        bridge: ports.bridge.to_string(),
        dashboard: ports.dashboard.as_ref().map(|d| format!("http://{}", d.reachable())),
    })
}

fn read(ready_file: &Path) -> Result<Option<ReadyDocument>, String> {
    match fs::read(ready_file) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|e| format!("what it says of its addresses cannot be read: {e}")),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(format!("{} cannot be read: {e}", ready_file.display())),
    }
}

async fn listens(endpoint: &Endpoint) -> Result<(), String> {
    let connected = TcpStream::connect((endpoint.host.as_str(), endpoint.port)).await;
    connected.map(|_| ()).map_err(|_| format!("nothing listens at {endpoint}"))
}

/// An answer from somebody else's server, which took the port before ours, is no answer.
fn ours(pid: u32, port: u16) -> Result<(), String> {
    match owner::of(port) {
        Some(owner) if owner.pid != pid && !system::in_group(owner.pid, pid) => {
            Err(format!("port {port} belongs to {owner}"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_of_its_addresses_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ready.json");
        assert_eq!(read(&file), Ok(None));
        fs::write(&file, r#"{"bridge":"127.0.0.1:1","dashboard":null,"later":1}"#).unwrap();
        let said = ReadyDocument { bridge: "127.0.0.1:1".to_owned(), dashboard: None };
        assert_eq!(read(&file), Ok(Some(said)));
        fs::write(&file, "{").unwrap();
        assert!(read(&file).unwrap_err().contains("cannot be read"));
    }
}
