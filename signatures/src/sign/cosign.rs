//! [`CosignSecretKey`]: `.sig` files as cosign and `openssl dgst -sha256 -sign` write them.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use loom_source::Digest;
use p256::{
    SecretKey,
    ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner as _},
    pkcs8::{DecodePrivateKey as _, EncodePublicKey as _, LineEnding},
};

use super::SigningError;
use crate::VerifyingKey;

const SCHEME: &str = "cosign";

/// A secret key on the curve P-256.
pub struct CosignSecretKey(SigningKey);

impl CosignSecretKey {
    /// Reads an unencrypted PEM file: `BEGIN PRIVATE KEY` or `BEGIN EC PRIVATE KEY`.
    ///
    /// # Errors
    /// [`SigningError::NotAKey`].
    pub fn parse(pem: &str) -> Result<Self, SigningError> {
        let wrong = |why: String| SigningError::NotAKey { scheme: SCHEME, why };
        let pem = pem.trim();
        if pem.contains("ENCRYPTED") {
            let why = "it is encrypted; decrypt it, for example with `openssl pkcs8`";
            return Err(wrong(why.to_owned()));
        }
        let begin = pem.find("-----BEGIN EC PRIVATE KEY-----");
        let key = match begin {
            // `openssl ecparam -genkey` writes the parameters of the curve before it.
            Some(begin) => {
                SecretKey::from_sec1_pem(&pem[begin..]).map_err(|error| error.to_string())
            }
            None => SecretKey::from_pkcs8_pem(pem).map_err(|error| error.to_string()),
        };
        key.map(|key| Self(key.into())).map_err(wrong)
    }

    /// The public key as a PEM file.
    ///
    /// # Errors
    /// Never for a key that was read.
    pub fn public_pem(&self) -> Result<String, SigningError> {
        let pem = self.0.verifying_key().to_public_key_pem(LineEnding::LF);
        pem.map_err(|error| failed("key", &error))
    }

    /// The public key that belongs to it.
    ///
    /// # Errors
    /// Never for a key that was read.
    pub fn public(&self) -> Result<VerifyingKey, SigningError> {
        VerifyingKey::parse(&self.public_pem()?).map_err(|error| failed("key", &error))
    }

    /// Signs a file with this SHA-256: the text of its `.sig` file.
    ///
    /// # Errors
    /// Where the library cannot sign.
    pub fn sign(&self, sha256: Digest) -> Result<String, SigningError> {
        Ok(format!("{}\n", STANDARD.encode(self.sign_der(sha256)?)))
    }

    /// The signature in DER.
    pub(crate) fn sign_der(&self, sha256: Digest) -> Result<Vec<u8>, SigningError> {
        let signature: Signature =
            self.0.sign_prehash(sha256.as_bytes()).map_err(|error| failed("signature", &error))?;
        Ok(signature.to_der().as_bytes().to_vec())
    }
}

impl fmt::Debug for CosignSecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CosignSecretKey").finish_non_exhaustive()
    }
}

fn failed(what: &'static str, error: &dyn fmt::Display) -> SigningError {
    SigningError::Failed { scheme: SCHEME, what, why: error.to_string() }
}
