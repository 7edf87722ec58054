//! Makes signatures, and the keys for them.
//!
//! | module | holds |
//! |---|---|
//! | `minisign` | [`MinisignSecretKey`]: `.minisig` files |
//! | `cosign` | [`CosignSecretKey`]: `.sig` files |
//! | `sigstore` | [`sigstore_bundle`]: `.sigstore.json` files with a key |
//! | `error` | [`SigningError`] |
//!
//! Passwords are values that the caller passes: nothing here asks for one.

mod cosign;
mod error;
mod minisign;
mod sigstore;

pub use cosign::CosignSecretKey;
pub use error::SigningError;
pub use minisign::{GeneratedKey, MinisignSecretKey};
pub use sigstore::sigstore_bundle;
