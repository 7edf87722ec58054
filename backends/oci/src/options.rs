//! [`OciOptions`] and [`OciLocation`]: with what a source is opened.

use std::path::PathBuf;

use loom_http::NetworkSettings;
use url::Url;

use crate::credentials::{CredentialFiles, RegistryLogin};

/// Where images are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OciLocation {
    /// A repository of a registry: `oci://host/repository`.
    Registry(Url),
    /// An image layout: a folder, or a tar archive of one.
    Layout(PathBuf),
}

/// The options with which a source is opened.
#[derive(Debug, Clone, Default)]
pub struct OciOptions {
    /// The registry that is asked instead of the one that the URL names: `host/prefix`. There is no way back to the
    /// other one.
    pub mirror: Option<String>,
    /// The login for this source. It replaces those of all files.
    pub login: Option<RegistryLogin>,
    /// The files in which docker and podman keep logins.
    pub files: CredentialFiles,
    /// Whether signatures are looked for, which costs requests.
    pub evidence: bool,
    /// The settings of the network. With `allow_http`, a registry beyond this machine is asked over plain http.
    pub network: NetworkSettings,
}
