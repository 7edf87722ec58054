//! Certificate and private key of the server, read and checked before it listens.

use std::{
    io,
    path::{Path, PathBuf},
};

use loom_base::bounded_file;
use loom_environment::names;
use tonic::transport::{Identity, Server, ServerTlsConfig};

/// The PEM files of certificate and private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The file of the certificate chain.
    pub certificate: PathBuf,
    /// The file of the certificate's private key.
    pub key: PathBuf,
}

/// The size limit of each file, in bytes. A chain of certificates has some KiB.
const MAX_SIZE: u64 = 1 << 20;

/// Why TLS cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, is not a regular file, or is larger than 1 MiB.
    #[error("could not read {path} ({variable})")]
    Read {
        /// The file.
        path: PathBuf,
        /// The variable that names it.
        variable: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// A file is not PEM, or the two do not belong together.
    #[error(
        "invalid certificate {certificate} ({}) or private key {key} ({})",
        names::BRIDGE_TLS_CERT,
        names::BRIDGE_TLS_KEY
    )]
    Invalid {
        /// The file of the certificate chain.
        certificate: PathBuf,
        /// The file of the private key.
        key: PathBuf,
        /// The cause.
        source: tonic::transport::Error,
    },
}

impl TlsFiles {
    /// Reads both files and checks that they belong together.
    ///
    /// # Errors
    /// If a file cannot be read, is invalid, or does not belong to the other one.
    pub fn load(&self) -> Result<ServerTlsConfig, TlsError> {
        let certificate = read(&self.certificate, names::BRIDGE_TLS_CERT)?;
        let key = read(&self.key, names::BRIDGE_TLS_KEY)?;
        let config = ServerTlsConfig::new().identity(Identity::from_pem(certificate, key));
        // A configuration is checked when a server is built with it.
        let checked = Server::builder().tls_config(config.clone());
        checked.map(|_| config).map_err(|source| TlsError::Invalid {
            certificate: self.certificate.clone(),
            key: self.key.clone(),
            source,
        })
    }
}

/// The variable of TLS libraries for the file of the certificate authorities.
pub const AUTHORITIES: &str = "SSL_CERT_FILE";

/// The size limit of the file of the certificate authorities, in bytes.
const MAX_AUTHORITIES_SIZE: u64 = 16 << 20;

/// Checks the file of the certificate authorities, which the TLS library reads without a limit at the first connection
/// to a provider. A file that cannot be opened has no effect there, and none here.
///
/// # Errors
/// If it is not a regular file, or larger than 16 MiB.
pub fn check_authorities(path: &Path) -> Result<(), TlsError> {
    match bounded_file::read(path, MAX_AUTHORITIES_SIZE) {
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) => {
            Ok(())
        }
        Err(source) => Err(TlsError::Read { path: path.to_owned(), variable: AUTHORITIES, source }),
        Ok(_) => Ok(()),
    }
}

fn read(path: &Path, variable: &'static str) -> Result<Vec<u8>, TlsError> {
    bounded_file::read(path, MAX_SIZE).map_err(|source| TlsError::Read {
        path: path.to_owned(),
        variable,
        source,
    })
}
