//! [`Expiry`]: a document that expired, and when.

use std::time::SystemTime;

use super::MirrorRejection;

/// A document that expired, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expiry {
    what: &'static str,
    at: SystemTime,
}

impl Expiry {
    /// The end of a document that is valid until `at`, where it is over.
    pub(super) fn of(what: &'static str, at: SystemTime, now: SystemTime) -> Option<Self> {
        (at <= now).then_some(Self { what, at })
    }

    /// Why the document decides nothing any more.
    pub(super) fn rejection(self) -> MirrorRejection {
        let Self { what, at } = self;
        MirrorRejection::Expired { what, at }
    }
}
