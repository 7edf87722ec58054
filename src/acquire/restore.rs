//! Restores an installed release that does not count, without asking a source.

use loom_source::Release;

use super::{
    AcquireError,
    fetch::Fetcher,
    reverify::{Reverified, reverify},
};
use crate::{
    store::{Installed, Presence, Recovery, Unverified},
    trust::{Pins, Policy},
};

/// The result of [`restore`].
pub(super) enum Restored {
    /// The release is here and accepted.
    Accepted(Installed),
    /// The link was missing; the tree was hashed and linked again.
    Relinked(Installed),
    /// The verification did not count for this reason; the tree was verified again.
    Reverified(Reverified, Unverified),
    /// The release is here and does not count.
    Refused(Unverified),
    /// The tree is damaged: it has been set aside, or is when the release is published again. The text names the damage.
    Damaged(String),
    /// The release is not here.
    Absent,
}

/// Links an installed release again where its link is missing, and verifies it again where its verification is missing
/// or damaged.
///
/// The caller holds the release's lock.
pub(super) fn restore(
    fetcher: &Fetcher<'_>,
    release: &Release,
    pins: &Pins,
    policy: &Policy,
) -> Result<Restored, AcquireError> {
    let store = fetcher.store;
    let (tree, why) = match store.presence(release, policy)? {
        Presence::Accepted(installed) => {
            return Ok(match store.damage(&installed)? {
                Some(damage) => Restored::Damaged(damage),
                None => Restored::Accepted(installed),
            });
        }
        Presence::Refused(installed, why) => (store.tree_of(&installed), why),
        Presence::Absent => match store.recover(release, policy)? {
            Recovery::Linked(installed) => return Ok(Restored::Relinked(installed)),
            Recovery::Refused(why) => (store.recorded(release)?, why),
            Recovery::Damaged(damage) => return Ok(Restored::Damaged(damage)),
            Recovery::Nothing => return Ok(Restored::Absent),
        },
    };
    let Some(tree) = tree.filter(|_| why.is_mendable()) else {
        return Ok(Restored::Refused(why));
    };
    Ok(match reverify(fetcher, release, &tree, pins, policy, &why)? {
        Some(reverified) => Restored::Reverified(reverified, why),
        None => Restored::Refused(why),
    })
}
