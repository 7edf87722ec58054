//! `[store]`: what the store keeps.

use crate::config::{
    ByteSize, Setting, StoreSharing, VersionCount,
    any_key::keys,
    key::SettingKey,
    key_row::{KeyFiles, TableRow},
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
        .files(KeyFiles::User);

    /// How many of the newest versions of each program and platform stay after another one was acquired. Older ones go
    /// that a configured source can serve again, unless a process, a project or a generation needs them, or they were
    /// used in the last day.
    KEEP: VersionCount = SettingKey::new(&["store", "keep"], || VersionCount::Newest(DEFAULT_KEEP))
        .files(KeyFiles::User);

    /// How large trees and objects may grow. Beyond that the versions go that were not used for the longest time, by the
    /// same rules as for keep; the newest version of each program stays.
    MAX_SIZE: Option<ByteSize> = SettingKey::new(&["store", "max_size"], || None)
        .files(KeyFiles::User)
        .example("\"20GiB\"");
}

/// The number of versions that stay by default. Runtimes have 40 to 100 MB: the store stays below a gigabyte.
const DEFAULT_KEEP: u32 = 10;

/// `[store]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSettings {
    /// Whether archives are kept beside the trees that were unpacked from them.
    pub keep_archives: Setting<bool>,
    /// Who may write the store.
    pub shared: Setting<StoreSharing>,
    /// How many of the newest versions stay.
    pub keep: Setting<VersionCount>,
    /// How large trees and objects may grow.
    pub max_size: Setting<Option<ByteSize>>,
}

impl StoreSettings {
    pub(crate) fn resolve(layers: &mut Layers<'_>) -> Self {
        Self {
            keep_archives: KEEP_ARCHIVES.resolve(layers, &[]),
            shared: SHARED.resolve(layers, &[]),
            keep: KEEP.resolve(layers, &[]),
            max_size: MAX_SIZE.resolve(layers, &[]),
        }
    }
}
