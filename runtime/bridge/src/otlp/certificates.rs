//! The files of authorities, certificate and private key, read and checked before anything is exported.

use loom_base::bounded_file;
use reqwest::{Certificate, Client, ClientBuilder, Identity};
use tonic::transport::{Certificate as GrpcCertificate, ClientTlsConfig, Identity as GrpcIdentity};

use super::error::OtlpError;
use crate::settings::{NamedFile, OtlpTarget};

/// The size limit of each file, in bytes.
const MAX_SIZE: u64 = 1 << 20;

/// What TLS needs, as PEM.
#[derive(Default)]
pub(super) struct OtlpCertificates {
    /// The authorities that are trusted; `None` for those of the system.
    authorities: Option<Vec<u8>>,
    /// The certificate chain that is shown, and its private key.
    identity: Option<(Vec<u8>, Vec<u8>)>,
}

impl OtlpCertificates {
    /// Reads and checks the files.
    ///
    /// # Errors
    /// If a file cannot be read or is invalid, or certificate and key do not belong together.
    pub(super) fn load(target: &OtlpTarget) -> Result<Self, OtlpError> {
        let authorities = target.authorities.as_ref().map(read).transpose()?;
        let identity = match &target.identity {
            Some((certificate, key)) => Some((read(certificate)?, read(key)?)),
            None => None,
        };
        let loaded = Self { authorities, identity };
        if let Some(NamedFile { variable, path }) = &target.authorities {
            let roots = loaded.roots().unwrap_or_default();
            if roots.is_empty() || loom_tls::only(Client::builder(), &roots, &[]).is_err() {
                return Err(OtlpError::Certificate { path: path.clone(), variable });
            }
        }
        if let Some((certificate, key)) = &target.identity {
            let identity = loaded.identity();
            let check =
                |identity| loom_tls::only(Client::builder().identity(identity), &[], &[]).is_ok();
            if !identity.is_some_and(check) {
                let (certificate, key) = (certificate.clone(), key.clone());
                return Err(OtlpError::Identity { certificate, key });
            }
        }
        Ok(loaded)
    }

    fn roots(&self) -> Option<Vec<Certificate>> {
        Certificate::from_pem_bundle(self.authorities.as_ref()?).ok()
    }

    fn identity(&self) -> Option<Identity> {
        let (certificate, key) = self.identity.as_ref()?;
        Identity::from_pem(&[certificate.as_slice(), b"\n", key].concat()).ok()
    }

    /// Builds an HTTP client.
    ///
    /// # Errors
    /// Where no authority is trusted.
    pub(super) fn http_client(
        &self,
        builder: impl Fn() -> ClientBuilder,
    ) -> reqwest::Result<Client> {
        let with_identity = || match self.identity() {
            Some(identity) => builder().identity(identity),
            None => builder(),
        };
        match self.roots() {
            Some(roots) => loom_tls::only(with_identity(), &roots, &[]),
            None => loom_tls::client(with_identity, &[]),
        }
    }

    /// The TLS of a gRPC client.
    pub(super) fn grpc(&self) -> ClientTlsConfig {
        loom_tls::install_provider();
        let config = match &self.authorities {
            Some(pem) => ClientTlsConfig::new().ca_certificate(GrpcCertificate::from_pem(pem)),
            None => ClientTlsConfig::new().trust_anchors(loom_tls::trust_anchors()),
        };
        match &self.identity {
            Some((certificate, key)) => config.identity(GrpcIdentity::from_pem(certificate, key)),
            None => config,
        }
    }
}

fn read(NamedFile { variable, path }: &NamedFile) -> Result<Vec<u8>, OtlpError> {
    bounded_file::read(path, MAX_SIZE).map_err(|source| OtlpError::Read {
        path: path.clone(),
        variable,
        source,
    })
}
