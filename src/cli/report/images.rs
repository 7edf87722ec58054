//! Images that could not be written.

use loom_oci::ImageWriteError;

use super::{CommandError, Exit, source_error};

impl From<ImageWriteError> for CommandError {
    fn from(error: ImageWriteError) -> Self {
        let is_full = |source: &std::io::Error| source.kind() == std::io::ErrorKind::StorageFull;
        let (exit, hint) = match &error {
            ImageWriteError::Answer(error) => return source_error::unanswered(error),
            ImageWriteError::Write { source, .. } if is_full(source) => (
                Exit::DiskFull,
                "the disk or quota is full: free some space, or give another folder",
            ),
            ImageWriteError::Write { .. } => (Exit::Failure, "check the permissions of the folder"),
            ImageWriteError::Read { .. } => {
                (Exit::Failure, "check the file: a layer is a tar archive, also with gzip or zstd")
            }
            ImageWriteError::Locked { .. } => (Exit::Busy, "try again once that process has ended"),
            ImageWriteError::TarLayout { .. } => (
                Exit::Usage,
                "give a folder; `loom mirror bundle --format oci-layout` writes a file",
            ),
            ImageWriteError::Taken { .. } => {
                (Exit::Integrity, "what is published is never replaced: publish a new version")
            }
            ImageWriteError::Foreign { .. } => (
                Exit::Integrity,
                "the tag was not written by loom: publish a new version, or to another repository",
            ),
            ImageWriteError::NoImage { .. } => (
                Exit::Absent,
                "images are for Linux, of releases whose archive is tar.gz or tar.zst: give such a --platform",
            ),
            ImageWriteError::NoRepository { .. } => {
                (Exit::Usage, "name a repository: oci://HOST/REPOSITORY")
            }
            ImageWriteError::Undeletable { .. } => (
                Exit::Usage,
                "let the registry delete (docker-registry: REGISTRY_STORAGE_DELETE_ENABLED=true); a layout is made anew with `loom mirror sync --to oci-layout:FOLDER`",
            ),
            ImageWriteError::Contended { .. } => (Exit::Busy, "try again later"),
            ImageWriteError::Mismatch { .. } => {
                (Exit::Integrity, "`loom store verify` lists everything that is damaged")
            }
            ImageWriteError::Statement(_) => {
                (Exit::Integrity, "`loom store verify` lists everything that is damaged")
            }
        };
        Self::of(exit, &error).hint(hint)
    }
}
