//! [`SigningError`]: why a signature or a key could not be made.

use std::io;

/// Why a signature or a key could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// The text is not a secret key of the scheme.
    #[error("not a {scheme} secret key: {why}")]
    NotAKey {
        /// The scheme.
        scheme: &'static str,
        /// What is wrong.
        why: String,
    },
    /// The secret key is encrypted, and no password was given.
    #[error("the {scheme} secret key is encrypted, and no password was given")]
    PasswordRequired {
        /// The scheme.
        scheme: &'static str,
    },
    /// The password does not decrypt the secret key.
    #[error("wrong password for the {scheme} secret key")]
    WrongPassword {
        /// The scheme.
        scheme: &'static str,
    },
    /// A comment that would end its line.
    #[error("a comment of a signature is one line: {0:?}")]
    Comment(String),
    /// The file that is to be signed could not be read.
    #[error("cannot read the file that is to be signed")]
    Content(#[source] io::Error),
    /// The library could not sign.
    #[error("cannot make the {scheme} {what}: {why}")]
    Failed {
        /// The scheme.
        scheme: &'static str,
        /// `signature` or `key`.
        what: &'static str,
        /// What the library said.
        why: String,
    },
}
