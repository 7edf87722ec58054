//! Why a source cannot be opened.

use loom_cargo_build::CheckoutHint;
use loom_github::{GithubError, GithubRepoError};
use loom_mirror::MirrorError;
use loom_oci::OciError;

use super::certificates::CertificateError;
use crate::state::StateError;

/// A source cannot be opened: its settings, or files that they name, are wrong. No request was sent to the source.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A `target` source without a path, where no checkout is linked and this program was not built from one.
    #[error("no checkout of Loom is linked")]
    NoCheckout {
        /// A checkout that could be linked, or a link that is not valid any more.
        hint: Option<CheckoutHint>,
    },
    /// The linked checkout cannot be read from the state folder.
    #[error(transparent)]
    Link(#[from] StateError),
    /// The certificates in `ca` of the source cannot be read.
    #[error("cannot read the certificates (`ca`) of the source {source_name}")]
    Ca {
        /// The source's name or address.
        source_name: String,
        /// Which file, and why.
        source: CertificateError,
    },
    /// The certificates that `SSL_CERT_FILE` and `SSL_CERT_DIR` name cannot be read.
    #[error(transparent)]
    Certificates(CertificateError),
    /// A variable that the source names is set to nothing.
    #[error("the secret in {variable} is empty")]
    EmptyToken {
        /// The variable.
        variable: String,
        /// The setting that names it, such as `token_env`.
        setting: &'static str,
    },
    /// The settings of a mirror are wrong.
    #[error(transparent)]
    Mirror(#[from] MirrorError),
    /// The repository or the server of a `github` source is wrong.
    #[error(transparent)]
    GithubRepo(#[from] GithubRepoError),
    /// The other settings of a `github` source are wrong.
    #[error(transparent)]
    Github(#[from] GithubError),
    /// The settings of an `oci` source are wrong.
    #[error(transparent)]
    Oci(#[from] OciError),
}
