//! [`MinisignSecretKey`]: `.minisig` files, as the tool writes them.

use std::{fmt, io::Read, time::SystemTime};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use blake2::{Blake2b512, Digest as _};
use minisign::{ErrorKind, KeyPair, PublicKey, SecretKey, SecretKeyBox};
use ring::signature::Ed25519KeyPair;
use secrecy::{ExposeSecret as _, SecretString, zeroize::Zeroizing};

use super::SigningError;
use crate::{KeyError, VerifyingKey};

const SCHEME: &str = "minisign";

/// The first line of a secret key, as the tool writes it.
const SECRET_COMMENT: &str = "minisign encrypted secret key";

/// The first line of a signature, as the tool writes it.
const COMMENT: &str = "signature from minisign secret key";

/// The bytes of a secret key, and where its two halves are.
const LENGTH: usize = 158;
const SECRET: std::ops::Range<usize> = 62..94;
const PUBLIC: std::ops::Range<usize> = 94..126;

/// The offset of the key id.
const KEY_ID: usize = 54;

/// A minisign secret key, decrypted.
pub struct MinisignSecretKey(SecretKey);

/// The two files of a new key.
#[derive(Debug)]
pub struct GeneratedKey {
    /// The file of the secret key, which only its owner may read.
    pub secret: SecretString,
    /// The file of the public key.
    pub public: String,
}

impl MinisignSecretKey {
    /// Makes a new key; with a password its file is encrypted.
    ///
    /// # Errors
    /// Where the operating system has no random bytes.
    pub fn generate(password: Option<&SecretString>) -> Result<GeneratedKey, SigningError> {
        let pair = match password {
            Some(password) => {
                KeyPair::generate_encrypted_keypair(Some(password.expose_secret().to_owned()))
            }
            None => KeyPair::generate_unencrypted_keypair(),
        };
        let pair = pair.map_err(|error| failed("key", &error))?;
        let secret = pair.sk.to_box(Some(SECRET_COMMENT)).map_err(|error| failed("key", &error))?;
        let public = pair.pk.to_box().map_err(|error| failed("key", &error))?;
        Ok(GeneratedKey { secret: secret.into_string().into(), public: public.into_string() })
    }

    /// Whether the file of a secret key is encrypted, so that it requires a password.
    pub fn is_encrypted(file: &str) -> bool {
        let line = file.lines().nth(1).unwrap_or_default();
        // Two bytes of the signature algorithm precede those of the algorithm that made a key of the password.
        STANDARD.decode(line.trim()).is_ok_and(|bytes| {
            bytes.len() == LENGTH && bytes.starts_with(b"Ed") && bytes[2..4] != [0, 0]
        })
    }

    /// Reads the file of a secret key. A password is only used where the key is encrypted.
    ///
    /// # Errors
    /// [`SigningError::PasswordRequired`], [`SigningError::WrongPassword`], [`SigningError::NotAKey`].
    pub fn parse(file: &str, password: Option<&SecretString>) -> Result<Self, SigningError> {
        let not_a_key = |why: String| SigningError::NotAKey { scheme: SCHEME, why };
        if !Self::is_encrypted(file) {
            return Self::unencrypted(file).map(Self).map_err(not_a_key);
        }
        let required = SigningError::PasswordRequired { scheme: SCHEME };
        let password = password.ok_or(required)?.expose_secret().to_owned();
        let secret = SecretKeyBox::from(file.to_owned());
        secret.into_secret_key(Some(password)).map(Self).map_err(|error| match error.kind() {
            ErrorKind::Verify => SigningError::WrongPassword { scheme: SCHEME },
            _ => not_a_key(error.to_string()),
        })
    }

    /// Reads a key without a password. The tool writes no checksum into it, which the library would require; that the public
    /// half belongs to the secret one is verified instead.
    fn unencrypted(file: &str) -> Result<SecretKey, String> {
        let line = file.lines().nth(1).unwrap_or_default();
        let bytes = STANDARD.decode(line.trim()).map(Zeroizing::new);
        let bytes = bytes.map_err(|error| error.to_string())?;
        let halves = bytes.get(SECRET).zip(bytes.get(PUBLIC));
        let (secret, public) = halves
            .filter(|_| bytes.len() == LENGTH && bytes.starts_with(b"Ed"))
            .ok_or("its second line is not a minisign secret key")?;
        Ed25519KeyPair::from_seed_and_public_key(secret, public)
            .map_err(|_| "its two halves do not belong together")?;
        SecretKey::from_bytes(&bytes).map_err(|error| error.to_string())
    }

    /// The public key that belongs to it.
    ///
    /// # Errors
    /// Where the secret key has no valid public one.
    pub fn public(&self) -> Result<VerifyingKey, SigningError> {
        let public = VerifyingKey::parse(&format!("minisign:{}", self.public_text()?));
        public.map_err(|error: KeyError| failed("key", &error))
    }

    /// The public key as the line of base64 that `minisign -P` takes.
    ///
    /// # Errors
    /// As for [`public`](Self::public).
    pub fn public_text(&self) -> Result<String, SigningError> {
        let public = PublicKey::from_secret_key(&self.0).map_err(|error| failed("key", &error))?;
        Ok(public.to_base64())
    }

    /// Signs the bytes of a file with this name: the text of its `.minisig` file. The trusted comment has the fields of the
    /// tool's: the time, the file's name, and that the content was hashed.
    ///
    /// # Errors
    /// Where the bytes cannot be read, or the name has a control character.
    pub fn sign(
        &self,
        content: &mut dyn Read,
        file: &str,
        at: SystemTime,
    ) -> Result<String, SigningError> {
        self.sign_naming(content, file, &[], at)
    }

    /// As [`sign`](Self::sign), with further fields in the trusted comment: their names and values.
    ///
    /// # Errors
    /// As for [`sign`](Self::sign), and where a field has a control character.
    pub fn sign_naming(
        &self,
        content: &mut dyn Read,
        file: &str,
        fields: &[(&str, &str)],
        at: SystemTime,
    ) -> Result<String, SigningError> {
        let seconds = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        if file.is_empty() || file.contains(char::is_control) {
            return Err(SigningError::Comment(file.to_owned()));
        }
        let mut trusted = format!("timestamp:{seconds}\tfile:{file}\thashed");
        for (name, value) in fields {
            if name.contains(char::is_control) || value.contains(char::is_control) {
                return Err(SigningError::Comment(format!("{name}:{value}")));
            }
            trusted += &format!("\t{name}:{value}");
        }
        let hash = blake2b(content).map_err(SigningError::Content)?;
        let (id, pair) = self.pair()?;
        let signature = pair.sign(&hash);
        let global = pair.sign(&[signature.as_ref(), trusted.as_bytes()].concat());
        let line = STANDARD.encode([b"ED", id.as_slice(), signature.as_ref()].concat());
        let global = STANDARD.encode(global.as_ref());
        Ok(format!("untrusted comment: {COMMENT}\n{line}\ntrusted comment: {trusted}\n{global}\n"))
    }

    /// The key id and the pair of keys. The library itself mixes random bytes into its signatures; those of RFC 8032 are
    /// the same for the same content, so that what is signed can be reproduced.
    fn pair(&self) -> Result<([u8; 8], Ed25519KeyPair), SigningError> {
        let bytes = self.0.to_bytes();
        let part = |range: std::ops::Range<usize>| bytes.get(range).unwrap_or_default();
        let id =
            part(KEY_ID..KEY_ID + 8).try_into().map_err(|error| failed("signature", &error))?;
        let pair = Ed25519KeyPair::from_seed_and_public_key(part(SECRET), part(PUBLIC));
        pair.map(|pair| (id, pair)).map_err(|error| failed("signature", &error))
    }
}

impl fmt::Debug for MinisignSecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The library would print the secret.
        f.debug_struct("MinisignSecretKey").finish_non_exhaustive()
    }
}

/// The BLAKE2b-512 of what is read.
fn blake2b(content: &mut dyn Read) -> std::io::Result<[u8; 64]> {
    let mut hasher = Blake2b512::new();
    let mut piece = vec![0; 64 * 1024];
    loop {
        let count = content.read(&mut piece)?;
        if count == 0 {
            return Ok(hasher.finalize().into());
        }
        hasher.update(&piece[..count]);
    }
}

fn failed(what: &'static str, error: &dyn fmt::Display) -> SigningError {
    SigningError::Failed { scheme: SCHEME, what, why: error.to_string() }
}
