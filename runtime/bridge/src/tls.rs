//! A certificate and its key, read and checked before anything listens.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tonic::transport::{Identity, Server, ServerTlsConfig};

/// Where they are: PEM files, the certificate's with its chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Why TLS cannot be spoken.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("could not read {path} ({variable})")]
    Read {
        /// The file.
        path: PathBuf,
        /// The variable that names it.
        variable: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// They are read and make no sense, or do not belong together.
    #[error("{certificate} (LOOM_BRIDGE_TLS_CERT) and {key} (LOOM_BRIDGE_TLS_KEY) cannot be used")]
    Use {
        /// The certificate.
        certificate: PathBuf,
        /// Its private key.
        key: PathBuf,
        /// Why not.
        source: tonic::transport::Error,
    },
}

impl TlsFiles {
    /// Reads both and tries them.
    pub fn load(&self) -> Result<ServerTlsConfig, TlsError> {
        let certificate = read(&self.certificate, "LOOM_BRIDGE_TLS_CERT")?;
        let key = read(&self.key, "LOOM_BRIDGE_TLS_KEY")?;
        let config = ServerTlsConfig::new().identity(Identity::from_pem(certificate, key));
        let tried = Server::builder().tls_config(config.clone());
        tried.map(|_| config).map_err(|source| TlsError::Use {
            certificate: self.certificate.clone(),
            key: self.key.clone(),
            source,
        })
    }
}

fn read(path: &Path, variable: &'static str) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), variable, source })
}
