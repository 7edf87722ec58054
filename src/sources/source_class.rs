//! The class of a source, as receipts and verifications name it.

use std::fmt;

/// The class of a source. The code that opens a source sets it; a source never declares its own class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceClass {
    /// The releases of a GitHub repository.
    Github,
    /// A mirror on a web server.
    Mirror,
    /// A mirror in a bucket of an object store.
    ObjectStore,
    /// An OCI registry.
    Registry,
    /// A folder or a single file on a disk of this machine.
    File,
    /// A source plugin.
    Plugin,
    /// A cargo build of a checkout on this machine.
    Build,
}

impl SourceClass {
    /// The word used in documents: `github`, `mirror`, `object-store`, `registry`, `file`, `plugin` or `build`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Mirror => "mirror",
            Self::ObjectStore => "object-store",
            Self::Registry => "registry",
            Self::File => "file",
            Self::Plugin => "plugin",
            Self::Build => "build",
        }
    }
}

impl fmt::Display for SourceClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
