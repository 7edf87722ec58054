//! Tasks on mirrors that failed.

use super::{CommandError, Exit, source_error};
use loom_runtime::mirror::MirrorTaskError;

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
