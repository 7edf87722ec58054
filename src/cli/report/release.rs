//! Making releases.

use loom_runtime::release::{ReleaseFolderError, pack::PackError};

use super::store;
use crate::cli::{CommandError, Exit};

/// What to do about a full disk.
const DISK_FULL: &str = "the disk or quota is full: free some space, or give another folder";

impl From<PackError> for CommandError {
    fn from(error: PackError) -> Self {
        if error.is_disk_full() {
            return Self::of(Exit::DiskFull, &error).hint(DISK_FULL);
        }
        let exit = match &error {
            PackError::NoProgram { .. } => Exit::Absent,
            PackError::OtherPlatform { .. }
            | PackError::OtherVersion { .. }
            | PackError::DevelopmentBuild { .. }
            | PackError::Differs { .. }
            | PackError::Unpacked { .. }
            | PackError::Unpack(_)
            | PackError::Admit(_) => Exit::Integrity,
            PackError::NotAReleaseVersion { .. } | PackError::SameName(_) => Exit::Usage,
            PackError::Store(error) => store::exit(error),
            PackError::Io { .. } => Exit::Failure,
        };
        let hint = pack_hint(&error);
        Self::of(exit, &error).maybe_hint(hint)
    }
}

fn pack_hint(error: &PackError) -> Option<String> {
    Some(match error {
        PackError::NoProgram { tried, .. } => {
            let tried = tried.iter().map(|path| path.display().to_string());
            let tried = tried.collect::<Vec<_>>().join(", ");
            format!(
                "build it with `cargo build --profile dist --target TARGET`, or give it with --program; looked for {tried}"
            )
        }
        PackError::OtherPlatform { .. } => "check --program and --platform".to_owned(),
        PackError::DevelopmentBuild { .. } => {
            "build the release with `cargo build --locked --profile dist`".to_owned()
        }
        PackError::OtherVersion { said, .. } => {
            format!("check --version, or build the program again: it prints {said:?}")
        }
        PackError::NotAReleaseVersion { .. } => {
            "commit all changes, tag the commit, and give the version of the tag".to_owned()
        }
        PackError::SameName(_) => "give each file once with --include".to_owned(),
        PackError::Differs { .. } => {
            "a packed release is never changed: remove the folder if nothing of it was published, else pack a new version"
                .to_owned()
        }
        PackError::Store(error) => return store::hint(error),
        PackError::Io { .. }
        | PackError::Unpacked { .. }
        | PackError::Unpack(_)
        | PackError::Admit(_) => return None,
    })
}

impl From<ReleaseFolderError> for CommandError {
    fn from(error: ReleaseFolderError) -> Self {
        let (exit, hint) = match &error {
            ReleaseFolderError::Empty { .. } => {
                (Exit::Absent, Some("make the assets with `loom release pack`"))
            }
            ReleaseFolderError::Versions { .. } => {
                (Exit::Usage, Some("use one folder for each version"))
            }
            ReleaseFolderError::NotAFile { .. } => {
                (Exit::Usage, Some("move it out of the folder: every file of it is published"))
            }
            ReleaseFolderError::TooMany { .. } => {
                (Exit::Usage, Some("GitHub allows no more files in a release"))
            }
            ReleaseFolderError::Checksum { .. } => (
                Exit::Integrity,
                Some(
                    "the asset was changed after it was packed: pack it again into an empty folder",
                ),
            ),
            ReleaseFolderError::Io { .. } => (Exit::Failure, None),
        };
        Self::of(exit, &error).maybe_hint(hint)
    }
}
