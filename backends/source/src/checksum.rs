//! Reads checksum files: a `.sha256` file beside an asset, or one `SHA256SUMS` for several assets.
//!
//! The accepted forms are those of coreutils (text and binary mode), BSD and OpenSSL, and a bare digest, in upper or
//! lower case, with any line ends and a byte order mark. A name that is a path counts by its last component.

use crate::Digest;

/// Why a checksum file gives no digest for an asset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChecksumError {
    /// The file is not UTF-8 text.
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
    /// The file has several digests for the asset.
    #[error("{count} digests for {asset}, expected one")]
    Several {
        /// The name of the asset.
        asset: String,
        /// The number of digests.
        count: usize,
    },
}

/// The digest in a `.sha256` file beside `asset`: that of the one line that names the asset, or that of the only line if
/// it has no name.
///
/// # Errors
/// Where the file has no such line, or several.
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
    let lines = parse(bytes, asset)?;
    let asset = || asset.to_owned();
    if let [ChecksumLine { digest, name: None }] = lines[..] {
        return Ok(digest);
    }
    let matching: Vec<&ChecksumLine> =
        lines.iter().filter(|l| l.name == Some(asset().as_str())).collect();
    match (&matching[..], lines.iter().find_map(|line| line.name)) {
        ([line], _) => Ok(line.digest),
        ([], Some(named)) => Err(ChecksumError::Other { asset: asset(), named: named.to_owned() }),
        ([], None) if lines.is_empty() => Err(ChecksumError::Empty),
        ([], None) => Err(ChecksumError::Several { asset: asset(), count: lines.len() }),
        (several, _) => Err(ChecksumError::Several { asset: asset(), count: several.len() }),
    }
}

/// The digest that a `SHA256SUMS` gives for `asset`; `None` where no line names the asset.
///
/// # Errors
/// Where the file has no digest at all, or several for the asset.
pub fn sums(bytes: &[u8], asset: &str) -> Result<Option<Digest>, ChecksumError> {
    let lines = parse(bytes, asset)?;
    if lines.is_empty() {
        return Err(ChecksumError::Empty);
    }
    let mut matching = lines.iter().filter(|line| line.name == Some(asset));
    let first = matching.next().map(|line| line.digest);
    match matching.count() {
        0 => Ok(first),
        more => Err(ChecksumError::Several { asset: asset.to_owned(), count: more + 1 }),
    }
}

/// One line of a checksum file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ChecksumLine<'a> {
    digest: Digest,
    name: Option<&'a str>,
}

/// The lines that have a digest. Other lines are skipped (comments, the armour of a signed file), unless they name the
/// asset: then the one line that counts is broken.
fn parse<'a>(bytes: &'a [u8], asset: &str) -> Result<Vec<ChecksumLine<'a>>, ChecksumError> {
    let text = std::str::from_utf8(bytes).map_err(|_| ChecksumError::NotText)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = Vec::new();
    for (number, text) in text.lines().enumerate() {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        match tagged(text).or_else(|| plain(text)) {
            Some(line) => lines.push(line),
            None if text.split([' ', '*', '(', ')']).any(|word| last(word) == asset) => {
                return Err(ChecksumError::Line { line: number + 1, asset: asset.to_owned() });
            }
            None => {}
        }
    }
    Ok(lines)
}

/// `<hex>`, `<hex>  <name>` or `<hex> *<name>`.
fn plain(line: &str) -> Option<ChecksumLine<'_>> {
    let (digits, name) = match line.split_once([' ', '\t']) {
        Some((digits, name)) => (digits, Some(name.trim_start())),
        None => (line, None),
    };
    let digest = hexadecimal(digits)?;
    let name = name.map(|name| last(name.strip_prefix('*').unwrap_or(name)));
    Some(ChecksumLine { digest, name })
}

/// `SHA256 (<name>) = <hex>` of BSD, `SHA2-256(<name>)= <hex>` of OpenSSL.
fn tagged(line: &str) -> Option<ChecksumLine<'_>> {
    let rest = line.strip_prefix("SHA256").or_else(|| line.strip_prefix("SHA2-256"))?;
    let (name, digits) = rest.trim_start().strip_prefix('(')?.rsplit_once(')')?;
    let digest = hexadecimal(digits.trim_start().strip_prefix('=')?.trim())?;
    Some(ChecksumLine { digest, name: Some(last(name)) })
}

/// Exactly 64 digits: the parser of [`Digest`] would accept a prefix `sha256:`.
fn hexadecimal(digits: &str) -> Option<Digest> {
    if digits.len() == 64 { digits.parse().ok() } else { None }
}

/// The last component of a path: `sha256sum dist/x` writes `dist/x`.
fn last(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests;
