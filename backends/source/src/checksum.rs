//! Reads checksum files: a `.sha256` file beside an asset, or one `SHA256SUMS` for several assets.
//!
//! The accepted forms are those of coreutils (text and binary mode, escaped names), BSD, OpenSSL, `Get-FileHash` and
//! `certutil`, a size between digest and name, and a bare digest, in upper or lower case, with any line ends, in UTF-8 or
//! UTF-16. A name that is a path counts by its last component. Lines of other algorithms and of other files are skipped,
//! whatever bytes they hold.

mod line;
mod text;

use self::line::ChecksumLine;
use crate::Digest;

/// The names of the file with the digests of several assets, the likeliest one first.
pub const SUMS_NAMES: [&str; 3] = ["SHA256SUMS", "SHA256SUMS.txt", "checksums.txt"];

/// Why a checksum file gives no digest for an asset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChecksumError {
    /// The file is not text.
    #[error("not a text file")]
    NotText,
    /// No line has a digest.
    #[error("no SHA-256 digest in hexadecimal")]
    Empty,
    /// The line that names the asset has no digest.
    #[error("line {line}: no SHA-256 digest in hexadecimal for {asset}")]
    Line {
        /// The number of the line, from 1.
        line: usize,
        /// The name of the asset.
        asset: String,
    },
    /// The file names other assets only.
    #[error("no line for {asset}; the first line is for {named}")]
    Other {
        /// The name of the asset.
        asset: String,
        /// The first name in the file.
        named: String,
    },
    /// The file has only digests of another algorithm for the asset.
    #[error("no SHA-256 digest for {asset}, only {algorithm}")]
    OtherAlgorithm {
        /// The name of the asset.
        asset: String,
        /// The first algorithm.
        algorithm: String,
    },
    /// The file has several digests for the asset.
    #[error("{count} digests for {asset}, expected one")]
    Several {
        /// The name of the asset.
        asset: String,
        /// The number of digests.
        count: usize,
    },
}

/// The digest in a `.sha256` file beside `asset`: that of the lines that name the asset, or that of the only line if it
/// has no name.
///
/// # Errors
/// Where the file has no such line, or several with different digests.
///
/// # Examples
/// ```
/// use loom_source::{Digest, checksum};
///
/// let digest = Digest::of(b"hello");
/// let file = format!("{digest}  dist/server.tar.gz\n");
/// assert_eq!(checksum::sidecar(file.as_bytes(), "server.tar.gz"), Ok(digest));
/// ```
pub fn sidecar(bytes: &[u8], asset: &str) -> Result<Digest, ChecksumError> {
    let file = ChecksumLines::parse(bytes, asset)?;
    if let Some(digest) = file.digest_of(Some(asset))? {
        return Ok(digest);
    }
    let asset = asset.to_owned();
    match (file.lines.iter().find_map(|line| line.name.clone()), &file.other_algorithm) {
        (_, Some(algorithm)) => {
            Err(ChecksumError::OtherAlgorithm { asset, algorithm: algorithm.clone() })
        }
        (Some(named), None) => Err(ChecksumError::Other { asset, named }),
        (None, None) => file.digest_of(None)?.ok_or(ChecksumError::Empty),
    }
}

/// The digest that a `SHA256SUMS` gives for `asset`; `None` where no line names the asset.
///
/// # Errors
/// Where the file has no digest at all, or several for the asset, or only one of another algorithm.
pub fn sums(bytes: &[u8], asset: &str) -> Result<Option<Digest>, ChecksumError> {
    let file = ChecksumLines::parse(bytes, asset)?;
    match (file.digest_of(Some(asset))?, file.other_algorithm) {
        (Some(digest), _) => Ok(Some(digest)),
        (None, Some(algorithm)) => {
            Err(ChecksumError::OtherAlgorithm { asset: asset.to_owned(), algorithm })
        }
        (None, None) if file.lines.is_empty() => Err(ChecksumError::Empty),
        (None, None) => Ok(None),
    }
}

/// The lines of a `SHA256SUMS` that have a name, each with the last component of the name and its digest.
pub fn named(bytes: &[u8]) -> Vec<(String, Digest)> {
    let lines = ChecksumLines::parse(bytes, "").map(|file| file.lines).unwrap_or_default();
    lines.into_iter().filter_map(|line| Some((line.name?, line.digest))).collect()
}

/// The digest that the file with this name (one of [`SUMS_NAMES`]) gives for `asset`; `None` where no line names the asset.
/// A file `checksums.txt` may hold the digests of other algorithms only.
///
/// # Errors
/// As for [`sums`].
pub fn sums_in(name: &str, bytes: &[u8], asset: &str) -> Result<Option<Digest>, ChecksumError> {
    match sums(bytes, asset) {
        Err(ChecksumError::Empty | ChecksumError::OtherAlgorithm { .. })
            if !name.starts_with(SUMS_NAMES[0]) =>
        {
            Ok(None)
        }
        digest => digest,
    }
}

/// The lines of a checksum file that have a digest.
struct ChecksumLines {
    asset: String,
    lines: Vec<ChecksumLine>,
    /// The algorithm of a line that has another digest of the asset.
    other_algorithm: Option<String>,
}

impl ChecksumLines {
    /// Reads the file. Lines without a digest are skipped (comments, sizes, the armour of a signed file), unless they name
    /// the asset: then the one line that counts is broken.
    fn parse(bytes: &[u8], asset: &str) -> Result<Self, ChecksumError> {
        let text = text::decode(bytes).ok_or(ChecksumError::NotText)?;
        let mut file = Self { asset: asset.to_owned(), lines: Vec::new(), other_algorithm: None };
        for (number, text) in text.lines().enumerate() {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            if let Some(line) = ChecksumLine::parse(text) {
                file.lines.push(line);
            } else if let Some((name, algorithm)) = line::other(text) {
                if name == asset && algorithm != line::SIZE {
                    file.other_algorithm.get_or_insert(algorithm);
                }
            } else if line::mentions(text, asset) {
                return Err(ChecksumError::Line { line: number + 1, asset: asset.to_owned() });
            }
        }
        Ok(file)
    }

    /// The digest of the lines with this name, or of those without one. The same line may be there twice.
    fn digest_of(&self, name: Option<&str>) -> Result<Option<Digest>, ChecksumError> {
        let named = self.lines.iter().filter(|line| line.name.as_deref() == name);
        let mut digests: Vec<Digest> = named.map(|line| line.digest).collect();
        digests.sort_unstable();
        digests.dedup();
        match digests[..] {
            [] => Ok(None),
            [digest] => Ok(Some(digest)),
            _ => {
                let (asset, count) = (self.asset.clone(), digests.len());
                Err(ChecksumError::Several { asset, count })
            }
        }
    }
}

#[cfg(test)]
mod tests;
