//! A server that listens and does not serve yet.

use std::net::SocketAddr;

use loom_base::HostPort;
use loom_environment::{LoginKey, ReadyDocument, names};
use tokio::net::TcpListener;
use tonic::transport::ServerTlsConfig;

use super::error::ServerError;
use crate::{
    dashboard,
    inherited::AdoptedListeners,
    listen::{self, ListenError},
    settings::ServerSettings,
    tls::TlsFiles,
};

/// A server that listens and does not serve yet; see [`ServingServer`](super::ServingServer) for an example.
#[derive(Debug)]
pub struct BoundServer {
    pub(super) settings: ServerSettings,
    pub(super) tls: Option<ServerTlsConfig>,
    pub(super) bridge: TcpListener,
    pub(super) dashboard: Option<BoundDashboard>,
    bridge_address: SocketAddr,
    /// Whether the listeners were inherited.
    is_inherited: bool,
}

/// The listener of the dashboard.
#[derive(Debug)]
pub(super) struct BoundDashboard {
    pub(super) listener: TcpListener,
    /// The host by which it was configured.
    pub(super) host: String,
    /// The key of its login codes; `None` where no token is set.
    pub(super) login_key: Option<LoginKey>,
    url: String,
}

impl BoundServer {
    /// Reads the certificate and listens as the settings say.
    ///
    /// # Errors
    /// If TLS cannot be used, an address is in use or invalid, or a non-loopback address has no token.
    pub async fn bind(settings: ServerSettings) -> Result<Self, ServerError> {
        let tls = settings.tls.as_ref().map(TlsFiles::load).transpose()?;
        let dashboard_address = settings.dashboard.as_ref();
        let adopted =
            AdoptedListeners::adopt(settings.listeners, &settings.bridge, dashboard_address);
        let is_inherited = adopted.bridge.is_some();
        let bridge = bind_bridge(&settings, adopted.bridge).await?;
        let bridge_address = local_address(&bridge, names::BRIDGE_ADDR, &settings.bridge)?;
        let dashboard = match &settings.dashboard {
            Some(address) => Some(bind_dashboard(&settings, address, adopted.dashboard).await?),
            None => None,
        };
        Ok(Self { settings, tls, bridge, dashboard, bridge_address, is_inherited })
    }

    /// The address of the gRPC listener.
    pub fn bridge_address(&self) -> SocketAddr {
        self.bridge_address
    }

    /// The URL of the dashboard, if it is on.
    pub fn dashboard_url(&self) -> Option<&str> {
        self.dashboard.as_ref().map(|dashboard| &*dashboard.url)
    }

    /// The document for the ready file.
    pub fn ready_document(&self) -> ReadyDocument {
        ReadyDocument {
            bridge: self.bridge_address.to_string(),
            dashboard: self.dashboard_url().map(str::to_owned),
            login_key: self.dashboard.as_ref().and_then(|dashboard| dashboard.login_key.clone()),
            inherited: self.is_inherited,
        }
    }
}

async fn bind_bridge(
    settings: &ServerSettings,
    inherited: Option<std::net::TcpListener>,
) -> Result<TcpListener, ListenError> {
    let address = &settings.bridge;
    let variable = names::BRIDGE_ADDR;
    let addresses = listen::resolve(address, variable).await?;
    if is_exposed(settings, address, variable, &addresses)? && settings.tls.is_none() {
        let fix = names::BRIDGE_TLS_CERT;
        tracing::warn!(at = %address, "events and tokens are sent unencrypted: set {fix}");
    }
    listen::bind_or_take(inherited, address, variable, &addresses).await
}

async fn bind_dashboard(
    settings: &ServerSettings,
    address: &HostPort,
    inherited: Option<std::net::TcpListener>,
) -> Result<BoundDashboard, ServerError> {
    // Resolving and exposure are matters of the host.
    let variable = names::DASHBOARD_HOST;
    let addresses = listen::resolve(address, variable).await?;
    if is_exposed(settings, address, variable, &addresses)? {
        tracing::warn!(at = %address, "the dashboard sends events and tokens unencrypted");
    }
    let variable = names::DASHBOARD_PORT;
    let listener = listen::bind_or_take(inherited, address, variable, &addresses).await?;
    let bound = local_address(&listener, variable, address)?;
    let url = dashboard::url(address, bound);
    let login_key = settings.token.as_ref().map(|_| LoginKey::random()).transpose();
    let login_key = login_key.map_err(ServerError::Random)?;
    Ok(BoundDashboard { listener, host: address.host.clone(), login_key, url })
}

/// Whether other machines can reach these addresses.
///
/// # Errors
/// If they can, no token is set, and that is not allowed explicitly.
fn is_exposed(
    settings: &ServerSettings,
    address: &HostPort,
    variable: &'static str,
    addresses: &[SocketAddr],
) -> Result<bool, ListenError> {
    let is_exposed = !listen::is_loopback(addresses);
    if is_exposed && settings.token.is_none() && !settings.allow_insecure {
        return Err(ListenError::Exposed { address: address.clone(), variable });
    }
    Ok(is_exposed)
}

fn local_address(
    listener: &TcpListener,
    variable: &'static str,
    address: &HostPort,
) -> Result<SocketAddr, ListenError> {
    let error = |source| ListenError::Bind { address: address.clone(), variable, source };
    listener.local_addr().map_err(error)
}
