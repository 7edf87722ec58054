//! Reads one line of a checksum file.

use std::borrow::Cow;

use crate::Digest;

/// The word with which BSD's `distinfo` gives the size of a file.
pub(super) const SIZE: &str = "SIZE";

/// The algorithms of plain lines by the number of hexadecimal digits. SHA-256 is missing.
const ALGORITHMS: [(usize, &str); 5] =
    [(32, "MD5"), (40, "SHA1"), (56, "SHA224"), (96, "SHA384"), (128, "SHA512")];

/// The longest name of an algorithm.
const LONGEST_ALGORITHM: usize = 16;

/// A line with a SHA-256 digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChecksumLine {
    pub(super) digest: Digest,
    /// The last component of the name; `None` where the line has no name, or that of standard input.
    pub(super) name: Option<String>,
}

impl ChecksumLine {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (name, digest) = match tagged(text) {
            Some((algorithm, name, digits)) => {
                let is_ours = matches!(algorithm, "SHA256" | "SHA2-256" | "sha256");
                (Some(name), hexadecimal(digits).filter(|_| is_ours)?)
            }
            None => {
                let (digits, name) = plain(text);
                (name, hexadecimal(digits)?)
            }
        };
        Some(Self { digest, name: name.filter(|name| name != "-").map(Cow::into_owned) })
    }
}

/// The name and the algorithm of a line with another digest than a SHA-256, or with a size.
pub(super) fn other(text: &str) -> Option<(String, String)> {
    if let Some((algorithm, name, value)) = tagged(text) {
        let is_value = value.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_other = !matches!(algorithm, "SHA256" | "SHA2-256" | "sha256");
        return (is_other && is_value).then(|| (name.into_owned(), algorithm.to_owned()));
    }
    let (digits, name) = plain(text);
    let is_hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let (_, algorithm) = ALGORITHMS.iter().find(|(length, _)| *length == digits.len())?;
    Some((name.filter(|_| is_hexadecimal)?.into_owned(), (*algorithm).to_owned()))
}

/// Whether a line has the name of an asset as one of its words. No line has the empty name of no asset.
pub(super) fn mentions(text: &str, asset: &str) -> bool {
    !asset.is_empty() && text.split([' ', '\t', '*', '(', ')']).any(|word| last(word) == asset)
}

/// The digits and the name of `<hex>`, `<hex>  <name>`, `<hex> *<name>`, `<hex>  <size> <name>`, and of
/// `SHA256  <hex>  <name>` as `Get-FileHash` prints it. A backslash at the beginning means that the name is escaped.
fn plain(line: &str) -> (&str, Option<Cow<'_, str>>) {
    let (line, is_escaped) = match line.strip_prefix('\\') {
        Some(line) => (line, true),
        None => (line, false),
    };
    let line =
        line.strip_prefix("SHA256").filter(|rest| rest.starts_with([' ', '\t'])).unwrap_or(line);
    let line = line.trim_start();
    let Some((digits, name)) = line.split_once([' ', '\t']) else { return (line, None) };
    let name = name.trim_start();
    let name = name.strip_prefix('*').unwrap_or(name);
    let name = match name.split_once([' ', '\t']) {
        Some((size, rest)) if size.bytes().all(|byte| byte.is_ascii_digit()) => rest.trim_start(),
        _ => name,
    };
    let name = if is_escaped { Cow::Owned(unescaped(name)) } else { Cow::Borrowed(name) };
    (digits, Some(last_of(name)))
}

/// Algorithm, name and value of `SHA256 (<name>) = <hex>` of BSD and `SHA2-256(<name>)= <hex>` of OpenSSL.
fn tagged(line: &str) -> Option<(&str, Cow<'_, str>, &str)> {
    let (line, is_escaped) = match line.strip_prefix('\\') {
        Some(line) => (line, true),
        None => (line, false),
    };
    let (algorithm, rest) = line.split_once('(')?;
    let algorithm = algorithm.trim_end();
    let is_word =
        |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' || byte == b'/';
    if !(1..=LONGEST_ALGORITHM).contains(&algorithm.len()) || !algorithm.bytes().all(is_word) {
        return None;
    }
    let (name, value) = rest.rsplit_once(')')?;
    let value = value.trim_start().strip_prefix('=')?.trim();
    let name = if is_escaped { Cow::Owned(unescaped(name)) } else { Cow::Borrowed(name) };
    Some((algorithm, last_of(name), value))
}

/// A name that `sha256sum` escaped.
fn unescaped(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut rest = name.chars();
    while let Some(char) = rest.next() {
        match (char, rest.clone().next()) {
            ('\\', Some(escaped @ ('\\' | 'n' | 'r'))) => {
                rest.next();
                text.push(match escaped {
                    'n' => '\n',
                    'r' => '\r',
                    other => other,
                });
            }
            (char, _) => text.push(char),
        }
    }
    text
}

/// Exactly 64 digits: the parser of [`Digest`] would accept a prefix `sha256:`.
fn hexadecimal(digits: &str) -> Option<Digest> {
    if digits.len() == 64 { digits.parse().ok() } else { None }
}

/// The last component of a path: `sha256sum dist/x` writes `dist/x`.
fn last(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

fn last_of(path: Cow<'_, str>) -> Cow<'_, str> {
    match path {
        Cow::Borrowed(path) => Cow::Borrowed(last(path)),
        Cow::Owned(path) => Cow::Owned(last(&path).to_owned()),
    }
}
