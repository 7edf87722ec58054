//! [`UpdatePolicy`] and [`UpdateChannel`]: what is done about newer releases, and which ones count.

use serde::{Deserialize, Serialize};

/// What is done about a newer release while a runtime runs. The order is from strict to loose.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum UpdatePolicy {
    /// None is looked for.
    Off,
    /// The user is told.
    #[default]
    Notify,
    /// The runtime is switched to it.
    Auto,
}

/// Which releases count for `latest` and ranges. The order is from strict to loose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UpdateChannel {
    /// Final releases, and the pre-releases of sources with `prerelease = true`.
    #[default]
    Stable,
    /// Pre-releases of all sources too.
    Beta,
}
