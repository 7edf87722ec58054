//! [`known_mirrors`]: the mirrors of which a root is known, with the keys that their newest roots name.

use loom_source::Digest;

use super::{
    MirrorRootRules,
    given_roots::GivenRoots,
    known_roots::read_configured,
    progress::{MirrorProgress, ProgressFile},
};
use crate::{
    state::StateDir,
    trust::{KnownMirror, mirror::TrustedRoot},
};

/// The mirrors of which a root is known: given by the configuration, added by the user, or kept at first sight. Each has
/// the keys of its newest root that was accepted. What cannot be read is not known.
pub fn known_mirrors(rules: &MirrorRootRules, state: &StateDir) -> Vec<KnownMirror> {
    let given = given(rules, state);
    let followed = ProgressFile::all(state);
    let is_given = |anchor: &Digest| given.iter().any(|(digest, _)| digest == anchor);
    let counts = |kept: &&MirrorProgress| match kept.first_seen {
        true => rules.first_seen_counts,
        false => is_given(&kept.anchor),
    };
    let newest = followed.iter().filter(counts).map(|kept| &kept.root);
    let is_followed = |anchor: &Digest| followed.iter().any(|kept| kept.anchor == *anchor);
    let first = given.iter().filter(|(anchor, _)| !is_followed(anchor)).map(|(_, root)| root);
    newest.chain(first).map(known).collect()
}

/// The roots that are given, each with the digest of its file.
fn given(rules: &MirrorRootRules, state: &StateDir) -> Vec<(Digest, TrustedRoot)> {
    let configured = rules.configured.iter().filter_map(|root| read_configured(root).ok());
    let mut given: Vec<_> = configured.collect();
    if rules.added_count {
        let added = GivenRoots::load(state).unwrap_or_default().roots;
        given.extend(added.iter().filter_map(|root| Some((root.sha256, root.root().ok()?))));
    }
    given
}

fn known(root: &TrustedRoot) -> KnownMirror {
    let root = root.root();
    let index = &root.roles.index;
    KnownMirror { mirror: root.mirror, keys: index.keys.clone(), threshold: index.threshold }
}
