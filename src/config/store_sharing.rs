//! [`StoreSharing`]: who may write the store.

use serde::{Deserialize, Serialize};

/// Who may write the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreSharing {
    /// The owner of its folder.
    #[default]
    Off,
    /// The members of the group of its folder.
    Group,
}
