//! `[update]`: when newer releases are looked for.

use std::time::Duration;

use crate::config::{
    Setting,
    any_key::keys,
    key::SettingKey,
    key_row::{ReservedKey, TableRow},
    layers::Layers,
    trust_rule::TrustRule,
};

/// `[update]`
pub(crate) const TABLE: TableRow =
    TableRow::new(&["update"], "When newer releases are looked for.");

keys! {
    /// How long the answer to latest is fresh; after that the sources are asked again.
    CHECK_INTERVAL: Duration =
        SettingKey::new(&["update", "check_interval"], || Duration::from_secs(24 * 60 * 60))
            .trust(TrustRule::Trusted);
}

/// Keys of `[update]` that later versions will have.
pub(crate) const RESERVED: &[ReservedKey] = &[
    ReservedKey { path: &["update", "channel"], description: "The release channel to follow." },
    ReservedKey {
        path: &["update", "policy"],
        description: "What to do when there is a newer release.",
    },
];

/// `[update]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateSettings {
    /// How long the answer to `latest` is fresh.
    pub check_interval: Setting<Duration>,
}

impl UpdateSettings {
    pub(crate) fn resolve(layers: &mut Layers<'_>) -> Self {
        Self { check_interval: CHECK_INTERVAL.resolve(layers, &[]) }
    }
}
