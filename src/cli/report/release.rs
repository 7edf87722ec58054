//! Making releases.

use std::io::ErrorKind;

use loom_github::publish::PublishError;
use loom_runtime::release::{
    LibraryError, MirrorPublishError, ReleaseFolderError, SbomError, check::CheckProblem,
    pack::PackError, sign::SignError,
};

use super::{source_error, store};
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

impl From<LibraryError> for CommandError {
    fn from(error: LibraryError) -> Self {
        let (exit, hint) = match &error {
            LibraryError::Missing { .. } => (
                Exit::Absent,
                "publish on a system that has it, such as the one that built the program, or give --runtime-layer a file",
            ),
            LibraryError::TooMany { .. } => (Exit::Integrity, "give --runtime-layer a file"),
            LibraryError::Io { source, .. } if source.kind() == ErrorKind::StorageFull => {
                (Exit::DiskFull, DISK_FULL)
            }
            LibraryError::Io { .. } => (Exit::Failure, "check the permissions of the file"),
        };
        Self::of(exit, &error).hint(hint)
    }
}

impl From<SbomError> for CommandError {
    fn from(error: SbomError) -> Self {
        let (exit, hint) = match &error {
            SbomError::OtherFormat { .. } => (
                Exit::Usage,
                "CycloneDX in JSON is called .cdx.json, and SPDX in JSON .spdx.json: pack the release again with the right file",
            ),
            SbomError::Io { .. } => (
                Exit::Failure,
                "check the permissions of the file; a list of components has 16 MiB at most",
            ),
        };
        Self::of(exit, &error).hint(hint)
    }
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

impl From<SignError> for CommandError {
    fn from(error: SignError) -> Self {
        let (exit, hint) = match &error {
            SignError::Other { .. } => (
                Exit::Integrity,
                Some("remove the signature to sign again, or give the key that made it"),
            ),
            SignError::Gpg { .. } => (
                Exit::Failure,
                Some(
                    "check `gpg --list-secret-keys`; gpg asks for a passphrase at the terminal (set GPG_TTY)",
                ),
            ),
            SignError::Key { .. } | SignError::Io { .. } => (Exit::Failure, None),
        };
        Self::of(exit, &error).maybe_hint(hint)
    }
}

impl From<PublishError> for CommandError {
    fn from(error: PublishError) -> Self {
        let (exit, hint) = match &error {
            PublishError::Request(error) => return source_error::unanswered(error),
            PublishError::Invalid { .. } => (Exit::Unreachable, None),
            PublishError::Differs { .. } => (
                Exit::Integrity,
                Some("what is published is never replaced: publish a new version".to_owned()),
            ),
            PublishError::Immutable { .. } => (
                Exit::Integrity,
                Some(
                    "an immutable release is complete when it is published: publish a new version"
                        .to_owned(),
                ),
            ),
            PublishError::NoTag { tag, .. } => (
                Exit::Absent,
                Some(format!(
                    "push the tag with `git push origin {tag}`, or name the commit with --commit"
                )),
            ),
            PublishError::SeveralDrafts { .. } => {
                (Exit::Usage, Some("delete all drafts of it but one on the web page".to_owned()))
            }
            PublishError::UploadHost { .. } => {
                (Exit::Credentials, Some("check base_url and api_base of the source".to_owned()))
            }
            PublishError::Incomplete { .. } => (
                Exit::Integrity,
                Some("run the command again: it goes on with what is missing".to_owned()),
            ),
            PublishError::Changed { .. } => {
                (Exit::Integrity, Some("leave the folder alone while it is published".to_owned()))
            }
            PublishError::Read { .. } => (Exit::Failure, None),
        };
        Self::of(exit, &error).maybe_hint(hint)
    }
}

impl From<MirrorPublishError> for CommandError {
    fn from(error: MirrorPublishError) -> Self {
        match error {
            MirrorPublishError::Destination(error) => error.into(),
            MirrorPublishError::Differs { .. } => Self::of(Exit::Integrity, &error)
                .hint("what is published is never replaced: publish a new version"),
            MirrorPublishError::SignedSums { .. } => Self::of(Exit::Integrity, &error).hint(
                "add the lines of the mirror to the SHA256SUMS of the folder, for instance by packing both into one folder; \
                 remove its old signatures, sign it again with `loom release sign`, and publish it with all signatures",
            ),
            MirrorPublishError::Contended { .. } => Self::of(Exit::Busy, &error)
                .hint("run the command again when the others are done"),
            MirrorPublishError::StoreLayout(_) => Self::of(Exit::Usage, &error).hint(
                "publish to another folder, or publish again: the mirror got a store meanwhile",
            ),
        }
    }
}

/// The exit code of what is wrong with a published file.
pub(crate) fn problem_exit(problem: &CheckProblem) -> Exit {
    match problem {
        CheckProblem::Absent(_) => Exit::Absent,
        CheckProblem::Request(error) => source_error::exit(error),
        CheckProblem::Store(error) => store::exit(error),
        CheckProblem::Unpack(error) if error.is_disk_full() => Exit::DiskFull,
        CheckProblem::Admit(error) if error.is_disk_full() => Exit::DiskFull,
        CheckProblem::NoArchive => Exit::Usage,
        CheckProblem::Rejected(_)
        | CheckProblem::TooLarge { .. }
        | CheckProblem::Unpack(_)
        | CheckProblem::Admit(_)
        | CheckProblem::Program { .. }
        | CheckProblem::Missing
        | CheckProblem::NoDigest(_)
        | CheckProblem::OtherDigest { .. }
        | CheckProblem::Signature(_)
        | CheckProblem::OtherFile { .. }
        | CheckProblem::Unsigned { .. }
        | CheckProblem::NotSigned => Exit::Integrity,
    }
}
