//! The signed documents of a mirror: a payload and its signatures in one file. `store-format.md` specifies them.
//!
//! | module | holds |
//! |---|---|
//! | `document` | [`SignedDocument`]: payload and signatures of any kind of document |
//! | `signature` | [`DocumentSignature`]: one signature, of a known scheme or of another one |
//! | `key_id` | [`KeyId`]: the name of a key |
//! | `mirror_id` | [`MirrorId`]: the name of a mirror |
//! | `root` | [`MirrorRoot`]: keys, thresholds and authorities of a mirror |
//! | `timestamp` | [`IndexTimestamp`]: which index is the newest |
//! | `fields` | times, numbers and digests, of which every value has one text |
//!
//! Nothing here verifies a signature: that needs a root that the reader trusts.

mod document;
pub(super) mod fields;
mod key_id;
mod mirror_id;
mod root;
mod signature;
pub(super) mod timestamp;

pub use document::{SignedDocument, SignedKind};
pub use key_id::{KeyId, KeyIdError};
pub use mirror_id::{MirrorId, MirrorIdError};
pub use root::{MirrorKey, MirrorRole, MirrorRoles, MirrorRoot};
pub use signature::DocumentSignature;
pub use timestamp::IndexTimestamp;

/// The largest whole number in a signed document. Larger ones are not the same number for every reader of JSON.
pub const MAX_NUMBER: u64 = (1 << 53) - 1;
