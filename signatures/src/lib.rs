//! Verifies signatures of releases, and makes them.
//!
//! | module | holds |
//! |---|---|
//! | [`key`] | [`VerifyingKey`]: a public key of any scheme, read from one text |
//! | [`identity`] | [`SigstoreIdentity`]: who may sign without a key, and the [`TrustRoot`] |
//! | [`verify()`] | verifies a signature file over a content with the given keys and identities |
//! | `content` | [`Content`]: what was signed |
//! | `verifiers` | [`Verifiers`]: who may have signed |
//! | [`valid`] | [`ValidSignature`]: what a verified signature proves, and what it names |
//! | [`error`] | [`SignatureError`], a distinct variant for every reason of a refusal |
//! | [`evidence`] | the kinds of signature files: what a file is, what it needs, how large it may be |
//! | [`document`] | ed25519 signatures over documents of Loom: indexes, roots, timestamps |
//! | [`sign`] | makes minisign and cosign signatures, and their keys |
//! | `minisign`, `cosign`, `openpgp`, `sigstore` | one scheme each |
//!
//! The crate takes values and returns values. It opens no file and no socket, and reads no clock: the caller says at which
//! time keys must be valid. A signature is judged by the keys that the caller passes, and by nothing that came with it.
//!
//! # Examples
//!
//! ```
//! use std::time::SystemTime;
//!
//! use loom_signatures::{Content, EvidenceKind, Verifiers, VerifyingKey, verify};
//!
//! let key = VerifyingKey::parse("minisign:RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3")?;
//! assert_eq!(key.id(), "E7620F1842B4E81F");
//!
//! let signature = "untrusted comment: signature from minisign secret key
//! RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=
//! trusted comment: timestamp:1556193335\tfile:test
//! y/rUw2y8/hOUYjZU71eHp/Wo1KZ40fGy2VJEDl34XMJM+TX48Ss/17u3IvIfbVR1FkZZSNCisQbuQY+bHwhEBg==
//! ";
//! let verifiers = Verifiers { keys: &[key], ..Verifiers::none(SystemTime::now()) };
//! let valid = verify(EvidenceKind::Minisign, signature.as_bytes(), Content::of(&mut &b"test"[..]), &verifiers)?;
//! assert_eq!(valid.names.file(), Some("test"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod document;
pub mod error;
pub mod evidence;
pub mod identity;
pub mod key;
pub mod sign;
pub mod valid;

mod content;
mod cosign;
mod hashed;
mod minisign;
mod openpgp;
mod sigstore;
mod verifiers;
mod verify;

pub use content::Content;
pub use error::{KeyError, SignatureError};
pub use identity::{SigstoreIdentity, TrustRoot};
pub use key::VerifyingKey;
pub use loom_source::EvidenceKind;
pub use valid::{SignedName, TrustedComment, ValidSignature};
pub use verifiers::Verifiers;
pub use verify::verify;
