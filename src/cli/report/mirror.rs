//! Tasks on mirrors that failed.

use super::{CommandError, Exit, source_error};
use loom_mirror::bundle::{BundleError, BundleWriteError};
use loom_runtime::mirror::{MirrorTaskError, bundle::BundleTaskError, serve::ServeError};

impl From<MirrorTaskError> for CommandError {
    fn from(error: MirrorTaskError) -> Self {
        match &error {
            MirrorTaskError::Source(error) => source_error::unanswered(error),
            MirrorTaskError::Document { .. } => Self::of(Exit::Integrity, &error),
            MirrorTaskError::NoIndex { mirror } => Self::of(Exit::Absent, &error)
                .hint(format!("`loom mirror index {mirror}` writes an index")),
        }
    }
}

impl From<ServeError> for CommandError {
    fn from(error: ServeError) -> Self {
        match &error {
            ServeError::Source(error) => source_error::unanswered(error),
            ServeError::Folder { .. } => Self::of(Exit::Usage, &error),
            ServeError::Listen { .. } => Self::of(Exit::Busy, &error)
                .hint("another program may use the port; --listen 127.0.0.1:0 uses a free one"),
            ServeError::Remote { .. } => Self::of(Exit::Usage, &error)
                .hint("--remote allows it: then everybody who can reach it can read the mirror"),
            ServeError::NoStore { .. } => Self::of(Exit::Usage, &error)
                .hint("name a mirror in the layout of a store, such as one that `loom mirror sync` filled"),
        }
    }
}

impl From<BundleTaskError> for CommandError {
    fn from(error: BundleTaskError) -> Self {
        use BundleTaskError as E;
        match error {
            E::Mirror(error) => error.into(),
            E::Source(error) => source_error::unanswered(&error),
            E::Document { .. } | E::NoArtifact { .. } => Self::of(Exit::Integrity, &error),
            E::NoStore { .. } => Self::of(Exit::Usage, &error)
                .hint("fill a mirror first with `loom mirror sync --from SOURCE --to FOLDER`"),
            E::NoRelease { .. } | E::Missing { .. } => Self::of(Exit::Absent, &error)
                .hint("name another version with --version, another platform with --platform, or another mirror with --from"),
            E::Unlistable { .. } => {
                Self::of(Exit::Absent, &error).hint("name the version exactly with --version")
            }
            E::File { ref source, .. } | E::Write(BundleWriteError::Write(ref source)) => {
                let full = source.kind() == std::io::ErrorKind::StorageFull;
                Self::of(if full { Exit::DiskFull } else { Exit::Failure }, &error)
            }
            E::Write(_) => Self::of(Exit::Failure, &error),
            E::Read { source: BundleError::Read(ref cause), .. }
                if cause.kind() != std::io::ErrorKind::UnexpectedEof =>
            {
                Self::of(Exit::Usage, &error).hint("name the file of a bundle")
            }
            E::Read { .. } => Self::of(Exit::Integrity, &error)
                .hint("copy the bundle again from where it was made; `loom mirror verify` checks it"),
        }
    }
}
