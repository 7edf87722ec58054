//! The connection to a collector.

use std::{sync::Arc, time::Duration};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, WithExportConfig, WithHttpConfig, WithTonicConfig,
};
use reqwest::{Client, redirect::Policy};
use tokio::runtime::Handle;
use tonic::{
    metadata::MetadataMap,
    transport::{Channel, Endpoint},
};
use url::Host;

use super::{
    certificates::OtlpCertificates, deadline::ExportDeadline, error::OtlpError,
    health::ExportHealth, http_client::OtlpHttpClient,
};
use crate::settings::{OtlpProtocol, OtlpTarget};

/// How often a collector that is silent is asked whether it is there.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// What is needed to connect to a collector.
pub(super) struct OtlpConnection<'t> {
    target: &'t OtlpTarget,
    certificates: OtlpCertificates,
    /// What the collector accepts.
    pub(super) health: Arc<ExportHealth>,
    /// When an export ends.
    pub(super) deadline: ExportDeadline,
}

impl<'t> OtlpConnection<'t> {
    /// Reads and checks the certificates.
    ///
    /// # Errors
    /// If a file cannot be read or is invalid.
    pub(super) fn prepare(target: &'t OtlpTarget) -> Result<Self, OtlpError> {
        let certificates = match target.url.scheme() {
            "https" => OtlpCertificates::load(target)?,
            _ => OtlpCertificates::default(),
        };
        let health = Arc::new(ExportHealth::new(target));
        Ok(Self { target, certificates, health, deadline: ExportDeadline::new(target.timeout) })
    }

    /// Builds the exporter of a signal for the protocol of the settings.
    ///
    /// # Errors
    /// If the address or TLS cannot be used.
    pub(super) fn build<G, H, E>(
        &self,
        (grpc, build_grpc): (G, impl FnOnce(G) -> Result<E, ExporterBuildError>),
        (http, build_http): (H, impl FnOnce(H) -> Result<E, ExporterBuildError>),
    ) -> Result<E, OtlpError>
    where
        G: WithExportConfig + WithTonicConfig,
        H: WithExportConfig + WithHttpConfig,
    {
        // Errors of the libraries repeat the address with its secrets.
        let invalid = || OtlpError::Address {
            variable: self.target.variable,
            address: self.target.address(),
        };
        match self.target.protocol {
            OtlpProtocol::Grpc => {
                let channel = self.channel().map_err(|_| invalid())?;
                build_grpc(self.over_grpc(grpc, channel)).map_err(|_| invalid())
            }
            OtlpProtocol::HttpProtobuf => build_http(self.over_http(http)?).map_err(|_| invalid()),
        }
    }

    /// A channel that connects when it is used, and finds out when its collector is gone.
    fn channel(&self) -> Result<Channel, tonic::transport::Error> {
        let OtlpTarget { url, timeout, .. } = self.target;
        let endpoint = Endpoint::from_shared(url.to_string())?
            .connect_timeout(*timeout)
            .timeout(*timeout)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(*timeout);
        let endpoint = match url.scheme() {
            "https" => endpoint.tls_config(self.certificates.grpc().timeout(*timeout))?,
            _ => endpoint,
        };
        Ok(endpoint.connect_lazy())
    }

    fn over_grpc<B: WithExportConfig + WithTonicConfig>(&self, builder: B, channel: Channel) -> B {
        let headers = self.target.headers.iter().filter_map(|(name, value)| {
            Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
        });
        builder
            .with_channel(channel)
            .with_timeout(self.target.timeout)
            .with_metadata(MetadataMap::from_headers(headers.collect::<HeaderMap>()))
    }

    fn over_http<B: WithExportConfig + WithHttpConfig>(&self, builder: B) -> Result<B, OtlpError> {
        let client = OtlpHttpClient {
            client: self.http_client()?,
            runtime: Handle::current(),
            health: Arc::clone(&self.health),
        };
        Ok(builder
            .with_endpoint(self.target.url.as_str())
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(self.target.timeout)
            .with_headers(self.target.headers.iter().cloned().collect())
            .with_http_client(client))
    }

    fn http_client(&self) -> Result<Client, OtlpError> {
        let target = self.target;
        let builder = || {
            let builder = Client::builder().timeout(target.timeout).redirect(Policy::none());
            if is_loopback(target) { builder.no_proxy() } else { builder }
        };
        self.certificates.http_client(builder).map_err(|source| OtlpError::Tls {
            address: target.address(),
            variable: target.variable,
            source,
        })
    }
}

/// Whether the collector is on this machine, which no proxy reaches.
fn is_loopback(target: &OtlpTarget) -> bool {
    match target.url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
