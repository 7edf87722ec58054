//! Tasks on mirrors that failed.

use loom_mirror::{
    bundle::{BundleError, BundleWriteError},
    destination::DestinationError,
};

use super::{CommandError, Exit, source_error};
use loom_runtime::mirror::{MirrorTaskError, bundle::BundleTaskError, serve::MirrorServeError};

/// What to do where keys are missing.
const KEYS_HINT: &str = "give the files of the keys with --key; it may be repeated";

impl From<MirrorTaskError> for CommandError {
    fn from(error: MirrorTaskError) -> Self {
        match error {
            MirrorTaskError::Source(error) => source_error::unanswered(&error),
            MirrorTaskError::Destination(error) => error.into(),
            MirrorTaskError::Images(error) => error.into(),
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
        | MirrorTaskError::Unverified { .. }
        | MirrorTaskError::NoRoot { .. } => Exit::Integrity,
        MirrorTaskError::NoIndex { .. }
        | MirrorTaskError::NotListed { .. }
        | MirrorTaskError::NoArchive { .. }
        | MirrorTaskError::Unlistable { .. } => Exit::Absent,
        MirrorTaskError::Authority { .. }
        | MirrorTaskError::RootExists { .. }
        | MirrorTaskError::NoMirror { .. }
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
        MirrorTaskError::Unverified { release, .. } => format!(
            "get it from a source with checksums, with `loom get {} --force-download`, or allow it with --allow-unverified",
            release.slot
        ),
        MirrorTaskError::Authority { authority, .. } => format!(
            "add it with `loom mirror root new --authority {authority}`, then sign and publish that root"
        ),
        MirrorTaskError::NoMirror { .. } => "name the folder of the releases; `loom mirror push` and \
            `sync` begin a mirror in a new folder"
            .to_owned(),
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
        MirrorTaskError::NoArchive { release } => format!(
            "`loom get {} --force-download` with store.keep_archives = true fetches its archive",
            release.slot
        ),
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
            DestinationError::Write { .. } if exit == Exit::DiskFull => {
                "the disk or quota is full: free some space, or give another folder"
            }
            DestinationError::Write { .. } => "check the permissions of the folder",
            DestinationError::Locked { .. } => "try again once that process has ended",
            _ => "use an object store with entity tags and conditional requests",
        };
        Self::of(exit, &error).hint(hint)
    }
}

impl From<MirrorServeError> for CommandError {
    fn from(error: MirrorServeError) -> Self {
        match &error {
            MirrorServeError::Source(error) => source_error::unanswered(error),
            MirrorServeError::Folder { .. } => Self::of(Exit::Usage, &error),
            MirrorServeError::Listen { source, .. } => {
                let is_taken = source.kind() == std::io::ErrorKind::AddrInUse;
                let (exit, hint) = if is_taken {
                    let hint = "another program uses the port; --listen 127.0.0.1:0 uses a free one";
                    (Exit::Busy, hint)
                } else {
                    (Exit::Usage, "--listen takes an address of this machine, and a port that this user may use")
                };
                Self::of(exit, &error).hint(hint)
            }
            MirrorServeError::Remote { .. } => Self::of(Exit::Usage, &error)
                .hint("--remote allows it: then everybody who can reach it can read the mirror"),
            MirrorServeError::NoStore { .. } => Self::of(Exit::Usage, &error)
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
            E::Overtaken { .. } => Self::of(Exit::Busy, &error).hint("import the bundle again"),
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
