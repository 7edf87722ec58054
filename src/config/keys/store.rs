//! `[store]`: what the store keeps.

use crate::config::{
    Setting, StoreSharing,
    any_key::keys,
    key::SettingKey,
    key_row::{KeyFiles, ReservedKey, TableRow},
    layers::Layers,
    trust_rule::TrustRule,
};

/// `[store]`
pub(crate) const TABLE: TableRow = TableRow::new(&["store"], "What the store keeps.");

keys! {
    /// Whether archives are kept beside the trees that were unpacked from them.
    KEEP_ARCHIVES: bool =
        SettingKey::new(&["store", "keep_archives"], || false).trust(TrustRule::Trusted);

    /// Who may write the store: off is its owner alone; group is every member of the group of its folder, which must be
    /// set-group-id and writable by the group. The members trust each other.
    SHARED: StoreSharing = SettingKey::new(&["store", "shared"], StoreSharing::default)
        .files(KeyFiles::User)
        .trust(TrustRule::Trusted);
}

/// Keys of `[store]` that later versions will have.
pub(crate) const RESERVED: &[ReservedKey] = &[
    ReservedKey { path: &["store", "keep"], description: "How many versions are kept." },
    ReservedKey { path: &["store", "max_size"], description: "How large the store may grow." },
];

/// `[store]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSettings {
    /// Whether archives are kept beside the trees that were unpacked from them.
    pub keep_archives: Setting<bool>,
    /// Who may write the store.
    pub shared: Setting<StoreSharing>,
}

impl StoreSettings {
    pub(crate) fn resolve(layers: &mut Layers<'_>) -> Self {
        Self {
            keep_archives: KEEP_ARCHIVES.resolve(layers, &[]),
            shared: SHARED.resolve(layers, &[]),
        }
    }
}
