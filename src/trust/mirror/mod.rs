//! Decides which signed documents of a mirror are accepted, after the rules of TUF. `store-format.md` specifies them.
//!
//! | file | holds |
//! |---|---|
//! | `root` | [`TrustedRoot`]: a root that the reader trusts, and how its successor is accepted |
//! | `role` | counts the keys of a role that signed a document |
//! | `index` | [`VerifiedIndex`]: an index that a trusted root accepts |
//! | `timestamp` | [`VerifiedTimestamp`]: a timestamp that a trusted root accepts |
//! | `seen` | [`SeenIndex`]: what a reader remembers of the newest index |
//! | `expiry` | `Expiry`: a document that expired, and when |
//! | `clock` | [`MirrorClock`]: the time by which documents expire |
//! | `sign` | signs documents, for those who publish a mirror |
//! | `rejection` | [`MirrorRejection`]: why a document is not accepted |

mod clock;
mod expiry;
mod index;
mod rejection;
mod role;
mod root;
mod seen;
mod sign;
#[cfg(test)]
mod tests;
mod timestamp;

pub use clock::MirrorClock;
pub use index::{IndexOrigin, VerifiedIndex};
pub use rejection::MirrorRejection;
pub use root::{MAX_ROOT_STEPS, TrustedRoot};
pub use seen::SeenIndex;
pub use sign::{add_signature, key_id, signed};
pub use timestamp::VerifiedTimestamp;
