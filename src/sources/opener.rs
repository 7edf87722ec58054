//! [`Opener`]: the values that opening a source depends on.

use std::path::PathBuf;

use loom_base::loopback::is_loopback_url;
use loom_source::Scheme;

use super::{MirrorRootRules, NetrcFile, NetworkDefaults};
use crate::{
    config::{Env, MirrorSource, Os},
    state::StateDir,
};

/// Opens configured sources; the values that this depends on besides the settings of a source.
///
/// [`open`](Self::open) opens one source, [`open_all`](Self::open_all) all configured ones.
///
/// # Examples
/// ```
/// use loom_runtime::{
///     config::{Env, Os, SourceSpec},
///     sources::{MirrorRootRules, NetworkDefaults, OpenError, Opener, Reach},
///     state::StateDir,
/// };
/// use loom_http::Journal;
///
/// let folder = tempfile::tempdir()?;
/// let env = Env::default();
/// let opener = Opener {
///     network: NetworkDefaults::from_env(&env, true),
///     env,
///     home: None,
///     os: Os::current(),
///     cwd: folder.path().to_owned(),
///     state: StateDir::new(folder.path().join("state")),
///     evidence: false,
///     built_from: None,
///     built_profile: None,
///     roots: MirrorRootRules::default(),
/// };
/// let spec = SourceSpec::shorthand("./mirror", folder.path())?;
/// let candidate = opener.open(&spec, Journal::default())?;
/// assert_eq!(candidate.reach, Reach::Disk);
///
/// // Without a linked checkout there is no build to offer.
/// let build = SourceSpec::shorthand("target", folder.path())?;
/// let error = opener.open(&build, Journal::default()).unwrap_err();
/// assert!(matches!(error, OpenError::NoCheckout { .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Opener {
    /// The environment of this process: tokens, credentials, `PATH`, cargo's variables.
    pub env: Env,
    /// The user's home folder: `.netrc`, cloud credentials, `.cargo`.
    pub home: Option<PathBuf>,
    /// The operating system's conventions for file names.
    pub os: Os,
    /// The current folder, absolute: the checkout around it is suggested where none is linked.
    pub cwd: PathBuf,
    /// The state folder: the linked checkout, documents kept from run to run.
    pub state: StateDir,
    /// The settings of the network for sources without settings of their own.
    pub network: NetworkDefaults,
    /// Whether sources are to look for signatures, which costs requests.
    pub evidence: bool,
    /// The checkout that this program was built from; `None` in a distributed program.
    pub built_from: Option<PathBuf>,
    /// The cargo profile in which this program was built; `None` in a distributed program.
    pub built_profile: Option<String>,
    /// Which roots of signed mirrors are given.
    pub roots: MirrorRootRules,
}

impl Opener {
    /// Whether a login for the mirror is looked up in `.netrc`: for web servers whose URL has no password, and that may be
    /// requested.
    pub(super) fn uses_netrc(&self, mirror: &MirrorSource) -> bool {
        let is_web = matches!(mirror.scheme(), Some(Scheme::Http | Scheme::Https));
        let is_reached = self.network.reaches(is_loopback_url(&mirror.url));
        is_web && is_reached && mirror.url.password().is_none()
    }

    /// The user's `.netrc`, if there is one.
    pub fn netrc(&self) -> Option<NetrcFile> {
        NetrcFile::find(&self.env, self.home.as_deref(), self.os)
    }
}
