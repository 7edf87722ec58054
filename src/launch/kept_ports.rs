//! [`KeptPorts`]: the free ports that a runtime had got, for the one that replaces it.

use loom_base::HostPort;
use loom_environment::ReadyDocument;
use serde::{Deserialize, Serialize};
use url::Url;

use super::document::RuntimeDocument;

/// The ports to use where any free port is requested: clients of the previous runtime find the next one there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptPorts {
    bridge: Option<u16>,
    dashboard: Option<u16>,
}

impl KeptPorts {
    /// The ports of a running runtime.
    pub(super) fn of(document: &RuntimeDocument) -> Self {
        Self {
            bridge: document.bridge.as_ref().and_then(|bridge| port_of_address(&bridge.address)),
            dashboard: document
                .dashboard
                .as_ref()
                .and_then(|dashboard| port_of_url(&dashboard.url)),
        }
    }

    /// The ports that a server has reported.
    pub(super) fn reported(addresses: &ReadyDocument) -> Self {
        Self {
            bridge: port_of_address(&addresses.bridge),
            dashboard: addresses.dashboard.as_deref().and_then(port_of_url),
        }
    }

    /// The address for the bridge: `requested`, with the kept port instead of 0.
    pub(super) fn bridge(&self, requested: &HostPort) -> HostPort {
        with_port(requested, self.bridge)
    }

    /// The same for the dashboard.
    pub(super) fn dashboard(&self, requested: &HostPort) -> HostPort {
        with_port(requested, self.dashboard)
    }
}

fn with_port(requested: &HostPort, kept: Option<u16>) -> HostPort {
    match kept {
        Some(port) if requested.port == 0 => HostPort::new(&requested.host, port),
        _ => requested.clone(),
    }
}

fn port_of_address(address: &str) -> Option<u16> {
    address.parse::<HostPort>().ok().map(|address| address.port)
}

fn port_of_url(url: &str) -> Option<u16> {
    Url::parse(url).ok()?.port_or_known_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_request_for_any_port_is_replaced() {
        let kept = KeptPorts::reported(&ReadyDocument {
            bridge: "127.0.0.1:50123".to_owned(),
            dashboard: Some("http://127.0.0.1:41000".to_owned()),
            login_key: None,
            inherited: false,
        });
        let host = |port| HostPort::new("127.0.0.1", port);
        assert_eq!(kept.bridge(&host(0)), host(50123));
        assert_eq!(kept.bridge(&host(50051)), host(50051));
        assert_eq!(kept.dashboard(&host(0)), host(41000));
        assert_eq!(KeptPorts::default().dashboard(&host(0)), host(0));
    }
}
