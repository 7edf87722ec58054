//! [`Scheme`]: the words that begin the name of a source.

use std::{fmt, str::FromStr};

/// The word before the first `:` in the name of a source.
///
/// # Examples
/// ```
/// use loom_source::Scheme;
///
/// assert_eq!("s3".parse(), Ok(Scheme::S3));
/// assert!(Scheme::S3.is_mirror() && Scheme::S3.is_object_store());
/// assert!(!Scheme::Github.is_mirror());
/// assert!("ftp".parse::<Scheme>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// `file:///path`: a folder of this machine.
    File,
    /// `http://host/path`: a folder of an HTTP server.
    Http,
    /// `https://host/path`: a folder of an HTTPS server.
    Https,
    /// `s3://bucket/prefix`: Amazon S3, or a service with its protocol.
    S3,
    /// `gs://bucket/prefix`: Google Cloud Storage.
    Gs,
    /// `az://container/prefix`: Azure Blob Storage.
    Az,
    /// `oci://host/repository`: a repository of an OCI registry.
    Oci,
    /// `oci-layout:/path`: an OCI image layout, a folder or a tar archive.
    OciLayout,
    /// `github:owner/repository`: the releases of a repository.
    Github,
    /// `target` or `target:/path`: the cargo builds of a checkout.
    Target,
    /// `plugin:name`: what the program `loom-source-name` serves.
    Plugin,
}

/// A text that is not the scheme of a source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown scheme {0:?}: expected one of {names}", names = Scheme::ALL.map(Scheme::as_str).join(", "))]
pub struct SchemeError(String);

impl Scheme {
    /// All schemes.
    pub const ALL: [Self; 11] = [
        Self::File,
        Self::Http,
        Self::Https,
        Self::S3,
        Self::Gs,
        Self::Az,
        Self::Oci,
        Self::OciLayout,
        Self::Github,
        Self::Target,
        Self::Plugin,
    ];

    /// The scheme as text, without the colon.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Http => "http",
            Self::Https => "https",
            Self::S3 => "s3",
            Self::Gs => "gs",
            Self::Az => "az",
            Self::Oci => "oci",
            Self::OciLayout => "oci-layout",
            Self::Github => "github",
            Self::Target => "target",
            Self::Plugin => "plugin",
        }
    }

    /// How a source of this scheme is named, as an example for messages.
    pub fn form(self) -> &'static str {
        match self {
            Self::File => "file:///path",
            Self::Http => "http://host/path",
            Self::Https => "https://host/path",
            Self::S3 => "s3://bucket/prefix",
            Self::Gs => "gs://bucket/prefix",
            Self::Az => "az://container/prefix",
            Self::Oci => "oci://host/repository",
            Self::OciLayout => "oci-layout:/path",
            Self::Github => "github:owner/repository",
            Self::Target => "target:/path",
            Self::Plugin => "plugin:name",
        }
    }

    /// Whether a URL of this scheme (`scheme://…`) names a mirror.
    pub fn is_mirror(self) -> bool {
        !matches!(self, Self::Oci | Self::OciLayout | Self::Github | Self::Target | Self::Plugin)
    }

    /// Whether a URL of this scheme names a bucket of an object store.
    pub fn is_object_store(self) -> bool {
        matches!(self, Self::S3 | Self::Gs | Self::Az)
    }
}

impl FromStr for Scheme {
    type Err = SchemeError;

    fn from_str(text: &str) -> Result<Self, SchemeError> {
        let scheme = Self::ALL.into_iter().find(|scheme| scheme.as_str() == text);
        scheme.ok_or_else(|| SchemeError(text.to_owned()))
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_value_agree() {
        for scheme in Scheme::ALL {
            assert_eq!(scheme.to_string().parse(), Ok(scheme));
            assert_eq!(scheme.form().split(':').next(), Some(scheme.as_str()));
        }
        for bad in ["", "S3", "s3:", "ftp"] {
            assert!(bad.parse::<Scheme>().is_err(), "{bad:?}");
        }
    }
}
