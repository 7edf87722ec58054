//! [`SigstoreIdentity`]: who may sign without a key, and the [`TrustRoot`] that vouches for the certificate.

use std::{fmt, path::PathBuf, sync::Arc};

use loom_source::Version;

/// The placeholder of the version in an identity.
const VERSION: &str = "{version}";

/// An identity that may sign: both its name and its issuer are compared exactly, never by a part of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigstoreIdentity {
    /// The subject alternative name, such as
    /// `https://github.com/loom-os/loom/.github/workflows/release.yml@refs/tags/v{version}`. `{version}` stands for the
    /// version of the release.
    pub san: String,
    /// The issuer, such as `https://token.actions.githubusercontent.com`.
    pub issuer: String,
    /// What vouches for certificates, logs and timestamps.
    pub trust_root: TrustRoot,
}

impl SigstoreIdentity {
    /// Whether the identity names the version, so that its signatures name their release.
    pub fn names_version(&self) -> bool {
        self.san.contains(VERSION)
    }

    /// Whether `san` is this identity with some version in place of `{version}`.
    pub(crate) fn is_of_another_version(&self, san: &str) -> bool {
        let Some((before, after)) = self.san.split_once(VERSION) else { return false };
        let rest = san.strip_prefix(before);
        let Some(rest) = rest else { return false };
        // The version ends where the rest of the pattern, with the same version in it, follows.
        let ends = rest.char_indices().map(|(at, c)| at + c.len_utf8());
        ends.filter_map(|end| rest[..end].parse::<Version>().ok().map(|version| (end, version)))
            .any(|(end, version)| rest[end..] == after.replace(VERSION, &version.to_string()))
    }

    /// The name for this version.
    pub fn san_of(&self, version: &Version) -> String {
        self.san.replace(VERSION, &version.to_string())
    }
}

impl fmt::Display for SigstoreIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (issuer {})", self.san, self.issuer)
    }
}

/// Where the certificates and keys of a Sigstore instance come from: a `trusted_root.json`. It is read when a signature
/// needs it, not before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TrustRoot {
    /// Those shipped with this crate: of the public Sigstore instance, and, for workflows of GitHub, of GitHub's own
    /// instance, which signs for private repositories and for immutable releases.
    #[default]
    Shipped,
    /// A file.
    File(PathBuf),
    /// The text of a file.
    Text(Arc<str>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_is_told_from_another_identity() {
        let pattern = "https://h/o/r/.github/workflows/release.yml@refs/tags/v{version}";
        let identity = |san: &str| SigstoreIdentity {
            san: san.to_owned(),
            issuer: String::new(),
            trust_root: TrustRoot::default(),
        };
        let workflow = "https://h/o/r/.github/workflows/release.yml@refs";
        for (san, expected) in [
            (format!("{workflow}/tags/v0.2.0"), true),
            (format!("{workflow}/tags/v1.0.0-rc.1"), true),
            (format!("{workflow}/tags/v0.2"), false),
            (format!("{workflow}/tags/v"), false),
            (format!("{workflow}/heads/main"), false),
            (format!("{workflow}/tags/v0.2.0/x"), false),
            (String::new(), false),
        ] {
            assert_eq!(identity(pattern).is_of_another_version(&san), expected, "{san}");
        }
        let twice = identity("a-{version}-b-{version}-c");
        assert!(twice.is_of_another_version("a-0.2.0-b-0.2.0-c"));
        assert!(!twice.is_of_another_version("a-0.2.0-b-0.3.0-c"));
        assert!(!identity("a").is_of_another_version("a"));
    }
}
