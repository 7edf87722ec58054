//! [`SigstoreIdentity`]: who may sign without a key, and the [`TrustRoot`] that vouches for the certificate.

use std::{fmt, path::PathBuf, sync::Arc};

use loom_source::Version;

/// The placeholder of the version in an identity.
const VERSION: &str = "{version}";

/// An identity that may sign: both its name and its issuer are compared exactly, never by a part of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigstoreIdentity {
    /// The subject alternative name, such as
    /// `https://github.com/loom-os/loom/.github/workflows/release.yml@refs/tags/v{version}`. `{version}` stands for the
    /// version of the release.
    pub san: String,
    /// The issuer, such as `https://token.actions.githubusercontent.com`.
    pub issuer: String,
    /// What vouches for certificates, logs and timestamps.
    pub trust_root: TrustRoot,
}

impl SigstoreIdentity {
    /// Whether the identity names the version, so that its signatures name their release.
    pub fn names_version(&self) -> bool {
        self.san.contains(VERSION)
    }

    /// The name for this version.
    pub fn san_of(&self, version: &Version) -> String {
        self.san.replace(VERSION, &version.to_string())
    }
}

impl fmt::Display for SigstoreIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (issuer {})", self.san, self.issuer)
    }
}

/// Where the certificates and keys of a Sigstore instance come from: a `trusted_root.json`. It is read when a signature
/// needs it, not before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TrustRoot {
    /// That of the public Sigstore instance, shipped with this crate.
    #[default]
    Public,
    /// That of GitHub's own instance, which signs for private repositories, shipped with this crate.
    Github,
    /// A file.
    File(PathBuf),
    /// The text of a file.
    Text(Arc<str>),
}
