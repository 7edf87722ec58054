//! `[trust]`: what must be proven before a release enters the store.

use std::time::Duration;

use crate::{
    config::{
        Setting,
        any_key::keys,
        key::SettingKey,
        key_row::{ReservedKey, TableRow},
        layers::Layers,
        trust_rule::{Tightness, TrustRule, TrustVerdict},
    },
    trust::{Checksum, Signature},
};

/// `[trust]`
pub(crate) const TABLE: TableRow =
    TableRow::new(&["trust"], "What must be proven before a release enters the store.");

keys! {
    /// Whether a release needs a checksum: required refuses a release without one, if-available accepts it with a warning.
    CHECKSUM: Checksum = SettingKey::new(&["trust", "checksum"], || Checksum::Required)
        .trust(TrustRule::Tighter(Tightness {
            alone: |checksum| free_if(*checksum == Checksum::Required),
            than: |checksum, below| (checksum, below) == (&Checksum::Required, &Checksum::IfAvailable),
        }))
        .starter();

    /// Whether a release needs a signature: optional or required. This version verifies no signatures, so required refuses
    /// every release.
    SIGNATURE: Signature = SettingKey::new(&["trust", "signature"], || Signature::Optional)
        .trust(TrustRule::Tighter(Tightness {
            alone: |signature| free_if(*signature == Signature::Required),
            than: |signature, below| (signature, below) == (&Signature::Required, &Signature::Optional),
        }));

    /// How old a release must be before latest or a range selects it.
    MINIMUM_RELEASE_AGE: Duration =
        SettingKey::new(&["trust", "minimum_release_age"], || Duration::ZERO)
            .example("\"7days\"")
            .trust(TrustRule::Tighter(Tightness {
                alone: |_| TrustVerdict::Tighter,
                than: |age, below| age > below,
            }));
}

/// The verdict of a value than which nothing is tighter, or of one that can be too loose.
fn free_if(is_tightest: bool) -> TrustVerdict {
    if is_tightest { TrustVerdict::Free } else { TrustVerdict::Tighter }
}

/// Keys of `[trust]` that later versions will have.
pub(crate) const RESERVED: &[ReservedKey] =
    &[ReservedKey { path: &["trust", "keys"], description: "The keys whose signatures count." }];

/// `[trust]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustSettings {
    /// Whether a release needs a checksum.
    pub checksum: Setting<Checksum>,
    /// Whether a release needs a signature.
    pub signature: Setting<Signature>,
    /// How old a release must be before `latest` or a range selects it.
    pub minimum_release_age: Setting<Duration>,
}

impl TrustSettings {
    pub(crate) fn resolve(layers: &mut Layers<'_>) -> Self {
        Self {
            checksum: CHECKSUM.resolve(layers, &[]),
            signature: SIGNATURE.resolve(layers, &[]),
            minimum_release_age: MINIMUM_RELEASE_AGE.resolve(layers, &[]),
        }
    }
}
