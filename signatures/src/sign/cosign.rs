//! [`CosignSecretKey`]: `.sig` files as cosign and `openssl dgst -sha256 -sign` write them.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use loom_source::Digest;
use p256::{
    SecretKey,
    ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner as _},
    pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _, LineEnding},
};
use secrecy::{SecretString, zeroize::Zeroizing};

use super::SigningError;
use crate::VerifyingKey;

const SCHEME: &str = "cosign";

/// A secret key on the curve P-256.
pub struct CosignSecretKey(SigningKey);

impl CosignSecretKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// Where the operating system has no random bytes.
    pub fn generate() -> Result<Self, SigningError> {
        loop {
            let mut bytes = Zeroizing::new([0; 32]);
            getrandom::fill(bytes.as_mut_slice()).map_err(|error| failed("key", &error))?;
            // Nearly every 32 bytes are a key; those at or above the order of the curve are not.
            if let Ok(key) = SigningKey::from_slice(bytes.as_slice()) {
                return Ok(Self(key));
            }
        }
    }

    /// The key as an unencrypted PEM file, for a file that only its owner can read.
    ///
    /// # Errors
    /// Never for a key that was read or made.
    pub fn to_pem(&self) -> Result<SecretString, SigningError> {
        let pem = self.0.to_pkcs8_pem(LineEnding::LF).map_err(|error| failed("key", &error))?;
        Ok(pem.as_str().to_owned().into())
    }

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
        key.map(|key| Self(key.into()))
            .map_err(|error| wrong(format!("it is no private key on the curve P-256 ({error})")))
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

    /// The hint by which cosign names the key in a bundle: the base64 of the SHA-256 of its SubjectPublicKeyInfo.
    pub(crate) fn hint(&self) -> Result<String, SigningError> {
        let der =
            self.0.verifying_key().to_public_key_der().map_err(|error| failed("key", &error))?;
        Ok(STANDARD.encode(Digest::of(der.as_bytes()).as_bytes()))
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
