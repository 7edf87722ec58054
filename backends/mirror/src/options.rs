//! [`MirrorOptions`]: the options with which a mirror is opened.

use loom_http::NetworkSettings;
use loom_source::AssetNames;
use secrecy::SecretString;

use crate::{bucket::ObjectOptions, layout::MirrorLayout};

/// The options with which a mirror is opened.
#[derive(Debug, Clone, Default)]
pub struct MirrorOptions {
    /// The layout of the mirror, where it is known.
    pub layout: MirrorLayout,
    /// The names of the assets in the release layout.
    pub assets: AssetNames,
    /// The settings of the network.
    pub network: NetworkSettings,
    /// The value of the `Authorization` header, which is sent to the host of the mirror only.
    pub authorization: Option<SecretString>,
    /// The options for a mirror in an object store.
    pub objects: ObjectOptions,
}
