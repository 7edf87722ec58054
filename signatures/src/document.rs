//! ed25519 signatures over documents of Loom: indexes, roots, timestamps.
//!
//! A signature is over the schema of the document, such as `loom-index 1`, a line feed, and the bytes of the payload: a
//! signature of one kind of document is never one of another kind. A key's id is the SHA-256 of its 32 bytes.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use loom_source::Digest;
use p256::pkcs8::{Document, LineEnding, SecretDocument};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString, zeroize::Zeroizing};

/// What precedes the 32 secret bytes in the PKCS#8 form of an Ed25519 key (RFC 8410), as `openssl genpkey` writes it.
const PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// What precedes the 32 bytes of an Ed25519 public key in its SubjectPublicKeyInfo (RFC 8410).
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];

/// A secret key for documents.
pub struct DocumentSecretKey {
    pair: Ed25519KeyPair,
    pkcs8: SecretSlice<u8>,
}

/// A public key for documents: 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentPublicKey([u8; 32]);

/// A text that is no key for documents.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an Ed25519 key: {0}")]
pub struct DocumentKeyError(String);

/// A signature of a document that does not verify.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("bad signature of a document {schema:?}: it does not verify with the key {key}")]
pub struct DocumentSignatureError {
    /// The schema that was expected.
    pub schema: String,
    /// The id of the key.
    pub key: String,
}

impl DocumentSecretKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// Where the operating system has no random bytes.
    pub fn generate() -> Result<Self, DocumentKeyError> {
        let mut pkcs8 = Zeroizing::new([0; PKCS8.len() + 32]);
        pkcs8[..PKCS8.len()].copy_from_slice(&PKCS8);
        getrandom::fill(&mut pkcs8[PKCS8.len()..])
            .map_err(|error| DocumentKeyError(format!("no random bytes: {error}")))?;
        Self::from_pkcs8(pkcs8.as_slice())
    }

    /// Reads the PEM file that `openssl genpkey -algorithm ed25519` writes.
    ///
    /// # Errors
    /// Where the text is no unencrypted Ed25519 key in PKCS#8.
    ///
    /// # Examples
    /// ```
    /// use loom_signatures::document::DocumentSecretKey;
    ///
    /// let key = DocumentSecretKey::generate()?;
    /// let signature = key.sign("loom-index 1", b"{}");
    /// assert!(key.public().verify("loom-index 1", b"{}", &signature).is_ok());
    /// assert!(key.public().verify("loom-root 1", b"{}", &signature).is_err());
    ///
    /// use secrecy::ExposeSecret as _;
    /// let again = DocumentSecretKey::from_pem(key.to_pem()?.expose_secret())?;
    /// assert_eq!(again.public(), key.public());
    /// # Ok::<(), loom_signatures::document::DocumentKeyError>(())
    /// ```
    pub fn from_pem(pem: &str) -> Result<Self, DocumentKeyError> {
        let (label, document) = SecretDocument::from_pem(pem.trim())
            .map_err(|error| DocumentKeyError(error.to_string()))?;
        if label != "PRIVATE KEY" {
            let why = format!("expected a PEM block PRIVATE KEY without password, got {label}");
            return Err(DocumentKeyError(why));
        }
        Self::from_pkcs8(document.as_bytes())
    }

    /// Reads the DER form.
    fn from_pkcs8(der: &[u8]) -> Result<Self, DocumentKeyError> {
        // The form that openssl writes has no public key that could be compared.
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der)
            .map_err(|error| DocumentKeyError(error.to_string()))?;
        Ok(Self { pair, pkcs8: der.to_vec().into() })
    }

    /// The key as a PEM file, for a file that only its owner can read.
    ///
    /// # Errors
    /// Never for a key that was read or made.
    pub fn to_pem(&self) -> Result<SecretString, DocumentKeyError> {
        let wrong = |error: &dyn fmt::Display| DocumentKeyError(error.to_string());
        let document = SecretDocument::try_from(self.pkcs8.expose_secret());
        let document = document.map_err(|error| wrong(&error))?;
        let pem = document.to_pem("PRIVATE KEY", LineEnding::LF).map_err(|error| wrong(&error))?;
        Ok(pem.as_str().to_owned().into())
    }

    /// The public key that belongs to it.
    pub fn public(&self) -> DocumentPublicKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.pair.public_key().as_ref());
        DocumentPublicKey(bytes)
    }

    /// Signs a document: `schema` is its schema, such as `loom-index 1`; `payload` its bytes.
    pub fn sign(&self, schema: &str, payload: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.pair.sign(&signed_bytes(schema, payload)).as_ref());
        signature
    }
}

impl fmt::Debug for DocumentSecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DocumentSecretKey").field("public", &self.public()).finish_non_exhaustive()
    }
}

impl DocumentPublicKey {
    /// The key with these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads the base64 of the 32 bytes.
    ///
    /// # Errors
    /// Where the text is not the base64 of 32 bytes.
    pub fn from_base64(text: &str) -> Result<Self, DocumentKeyError> {
        let bytes = STANDARD.decode(text).map_err(|error| DocumentKeyError(error.to_string()))?;
        let length = bytes.len();
        let bytes = bytes.try_into();
        bytes.map(Self).map_err(|_| DocumentKeyError(format!("expected 32 bytes, got {length}")))
    }

    /// Reads the PEM block that `openssl pkey -pubout` writes.
    ///
    /// # Errors
    /// Where the text is no Ed25519 public key.
    pub fn from_pem(pem: &str) -> Result<Self, DocumentKeyError> {
        let (label, document) =
            Document::from_pem(pem.trim()).map_err(|error| DocumentKeyError(error.to_string()))?;
        let key = document.as_bytes().strip_prefix(&SPKI).and_then(|key| key.try_into().ok());
        match key {
            Some(key) if label == "PUBLIC KEY" => Ok(Self(key)),
            _ => Err(DocumentKeyError(format!("got a PEM block {label} of another algorithm"))),
        }
    }

    /// The key as a PEM block, for `openssl pkeyutl -verify`.
    ///
    /// # Errors
    /// Never.
    pub fn to_pem(&self) -> Result<String, DocumentKeyError> {
        let der = [&SPKI[..], &self.0].concat();
        let document = Document::try_from(der);
        let document = document.map_err(|error| DocumentKeyError(error.to_string()))?;
        let pem = document.to_pem("PUBLIC KEY", LineEnding::LF);
        pem.map_err(|error| DocumentKeyError(error.to_string()))
    }

    /// The base64 of the 32 bytes.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// The id: the SHA-256 of the 32 bytes, in hexadecimal.
    pub fn id(&self) -> String {
        Digest::of(&self.0).to_string()
    }

    /// Verifies the signature of a document with this schema and payload.
    ///
    /// # Errors
    /// Where it is not a signature of this document by this key.
    pub fn verify(
        &self,
        schema: &str,
        payload: &[u8],
        signature: &[u8],
    ) -> Result<(), DocumentSignatureError> {
        let key = UnparsedPublicKey::new(&ED25519, &self.0);
        let verified = key.verify(&signed_bytes(schema, payload), signature);
        verified.map_err(|_| DocumentSignatureError { schema: schema.to_owned(), key: self.id() })
    }
}

impl fmt::Debug for DocumentPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DocumentPublicKey").field(&self.to_base64()).finish()
    }
}

/// The bytes that are signed.
fn signed_bytes(schema: &str, payload: &[u8]) -> Vec<u8> {
    [schema.as_bytes(), b"\n", payload].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_flipped_bit_is_refused() {
        let key = DocumentSecretKey::generate().unwrap();
        let payload = b"{\"serial\":1}";
        let signature = key.sign("loom-index 1", payload);
        let public = key.public();
        public.verify("loom-index 1", payload, &signature).unwrap();
        for bit in 0..signature.len() * 8 {
            let mut flipped = signature;
            flipped[bit / 8] ^= 1 << (bit % 8);
            public.verify("loom-index 1", payload, &flipped).unwrap_err();
        }
        for bit in 0..payload.len() * 8 {
            let mut flipped = *payload;
            flipped[bit / 8] ^= 1 << (bit % 8);
            public.verify("loom-index 1", &flipped, &signature).unwrap_err();
        }
        for bit in 0..256 {
            let mut flipped = public;
            flipped.0[bit / 8] ^= 1 << (bit % 8);
            flipped.verify("loom-index 1", payload, &signature).unwrap_err();
        }
        public.verify("loom-index 1", payload, &signature[..63]).unwrap_err();
        DocumentSecretKey::generate()
            .unwrap()
            .public()
            .verify("loom-index 1", payload, &signature)
            .unwrap_err();
    }

    #[test]
    fn other_texts_are_no_keys() {
        let pem = DocumentSecretKey::generate().unwrap().public().to_pem().unwrap();
        assert!(DocumentPublicKey::from_pem(&pem).is_ok());
        for text in ["", "x", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", &pem]
        {
            DocumentSecretKey::from_pem(text).unwrap_err();
        }
        for text in ["", "AAAA", "not base64"] {
            DocumentPublicKey::from_base64(text).unwrap_err();
        }
    }
}
