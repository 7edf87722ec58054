//! [`Resolution`]: what a selector resolved to.

use loom_source::{Slot, Version};

use super::listing_cache::ListingCache;

/// What a selector resolved to.
pub(in crate::acquire) struct Resolution {
    /// The version, or the development slot.
    pub(in crate::acquire) slot: Slot,
    /// The place of the source that decided by its list; `None` for a cargo build and for an installed version.
    pub(in crate::acquire) place: Option<usize>,
    /// The cached list that decided, where no source was asked for one.
    pub(in crate::acquire) cached: Option<ListingCache>,
    /// The comparison with the newest version before, where there was one.
    pub(in crate::acquire) compared: Option<Compared>,
}

/// A version that may be selected, beside the newest one before.
#[derive(Debug)]
pub struct Compared {
    /// The newest version before.
    pub before: Option<Version>,
    /// Whether an older version becomes the newest one so far.
    pub lowers: bool,
}
