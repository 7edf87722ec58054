//! [`MinisignSecretKey`]: `.minisig` files, as the tool writes them.

use std::{fmt, io::Read, time::SystemTime};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use minisign::{ErrorKind, KeyPair, PublicKey, SecretKey, SecretKeyBox};
use secrecy::{ExposeSecret as _, SecretString};

use super::SigningError;
use crate::{KeyError, VerifyingKey};

const SCHEME: &str = "minisign";

/// The first line of a secret key, as the tool writes it.
const SECRET_COMMENT: &str = "minisign encrypted secret key";

/// The first line of a signature, as the tool writes it.
const COMMENT: &str = "signature from minisign secret key";

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
        STANDARD
            .decode(line.trim())
            .is_ok_and(|bytes| bytes.get(2..4).is_some_and(|kdf| kdf != [0, 0]))
    }

    /// Reads the file of a secret key. A password is only used where the key is encrypted.
    ///
    /// # Errors
    /// [`SigningError::PasswordRequired`], [`SigningError::WrongPassword`], [`SigningError::NotAKey`].
    pub fn parse(file: &str, password: Option<&SecretString>) -> Result<Self, SigningError> {
        let secret = SecretKeyBox::from(file.to_owned());
        let not_a_key = |why: String| SigningError::NotAKey { scheme: SCHEME, why };
        if !Self::is_encrypted(file) {
            let key = secret.into_unencrypted_secret_key();
            return key.map(Self).map_err(|error| not_a_key(error.to_string()));
        }
        let required = SigningError::PasswordRequired { scheme: SCHEME };
        let password = password.ok_or(required)?.expose_secret().to_owned();
        secret.into_secret_key(Some(password)).map(Self).map_err(|error| match error.kind() {
            ErrorKind::Verify => SigningError::WrongPassword { scheme: SCHEME },
            _ => not_a_key(error.to_string()),
        })
    }

    /// The public key that belongs to it.
    ///
    /// # Errors
    /// Where the secret key has no valid public one.
    pub fn public(&self) -> Result<VerifyingKey, SigningError> {
        let public = PublicKey::from_secret_key(&self.0).map_err(|error| failed("key", &error))?;
        let public = VerifyingKey::parse(&format!("minisign:{}", public.to_base64()));
        public.map_err(|error: KeyError| failed("key", &error))
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
        let seconds = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        if file.is_empty() || file.contains(char::is_control) {
            return Err(SigningError::Comment(file.to_owned()));
        }
        let trusted = format!("timestamp:{seconds}\tfile:{file}\thashed");
        let signature = minisign::sign(None, &self.0, content, Some(&trusted), Some(COMMENT));
        match signature {
            Ok(signature) => Ok(signature.into_string()),
            Err(error) if matches!(error.kind(), ErrorKind::Io) => {
                Err(SigningError::Content(std::io::Error::other(error)))
            }
            Err(error) => Err(failed("signature", &error)),
        }
    }
}

impl fmt::Debug for MinisignSecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The library would print the secret.
        f.debug_struct("MinisignSecretKey").finish_non_exhaustive()
    }
}

fn failed(what: &'static str, error: &dyn fmt::Display) -> SigningError {
    SigningError::Failed { scheme: SCHEME, what, why: error.to_string() }
}
