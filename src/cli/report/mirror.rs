//! Tasks on mirrors that failed.

use loom_mirror::destination::DestinationError;

use super::{CommandError, Exit, source_error};
use loom_runtime::mirror::MirrorTaskError;

/// What to do where keys are missing.
const KEYS_HINT: &str = "give the files of the keys with --key; it may be repeated";

impl From<MirrorTaskError> for CommandError {
    fn from(error: MirrorTaskError) -> Self {
        match error {
            MirrorTaskError::Source(error) => source_error::unanswered(&error),
            MirrorTaskError::Destination(error) => error.into(),
            MirrorTaskError::Open(error) => error.into(),
            MirrorTaskError::Acquire(error) => error.into(),
            MirrorTaskError::Store(error) => error.into(),
            error => Self::of(exit(&error), &error).maybe_hint(hint(&error)),
        }
    }
}

fn exit(error: &MirrorTaskError) -> Exit {
    match error {
        MirrorTaskError::Document { .. }
        | MirrorTaskError::Rejected { .. }
        | MirrorTaskError::Mismatch { .. }
        | MirrorTaskError::Differs { .. }
        | MirrorTaskError::NoRoot { .. } => Exit::Integrity,
        MirrorTaskError::NoIndex { .. }
        | MirrorTaskError::NotListed { .. }
        | MirrorTaskError::Unlistable { .. } => Exit::Absent,
        MirrorTaskError::Authority { .. }
        | MirrorTaskError::RootExists { .. }
        | MirrorTaskError::Unsigned { .. }
        | MirrorTaskError::Root(_)
        | MirrorTaskError::KeyFile { .. }
        | MirrorTaskError::Keys { .. } => Exit::Usage,
        MirrorTaskError::Contended { .. } => Exit::Busy,
        MirrorTaskError::Staging { source, .. }
            if source.kind() == std::io::ErrorKind::StorageFull =>
        {
            Exit::DiskFull
        }
        _ => Exit::Failure,
    }
}

fn hint(error: &MirrorTaskError) -> Option<String> {
    Some(match error {
        MirrorTaskError::NoIndex { mirror } => {
            format!("`loom mirror index {mirror}` writes an index")
        }
        MirrorTaskError::Unlistable { .. } => {
            "publish an index there with `loom mirror index`".to_owned()
        }
        MirrorTaskError::NotListed { .. } => {
            "check the version, and give --binary for another binary".to_owned()
        }
        MirrorTaskError::Differs { .. } => {
            "a published release never changes: publish a new version, and withdraw this one with `loom mirror yank`"
                .to_owned()
        }
        MirrorTaskError::Authority { authority, .. } => format!(
            "add it with `loom mirror root new --authority {authority}`, then sign and publish that root"
        ),
        MirrorTaskError::RootExists { .. } => {
            "change it with `loom mirror root new`, `sign` and `publish`".to_owned()
        }
        MirrorTaskError::Unsigned { mirror } => {
            format!("`loom mirror init --to {mirror}` makes keys and a root")
        }
        MirrorTaskError::Keys { .. } => KEYS_HINT.to_owned(),
        MirrorTaskError::KeyFile { .. } => {
            "a key is a file as `loom mirror init` or `openssl genpkey -algorithm ed25519` writes it"
                .to_owned()
        }
        MirrorTaskError::LastSerial { .. } => {
            "publish a new root with `loom mirror root new`: its serials begin anew".to_owned()
        }
        MirrorTaskError::Contended { .. } => "try again later".to_owned(),
        MirrorTaskError::Mismatch { .. } => {
            "the file is damaged there: `loom mirror verify` lists everything that is".to_owned()
        }
        _ => return None,
    })
}

impl From<DestinationError> for CommandError {
    fn from(error: DestinationError) -> Self {
        let exit = match &error {
            DestinationError::Answer(error) => return source_error::unanswered(error),
            DestinationError::Write { source, .. }
                if source.kind() == std::io::ErrorKind::StorageFull =>
            {
                Exit::DiskFull
            }
            DestinationError::Locked { .. } => Exit::Busy,
            DestinationError::Write { .. } | DestinationError::NoTag { .. } => Exit::Failure,
        };
        let hint = match &error {
            DestinationError::Write { .. } => "check the permissions of the folder",
            DestinationError::Locked { .. } => "try again once that process has ended",
            _ => "use an object store with entity tags and conditional requests",
        };
        Self::of(exit, &error).hint(hint)
    }
}
