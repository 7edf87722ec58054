//! [`PinnedImage`]: an image and its digest.

use std::{fmt, str::FromStr};

use crate::{Digest, repository_name};

/// The longest reference, in characters: the limit of registries for a repository, and the digest.
const LONGEST: usize = 512;

/// An image by its digest: `REPOSITORY[:TAG]@sha256:DIGEST`.
///
/// # Examples
/// ```
/// use loom_source::PinnedImage;
///
/// let digest = "0".repeat(64);
/// let image: PinnedImage = format!("ghcr.io/o/loom:0.2.0@sha256:{digest}").parse().unwrap();
/// assert_eq!(image.repository(), "ghcr.io/o/loom");
/// assert!("ghcr.io/o/loom:0.2.0".parse::<PinnedImage>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedImage {
    /// Repository and, where one was given, tag.
    name: String,
    digest: Digest,
}

/// A text that is no image by its digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an image by its digest, REPOSITORY@sha256:DIGEST")]
pub struct PinnedImageError;

impl PinnedImage {
    /// The repository: without tag and digest.
    pub fn repository(&self) -> &str {
        image_repository(&self.name)
    }

    /// The digest of its index or manifest.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

/// The repository of a reference to an image, which may have a tag and a digest.
pub fn image_repository(reference: &str) -> &str {
    let name = reference.split('@').next().unwrap_or_default();
    match name.rsplit_once(':') {
        // The colon of a port is followed by a path.
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => name,
    }
}

/// Whether a text can be the name of an image, with or without a tag.
fn is_name(text: &str) -> bool {
    let repository = image_repository(text);
    let rest = &text[repository.len()..];
    let has_tag = || rest.strip_prefix(':').is_some_and(is_tag);
    let path = match repository.split_once('/') {
        Some((host, path)) if is_host(host) => path,
        _ => repository,
    };
    let is_ended = rest.is_empty() || has_tag();
    text.len() <= LONGEST && is_ended && repository_name::check(path).is_ok()
}

/// Whether the first part of a name is a host: as engines tell it from a repository, it has a dot or a port, or is this machine.
fn is_host(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-:".contains(&byte);
    (text.contains(['.', ':']) || text == "localhost")
        && !text.starts_with(['-', '.', ':'])
        && text.bytes().all(is_allowed)
}

fn is_tag(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !text.is_empty() && !text.starts_with(['-', '.']) && text.bytes().all(is_allowed)
}

impl FromStr for PinnedImage {
    type Err = PinnedImageError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, digest) = text.trim().split_once("@sha256:").ok_or(PinnedImageError)?;
        let digest = digest.parse().map_err(|_| PinnedImageError)?;
        let image = Self { name: name.to_owned(), digest };
        is_name(name).then_some(image).ok_or(PinnedImageError)
    }
}

impl fmt::Display for PinnedImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@sha256:{}", self.name, self.digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_has_a_digest() {
        let digest = "ab".repeat(32);
        for (name, expected) in [
            ("loom", Some("loom")),
            ("127.0.0.1:5000/o/loom", Some("127.0.0.1:5000/o/loom")),
            ("127.0.0.1:5000/o/loom:0.2.0", Some("127.0.0.1:5000/o/loom")),
            ("localhost/loom", Some("localhost/loom")),
            ("Registry.example/o/loom", Some("Registry.example/o/loom")),
            ("", None),
            ("Loom", None),
            ("ghcr.io/o/Loom", None),
            ("ghcr.io/o//loom", None),
            ("ghcr.io/", None),
            ("loom:", None),
            ("loom:-1", None),
            ("a b", None),
            ("a\nb", None),
            ("https://host/loom", None),
            ("-a", None),
            ("user@host/loom", None),
        ] {
            let text = format!("{name}@sha256:{digest}");
            let image: Option<PinnedImage> = text.parse().ok();
            assert_eq!(image.as_ref().map(PinnedImage::repository), expected, "{name}");
            assert!(image.is_none_or(|image| image.to_string() == text));
        }
        for text in ["loom", "loom:1", "loom@sha256:12", "loom@sha512:0", "@sha256:"] {
            assert!(text.parse::<PinnedImage>().is_err(), "{text}");
        }
    }
}
