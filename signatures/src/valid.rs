//! [`ValidSignature`]: what a verified signature proves.

use loom_source::{EvidenceKind, Version};

/// A signature that verified: the content is what the owner of the key, or the identity, signed.
///
/// Whether it counts for a release depends on [`names`](Self::names): a valid signature of a file says nothing about the
/// version that the file is offered as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidSignature {
    /// The scheme.
    pub kind: EvidenceKind,
    /// The [id](crate::VerifyingKey::id) of the key; `None` where a certificate of an identity signed.
    pub key: Option<String>,
    /// The identity that signed; `None` where a key did.
    pub identity: Option<SignedIdentity>,
    /// What the signed text names.
    pub names: SignedName,
}

impl ValidSignature {
    /// A signature by a key.
    pub(crate) fn by_key(kind: EvidenceKind, key: String, names: SignedName) -> Self {
        Self { kind, key: Some(key), identity: None, names }
    }
}

/// The identity of a certificate, as it was compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIdentity {
    /// The subject alternative name, such as the URI of a workflow.
    pub san: String,
    /// The issuer of the identity, such as `https://token.actions.githubusercontent.com`.
    pub issuer: String,
}

/// What the signed text says about which release the content is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedName {
    /// Nothing: the scheme signs the bytes only.
    Nothing,
    /// The trusted comment of minisign, which is signed.
    TrustedComment(TrustedComment),
    /// The version that the accepted identity contains.
    Version(Version),
}

impl SignedName {
    /// The file name that was signed, such as `loom-bridge-server-0.2.0-linux-x86_64.tar.gz`.
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::TrustedComment(comment) => comment.field("file"),
            Self::Nothing | Self::Version(_) => None,
        }
    }

    /// The version that was signed.
    pub fn version(&self) -> Option<&Version> {
        match self {
            Self::Version(version) => Some(version),
            Self::Nothing | Self::TrustedComment(_) => None,
        }
    }
}

/// The trusted comment of a minisign signature: fields of the form `name:value`, separated by tabs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedComment(pub(crate) String);

impl TrustedComment {
    /// The comment as it was signed.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The value of a field; `None` where it is missing, and where it is there more than once.
    ///
    /// minisign writes `timestamp`, `file` and `hashed`.
    pub fn field(&self, name: &str) -> Option<&str> {
        let fields = self.0.split('\t').filter_map(|field| field.split_once(':'));
        let mut values = fields.filter(|(field, _)| *field == name).map(|(_, value)| value);
        values.next().filter(|_| values.next().is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_a_trusted_comment_is_there_once_or_not_at_all() {
        for (comment, file) in [
            ("timestamp:1\tfile:a-0.2.0.tar.gz\thashed", Some("a-0.2.0.tar.gz")),
            ("file:C:\\a", Some("C:\\a")),
            ("file:", Some("")),
            ("timestamp:1", None),
            ("profile:a", None),
            ("file:a\tfile:b", None),
            ("a file:b", None),
            ("", None),
        ] {
            let name = SignedName::TrustedComment(TrustedComment(comment.to_owned()));
            assert_eq!(name.file(), file, "{comment:?}");
        }
    }
}
