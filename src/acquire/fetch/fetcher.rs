//! What fetching works with.

use super::super::{AcquireOptions, Observer, SourceRuntime};
use crate::store::Store;

/// What fetching works with.
pub(in crate::acquire) struct Fetcher<'a> {
    /// Where partial transfers are kept and trees are staged.
    pub(in crate::acquire) store: &'a Store,
    /// The limits, and whether archives are kept.
    pub(in crate::acquire) options: &'a AcquireOptions,
    /// Runs the sources.
    pub(in crate::acquire) runtime: &'a SourceRuntime,
    /// Receives the number of bytes that have arrived.
    pub(in crate::acquire) observer: &'a dyn Observer,
}
