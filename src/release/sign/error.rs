//! [`SignError`]: why a release is not signed.

use std::{io, path::PathBuf};

use loom_signatures::{SignatureError, sign::SigningError};

/// Why a release is not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The key cannot sign.
    #[error("could not sign {name}")]
    Key {
        /// The file.
        name: String,
        /// The reason that the key gives.
        source: SigningError,
    },
    /// There is a signature that is not one of this key over this file.
    #[error("{} is there and is no signature of this key", path.display())]
    Other {
        /// The signature file.
        path: PathBuf,
        /// Why it is refused; `None` where gpg refuses it.
        source: Option<SignatureError>,
    },
    /// The user's gpg failed.
    #[error("{program} failed on {name}: {said}")]
    Gpg {
        /// The program.
        program: String,
        /// The file.
        name: String,
        /// The last line that it printed.
        said: String,
    },
    /// A file could not be read or written.
    #[error("could not read or write {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system reported.
        source: io::Error,
    },
}

impl SignError {
    /// The error for a failed operation on a file.
    pub(super) fn at(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
