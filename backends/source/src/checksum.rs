//! Checksum files: a `.sha256` file beside an asset, or one `SHA256SUMS` for many.
//!
//! Read are the forms that coreutils (text and binary mode), BSD and OpenSSL write, and a bare digest; in either
//! case, with any line ends and a byte order mark. Where names are given, they count: of a path, its last part.

use crate::Digest;

/// Why a checksum file gives no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChecksumError {
    /// Not text.
    #[error("it is not text")]
    NotText,
    /// No line has a digest.
    #[error("it holds no SHA-256 in hexadecimal")]
    Empty,
    /// The line that names the asset has no digest.
    #[error("its line {line} names {asset} without a SHA-256 in hexadecimal")]
    Line {
        /// The line, counted from 1.
        line: usize,
        /// The asset.
        asset: String,
    },
    /// It speaks of others only.
    #[error("it does not name {asset}, but {named}")]
    Other {
        /// The asset.
        asset: String,
        /// The first name that it does give.
        named: String,
    },
    /// It has more than one digest for the asset.
    #[error("it gives {count} digests for {asset}")]
    Several {
        /// The asset.
        asset: String,
        /// How many.
        count: usize,
    },
}

/// The digest in a `.sha256` file beside `asset`: of the one line that names it, or of the only line where that
/// gives no name.
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

/// The digest that a `SHA256SUMS` gives for `asset`, if it names it.
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

/// What one line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ChecksumLine<'a> {
    digest: Digest,
    name: Option<&'a str>,
}

/// The lines that give a digest. Others are passed over (comments, the armour of a signed file), unless they
/// name the asset: then something is wrong with the one line that matters.
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

/// 64 digits and nothing else: [`Digest`]'s own parser would take a `sha256:` before them.
fn hexadecimal(digits: &str) -> Option<Digest> {
    if digits.len() == 64 { digits.parse().ok() } else { None }
}

/// The last part of a path: who ran `sha256sum dist/x` meant `x`.
fn last(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests;
