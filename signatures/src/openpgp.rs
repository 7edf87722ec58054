//! OpenPGP: detached signatures, `.asc` or binary `.sig`.
//!
//! | module | holds |
//! |---|---|
//! | `certificate` | [`Certificate`]: the keys that may sign files, with the time in which each is valid |
//! | `self_signature` | what a certificate's own signatures say about its keys |
//! | `algorithms` | which hash algorithms are accepted |
//! | `detached` | verifies the signatures of a file |
//!
//! A key is what its certificate says, as the configuration holds it: no key server, no web of trust, and no key id, which
//! two keys can share.

mod algorithms;
mod certificate;
mod detached;
mod self_signature;

pub(crate) use certificate::Certificate;
pub(crate) use detached::verify;
