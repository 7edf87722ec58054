//! `[trust]`: what must be proven before a release enters the store.

use std::time::Duration;

use crate::{
    config::{
        ConfiguredRoot, Diagnostic, PinRoots, Problem, Setting, TrustKey,
        any_key::keys,
        key::SettingKey,
        key_row::TableRow,
        layers::Layers,
        policy_lock::location,
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

    /// Whether a release needs a signature by one of trust.keys: optional or required. With optional, signatures by these
    /// keys are checked where a source offers them.
    SIGNATURE: Signature = SettingKey::new(&["trust", "signature"], || Signature::Optional)
        .trust(TrustRule::Tighter(Tightness {
            alone: |signature| free_if(*signature == Signature::Required),
            than: |signature, below| (signature, below) == (&Signature::Required, &Signature::Optional),
        }));

    /// The keys and identities whose signatures count: texts (minisign:RW..., a PEM block of cosign, an OpenPGP
    /// certificate), or tables with key, key_file, or identity and issuer (for Sigstore; {version} stands for the version),
    /// and optionally trust_root, authority, source and expires. A list replaces that of the layers below.
    TRUSTED_KEYS: Vec<TrustKey> = SettingKey::new(&["trust", "keys"], Vec::new)
        .trust(TrustRule::Trusted)
        .example("[\"minisign:RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3\"]");

    /// The ids of keys, and identities, that do not count any more, whatever names them: releases that only they vouch for
    /// are refused. The lists of all layers are added up.
    REVOKED: Vec<String> = SettingKey::new(&["trust", "revoked"], Vec::new)
        .example("[\"E7620F1842B4E81F\"]")
        .adjust(of_all_layers);

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

/// The revoked keys of all layers: no layer can take back what another one revokes.
fn of_all_layers(layers: &mut Layers<'_>, setting: Setting<Vec<String>>) -> Setting<Vec<String>> {
    let row = REVOKED.row();
    let documents = layers.documents.iter();
    let of_documents = documents.filter_map(|one| one.get::<Vec<String>>(row.path, &[]));
    let origin = setting.origin.clone();
    let mut all = Vec::new();
    for (ids, from) in std::iter::once((setting.value, setting.origin)).chain(of_documents) {
        for id in ids.into_iter().filter(|id| !all.contains(id)).collect::<Vec<_>>() {
            // A part of an id would revoke nothing, without a word.
            if let (false, Some(location)) = (can_be_revoked(&id), location(row, &from)) {
                let problem = Problem::invalid(REVOCABLE, &id);
                layers.problems.push(Diagnostic::new(location, problem));
            }
            all.push(id);
        }
    }
    Setting::new(all, origin)
}

/// What can be revoked. minisign prints an id without the zeros in front: such an id is not completed here, because it
/// could as well be one of which digits were lost, which would revoke nothing.
const REVOCABLE: &str = "the whole id of a key (16 hexadecimal digits of minisign, with the zeros in front that it \
     does not print, 40 or 64 of others), or an identity";

/// Whether a text can be the id of a key, the certificate identity of a signer, or its issuer.
fn can_be_revoked(text: &str) -> bool {
    let id: String = text.split_whitespace().collect();
    match id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => [16, 40, 64].contains(&id.len()),
        false => id.contains(['/', '@', ':']),
    }
}

/// `[trust]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustSettings {
    /// Whether a release needs a checksum.
    pub checksum: Setting<Checksum>,
    /// Whether a release needs a signature.
    pub signature: Setting<Signature>,
    /// The keys and identities whose signatures count.
    pub keys: Setting<Vec<TrustKey>>,
    /// The ids of keys, and identities, that do not count any more.
    pub revoked: Setting<Vec<String>>,
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
            keys: TRUSTED_KEYS.resolve(layers, &[]),
            revoked: REVOKED.resolve(layers, &[]),
            roots: ROOTS.resolve(layers, &[]),
            pin_roots: PIN_ROOTS.resolve(layers, &[]),
            minimum_release_age: MINIMUM_RELEASE_AGE.resolve(layers, &[]),
        }
    }
}
