//! [`Statement`]: the immutable document that names the tree of a release.

use loom_base::time::parse_rfc3339;
use serde::{Deserialize, Serialize, de::Error as _};

use super::document::{self, DocumentError};
use crate::{ArchiveFormat, Authority, Digest, Name, Platform, Product, Release, Version};

/// The statement of an authority that a release is this tree, with this executable: an immutable object of a store.
///
/// # Examples
/// ```
/// use loom_source::{Authority, Digest, Name, Platform, Statement};
///
/// let statement = Statement {
///     authority: Authority::default(),
///     binary: Name::default(),
///     version: "0.2.0".parse()?,
///     platform: Platform::LinuxX86_64,
///     tree: Digest::of(b"listing"),
///     entry: "loom-bridge-server".to_owned(),
///     archives: Vec::new(),
///     published: None,
///     critical: Vec::new(),
/// };
/// let bytes = statement.to_bytes();
/// assert!(bytes.starts_with(br#"{"schema":"loom-statement 1","#));
/// assert_eq!(Statement::parse(&bytes)?, statement);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The authority that defines the release.
    pub authority: Authority,
    /// The name of the binary.
    pub binary: Name,
    /// The version of the release.
    pub version: Version,
    /// The platform of the release.
    pub platform: Platform,
    /// The digest of the tree's listing.
    pub tree: Digest,
    /// The path of the executable in the tree.
    pub entry: String,
    /// The archives that are known to unpack to this tree.
    pub archives: Vec<StatementArchive>,
    /// The time of publication (RFC 3339), where the authority gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
    /// The extensions that a reader must support to use the statement.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub critical: Vec<String>,
}

/// An archive that unpacks to the tree of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementArchive {
    /// The digest of the archive.
    pub digest: Digest,
    /// The size of the archive in bytes.
    pub size: u64,
    /// The format of the archive.
    pub format: ArchiveFormat,
    /// Whether the single top folder is dropped when the archive is unpacked.
    pub strip: bool,
}

impl Statement {
    /// Reads a statement.
    ///
    /// # Errors
    /// Where the bytes are not a statement of a known version, and where the statement has a critical extension.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        let statement: Self = document::read("statement", bytes)?;
        if let Some(extension) = statement.critical.first() {
            return Err(DocumentError::Critical(extension.clone()));
        }
        match &statement.published {
            Some(text) if parse_rfc3339(text).is_none() => {
                let why = format_args!("published is {text:?}, and not a time in RFC 3339");
                let source = serde_json::Error::custom(why);
                Err(DocumentError::Malformed { kind: "statement", source })
            }
            _ => Ok(statement),
        }
    }

    /// The bytes of the statement, with a line feed at the end. Their digest is the statement's name.
    pub fn to_bytes(&self) -> Vec<u8> {
        document::write("statement", self)
    }

    /// The release that the statement is about.
    pub fn release(&self) -> Release {
        Product {
            authority: self.authority.clone(),
            binary: self.binary.clone(),
            platform: self.platform,
        }
        .at_version(self.version.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement() -> Statement {
        Statement {
            authority: Authority::default(),
            binary: Name::default(),
            version: "0.2.0".parse().unwrap(),
            platform: Platform::LinuxX86_64,
            tree: Digest::of(b"tree"),
            entry: "loom-bridge-server".into(),
            archives: vec![],
            published: None,
            critical: vec![],
        }
    }

    #[test]
    fn text_and_value_agree() {
        let bytes = statement().to_bytes();
        assert_eq!(Statement::parse(&bytes).unwrap(), statement());
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.starts_with("{\"schema\":\"loom-statement 1\","), "{text}");
    }

    #[test]
    fn only_a_time_is_a_time_of_publication() {
        for (published, valid) in [
            ("2026-01-02T03:04:05Z", true),
            ("https://mirror.example/2026", false),
            ("yesterday", false),
            ("", false),
        ] {
            let statement = Statement { published: Some(published.into()), ..statement() };
            assert_eq!(Statement::parse(&statement.to_bytes()).is_ok(), valid, "{published}");
        }
    }

    #[test]
    fn newer_and_critical_statements_are_refused() {
        let text = String::from_utf8(statement().to_bytes()).unwrap();
        let newer = text.replace("loom-statement 1", "loom-statement 2");
        assert!(matches!(Statement::parse(newer.as_bytes()), Err(DocumentError::Newer { .. })));
        let other = text.replace("loom-statement 1", "something");
        assert!(matches!(Statement::parse(other.as_bytes()), Err(DocumentError::Malformed { .. })));
        let critical = Statement { critical: vec!["moon-phase".into()], ..statement() };
        assert!(matches!(Statement::parse(&critical.to_bytes()), Err(DocumentError::Critical(_))));
    }
}
