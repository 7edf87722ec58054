//! [`Digest`]: a SHA-256 digest.

use std::{
    fmt,
    fs::File,
    io::{self, Read as _},
    path::Path,
    str::FromStr,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A SHA-256 digest.
///
/// Its text, in JSON too, is 64 lower-case hexadecimal digits. When a text is read, a prefix `sha256:` and upper case
/// digits are accepted.
///
/// # Examples
/// ```
/// use loom_source::Digest;
///
/// let digest = Digest::of(b"hello");
/// assert_eq!(digest.short(), "2cf24dba5fb0");
/// assert_eq!(format!("sha256:{digest}").parse(), Ok(digest));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

/// A text that is not a SHA-256 digest in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 digest: {0:?} (expected 64 hexadecimal digits)")]
pub struct DigestError(String);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest and the size of a file.
    ///
    /// # Errors
    /// Whatever the operating system reports.
    pub fn of_file(path: &Path) -> io::Result<(Self, u64)> {
        let (mut file, mut hasher) = (File::open(path)?, Sha256::new());
        let (mut buffer, mut size) = (vec![0; 256 * 1024], 0);
        loop {
            match file.read(&mut buffer) {
                Ok(0) => return Ok((Self::from_hasher(hasher), size)),
                Ok(n) => {
                    hasher.update(&buffer[..n]);
                    size += n as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The digest of the bytes that were given to `hasher`.
    pub fn from_hasher(hasher: Sha256) -> Self {
        Self(hasher.finalize().into())
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first two hexadecimal digits: the name of the folder that holds the object in a store.
    pub fn prefix(&self) -> String {
        hex::encode(&self.0[..1])
    }

    /// The first twelve hexadecimal digits, for display.
    pub fn short(&self) -> String {
        hex::encode(&self.0[..6])
    }
}

impl FromStr for Digest {
    type Err = DigestError;
    fn from_str(text: &str) -> Result<Self, DigestError> {
        let digits = text.strip_prefix("sha256:").unwrap_or(text);
        let mut bytes = [0; 32];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| DigestError(text.to_owned()))?;
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Digest {
    type Error = DigestError;
    fn try_from(text: String) -> Result<Self, DigestError> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.to_string()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", self.short())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_in_common_forms_are_read() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::of(b"").to_string(), empty);
        for text in [empty.to_owned(), format!("sha256:{empty}"), empty.to_uppercase()] {
            assert_eq!(text.parse::<Digest>().unwrap(), Digest::of(b""));
        }
        for bad in ["", "sha256:", &empty[1..], "sha512:00", &format!("{empty}0")] {
            assert!(bad.parse::<Digest>().is_err(), "{bad}");
        }
    }
}
