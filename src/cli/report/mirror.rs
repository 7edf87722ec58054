//! Tasks on mirrors that failed.

use super::{CommandError, Exit, source_error};
use loom_runtime::mirror::{MirrorTaskError, serve::ServeError};

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
