//! Why nothing can be exported.

use std::{io, path::PathBuf};

use crate::settings::NamedFile;

/// Why nothing can be exported. No value that may be secret is shown.
#[derive(Debug, thiserror::Error)]
pub enum OtlpError {
    /// The address cannot be used.
    #[error(
        "invalid value of {variable}: expected http://host:port or https://host:port, got {address}"
    )]
    Address {
        /// The variable of the address.
        variable: &'static str,
        /// The address without secrets.
        address: String,
    },
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
    /// A file holds no certificates in PEM.
    #[error("invalid certificate {path} ({variable}): expected PEM")]
    Certificate {
        /// The file.
        path: PathBuf,
        /// The variable that names it.
        variable: &'static str,
    },
    /// A certificate and its key are invalid, or do not belong together.
    #[error(
        "invalid certificate {} ({}) or private key {} ({}): expected PEM files that belong together",
        certificate.path.display(), certificate.variable, key.path.display(), key.variable
    )]
    Identity {
        /// The file of the certificate chain.
        certificate: NamedFile,
        /// The file of the private key.
        key: NamedFile,
    },
    /// The connection cannot be prepared, for instance because no authority is trusted.
    #[error("could not prepare TLS for {address} ({variable})")]
    Tls {
        /// The address without secrets.
        address: String,
        /// The variable of the address.
        variable: &'static str,
        /// The cause.
        source: reqwest::Error,
    },
}
