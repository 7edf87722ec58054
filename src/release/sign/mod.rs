//! Signs the files of a release folder.
//!
//! | file | holds |
//! |---|---|
//! | `signer` | [`ReleaseSigner`]: a key, and the signature files that it makes |
//! | `gpg` | signatures by the user's `gpg`, which has the key and asks for its passphrase |
//! | `signing` | [`sign`]: signs all files, and keeps signatures that are there and valid |
//! | `error` | [`SignError`] |

mod error;
mod gpg;
mod signer;
mod signing;

pub use error::SignError;
pub use gpg::GpgSigner;
pub use signer::ReleaseSigner;
pub use signing::{SignatureFile, sign};
