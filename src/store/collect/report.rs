//! [`GcReport`]: what a collection removed, what stays, and why.

use std::time::SystemTime;

use loom_source::Release;

use crate::store::Damage;

use super::plan::{KeepReason, RemoveReason};

/// What a collection did, or with [`GcRun::dry_run`](super::GcRun::dry_run) would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GcReport {
    /// The versions that were removed.
    pub removed: Vec<RemovedVersion>,
    /// The versions that stay.
    pub kept: Vec<KeptVersion>,
    /// The number of trees that nothing named and that were removed, damaged and abandoned ones included.
    pub trees: usize,
    /// The number of objects that nothing named and that were removed.
    pub objects: usize,
    /// The number of partial transfers and failures that were removed because of their age.
    pub stale: usize,
    /// The number of bytes that were removed.
    pub freed: u64,
    /// The number of bytes of garbage that stay: processes run from it, it was written in the last day, or it belongs
    /// to another user.
    pub garbage: u64,
    /// Whether trees and objects that nothing names stay because a record cannot be read, which may need any of them.
    pub unreadable: bool,
    /// The root files that cannot be read. No version is removed then, and no tree and no object, since they may keep any
    /// of them.
    pub damaged_roots: Vec<Damage>,
    /// By how many bytes trees and objects are still larger than the rules allow.
    pub excess: u64,
}

/// A version that was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovedVersion {
    /// The version.
    pub release: Release,
    /// Why it was removed.
    pub why: RemoveReason,
    /// The size of its trees and objects in bytes.
    pub bytes: u64,
    /// When it was last used, where that is known.
    pub last_use: Option<SystemTime>,
}

/// A version that stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptVersion {
    /// The version.
    pub release: Release,
    /// Why it stays.
    pub why: KeepReason,
    /// The size of its trees and objects in bytes; 0 where [`GcRun::sizes`](super::GcRun::sizes) did not ask for it.
    pub bytes: u64,
    /// When it was last used, where that is known.
    pub last_use: Option<SystemTime>,
}
