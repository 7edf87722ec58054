//! The connection to a collector.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, WithExportConfig, WithHttpConfig, WithTonicConfig,
};
use reqwest::{Client, redirect::Policy};
use tokio::runtime::Handle;
use tonic::metadata::MetadataMap;
use url::Host;

use super::{
    certificates::OtlpCertificates, error::OtlpError, health::ExportHealth,
    http_client::OtlpHttpClient,
};
use crate::settings::{OtlpProtocol, OtlpTarget};

/// What is needed to connect to a collector.
pub(super) struct OtlpConnection<'t> {
    target: &'t OtlpTarget,
    certificates: OtlpCertificates,
    /// What the collector accepts.
    pub(super) health: Arc<ExportHealth>,
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
        Ok(Self { target, certificates, health: Arc::new(ExportHealth::new(target)) })
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
        let built = match self.target.protocol {
            OtlpProtocol::Grpc => build_grpc(self.over_grpc(grpc)),
            OtlpProtocol::HttpProtobuf => build_http(self.over_http(http)?),
        };
        // The library's error repeats the address with its secrets.
        built.map_err(|_| OtlpError::Address {
            variable: self.target.variable,
            address: self.target.address(),
        })
    }

    fn over_grpc<B: WithExportConfig + WithTonicConfig>(&self, builder: B) -> B {
        let headers = self.target.headers.iter().filter_map(|(name, value)| {
            Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
        });
        let builder = builder
            .with_endpoint(self.target.url.as_str())
            .with_timeout(self.target.timeout)
            .with_metadata(MetadataMap::from_headers(headers.collect::<HeaderMap>()));
        match self.target.url.scheme() {
            "https" => builder.with_tls_config(self.certificates.grpc()),
            _ => builder,
        }
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
