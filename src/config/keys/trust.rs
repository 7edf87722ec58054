//! `[trust]`: what must be proven before a release enters the store.

use std::time::Duration;

use crate::{
    config::{
        ConfiguredRoot, PinRoots, Setting,
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

    /// The roots of signed mirrors, each for a source: tables with the name or URL of the source, the file of the root, and
    /// the SHA-256 of that file, which a project has to give. A mirror with a root needs a signed index.
    ROOTS: Vec<ConfiguredRoot> = SettingKey::new(&["trust", "roots"], Vec::new)
        .trust(TrustRule::Trusted)
        .example("[{ source = \"corp\", file = \"/etc/loom/corp-root.json\" }]");

    /// Which roots of mirrors count: given ones only, or also the first one that a mirror shows, from then on.
    PIN_ROOTS: PinRoots = SettingKey::new(&["trust", "pin_roots"], || PinRoots::Given)
        .trust(TrustRule::Trusted);

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
    /// The roots of signed mirrors.
    pub roots: Setting<Vec<ConfiguredRoot>>,
    /// Which roots of mirrors count.
    pub pin_roots: Setting<PinRoots>,
    /// How old a release must be before `latest` or a range selects it.
    pub minimum_release_age: Setting<Duration>,
}

impl TrustSettings {
    pub(crate) fn resolve(layers: &mut Layers<'_>) -> Self {
        Self {
            checksum: CHECKSUM.resolve(layers, &[]),
            signature: SIGNATURE.resolve(layers, &[]),
            roots: ROOTS.resolve(layers, &[]),
            pin_roots: PIN_ROOTS.resolve(layers, &[]),
            minimum_release_age: MINIMUM_RELEASE_AGE.resolve(layers, &[]),
        }
    }
}
