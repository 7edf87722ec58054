//! Exit codes and hints of the store's errors.

use std::path::Path;

use loom_base::file_lock::holder_in_words;
use loom_runtime::{
    launch::{Instance, LaunchKind, RuntimeState},
    store::{AdmitError, StoreError, StoreNotice, UnpackError, Unverified},
};
use loom_source::{Release, Selector, Slot};

use super::{signature::signature_hint, state};
use crate::cli::{CommandError, Exit};

/// The exit code of an error of the store.
pub(crate) fn exit(error: &StoreError) -> Exit {
    if error.is_disk_full() {
        Exit::DiskFull
    } else if error.is_integrity() {
        Exit::Integrity
    } else if error.is_busy() {
        Exit::Busy
    } else {
        Exit::Failure
    }
}

/// What the user can do about an error of the store.
pub(crate) fn hint(error: &StoreError) -> Option<String> {
    if let Some(path) = error.denied() {
        return Some(unreadable_hint(path));
    }
    let hint = match error {
        StoreError::StateFolder { .. } => state::HINT,
        _ if error.is_disk_full() => {
            "the disk or quota is full: free some space (`loom store du` lists what the store holds), or give another \
             folder with --cache-dir or LOOM_CACHE_DIR"
        }
        _ if error.is_read_only() => {
            "give a folder with write permission with --cache-dir or LOOM_CACHE_DIR"
        }
        StoreError::Newer { .. } => {
            "update loom, or give another folder with --cache-dir or LOOM_CACHE_DIR"
        }
        StoreError::NotAStore { path, .. } => {
            return Some(format!(
                "the folder belongs to another program: give another one with --cache-dir or LOOM_CACHE_DIR, or remove \
                 {}",
                path.display()
            ));
        }
        StoreError::ForeignFolder { .. } => {
            "give a folder of its own with --cache-dir or LOOM_CACHE_DIR, such as one inside it"
        }
        StoreError::NotAFolder { .. } => {
            "move the file away, or give a folder with --cache-dir or LOOM_CACHE_DIR"
        }
        StoreError::DamagedFormat { .. } => "`loom store repair` writes it again",
        StoreError::NoLocks { .. } => {
            "give a folder on a file system with locks with --cache-dir or LOOM_CACHE_DIR"
        }
        StoreError::Damaged { .. } => {
            "`loom store verify` lists all damages, and the command that mends each; `loom store repair` mends all"
        }
        StoreError::Document { .. } => {
            "`loom get --force-download VERSION` fetches the release again"
        }
        StoreError::Busy { .. } => {
            "stop what runs from it (`loom status --all` lists it), then try again"
        }
        StoreError::Held { .. } => {
            "end that process, or wait until it has ended; a process that was stopped keeps its locks"
        }
        StoreError::OpenToAll { root } => {
            return Some(format!(
                "give a folder inside it with --cache-dir or LOOM_CACHE_DIR, or run `chmod o-w {}`",
                root.display()
            ));
        }
        StoreError::OpenToGroup { .. } => {
            "if you trust every member of the group, set store.shared = \"group\" in your config.toml; else give another \
             folder with --cache-dir or LOOM_CACHE_DIR"
        }
        StoreError::NotShared { root } => {
            return Some(format!(
                "its owner runs `chgrp GROUP {0}` and `chmod 2775 {0}`, or remove store.shared from the configuration",
                root.display()
            ));
        }
        StoreError::NotExecutable { .. } => {
            "give a folder on a file system with permissions, mounted without noexec, with --cache-dir or LOOM_CACHE_DIR"
        }
        StoreError::Gone { .. } => "another process has just removed it; try again",
        StoreError::Io { source, .. } if is_misplaced(source) => {
            "`loom store repair` sets aside what is in its place"
        }
        StoreError::Statement { .. } | StoreError::Io { .. } => return None,
    };
    Some(hint.to_owned())
}

/// What the user can do about a file or folder that it may not read.
fn unreadable_hint(path: &Path) -> String {
    format!(
        "`loom store repair` makes what is yours readable again; its owner runs `chmod u+rX {}`, or give another folder with \
         --cache-dir or LOOM_CACHE_DIR",
        path.display()
    )
}

/// Whether a folder is in the place of a file, or a file in that of a folder.
fn is_misplaced(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{AlreadyExists, IsADirectory, NotADirectory};
    matches!(error.kind(), AlreadyExists | IsADirectory | NotADirectory)
}

/// What the user should know about the store.
pub(crate) fn notice(notice: &StoreNotice) -> String {
    match notice {
        StoreNotice::MovedAside { from, to } => {
            format!("{} belonged to another program; it is now {}", from.display(), to.display())
        }
        StoreNotice::SetAside { to, what } => {
            format!("a damaged tree was set aside as {} ({what})", to.display())
        }
        StoreNotice::Removed { path, what } => format!(
            "the damaged tree {} was removed ({what}); its folder could not be renamed",
            path.display()
        ),
        StoreNotice::Closed { root } => format!(
            "the group of {} could write the store; now only you can. To share it, set store.shared = \"group\"",
            root.display()
        ),
        StoreNotice::LeaseHeld { lease, holder, path } => format!(
            "{} holds {}; what runs is noted in {} instead, which other users do not see",
            holder_in_words(holder.as_deref()),
            lease.display(),
            path.display()
        ),
        StoreNotice::Remains { trees } => format!(
            "the store was half deleted; {trees} {} that nothing needed {} removed",
            if *trees == 1 { "tree" } else { "trees" },
            if *trees == 1 { "was" } else { "were" }
        ),
        StoreNotice::ForeignLease { path } => format!(
            "the store cannot be written; what runs is noted in {} instead, which other users do not see",
            path.display()
        ),
    }
}

/// What the user can do about an archive that cannot be unpacked.
pub(crate) fn unpack_hint(error: &UnpackError) -> Option<String> {
    match error {
        UnpackError::Store(error) => hint(error),
        _ => None,
    }
}

/// What the user can do about a tree that is not admitted.
pub(crate) fn admit_hint(error: &AdmitError) -> Option<String> {
    match error {
        AdmitError::Store(error) => hint(error),
        AdmitError::Unverified(_) => {
            Some("give a digest, or accept it without one with --allow-unverified".to_owned())
        }
        AdmitError::NotAProgram { .. } => Some(
            "expected an executable, a script, or a .tar.gz, .tar.zst or .zip archive with one; `loom store add --force` \
             accepts any file"
                .to_owned(),
        ),
        AdmitError::Signature(problem) => Some(signature_hint(problem).to_owned()),
        AdmitError::NoEntry { .. } => Some("name the program with --binary".to_owned()),
        _ => None,
    }
}

/// What the user can do about an installed release that does not count.
pub(crate) fn unverified_hint(why: &Unverified, slot: &Slot) -> String {
    if why.is_mendable() {
        return format!(
            "`loom get {slot}` verifies it again by what is kept here, or else fetches it"
        );
    }
    match why {
        Unverified::NoChecksum => format!(
            "`loom get {slot}` fetches and verifies it; trust.checksum sets whether a checksum is required"
        ),
        Unverified::NotLocked => {
            format!("`loom get {slot}` fetches it again and compares it with the lock")
        }
        Unverified::TreeDamaged(_) => format!("`loom get {slot}` fetches it again"),
        _ => format!(
            "`loom get {slot}` fetches it again and verifies it; trust.checksum and trust.signature set what is required"
        ),
    }
}

/// The error for a release that is here and does not count. Where no version was named, a release that the policy does
/// not accept is no match.
pub(crate) fn refused(release: &Release, selector: &Selector, why: &Unverified) -> CommandError {
    let hint = unverified_hint(why, &release.slot);
    if matches!(selector, Selector::Exact(_)) || why.is_mendable() {
        let message = format!("{release} is here, but {why}");
        return CommandError::new(Exit::Integrity, message).hint(hint);
    }
    let message = match why {
        Unverified::NoChecksum => format!("{release} is installed without a checksum"),
        why => format!("{release} is installed, but {why}"),
    };
    CommandError::new(Exit::Absent, message).hint(hint)
}

/// The error for a release that runtimes of this user use.
pub(crate) fn in_use(release: &Release, running: &[Instance]) -> CommandError {
    let mut error = CommandError::new(Exit::Busy, format!("{release} is in use"));
    error.causes = running.iter().map(user).collect();
    let mut hints: Vec<String> = running.iter().map(in_use_hint).collect();
    hints.dedup();
    error.hint(hints.join("\n"))
}

fn user(instance: &Instance) -> String {
    let Instance { document, state, project, .. } = instance;
    // The supervisor of an orphan has ended.
    let supervisor = (*state != RuntimeState::Orphaned).then_some(document.supervisor_pid);
    match document.pid.or(supervisor) {
        Some(pid) => format!("process {pid} runs it for the project {project}"),
        None => format!("a process runs it for the project {project}"),
    }
}

fn in_use_hint(instance: &Instance) -> String {
    match instance.kind {
        LaunchKind::Up => format!("run `loom down` in {}, and try again", instance.project),
        LaunchKind::Exec => "wait until its `loom exec` has ended".to_owned(),
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        Self::of(exit(&error), &error).maybe_hint(hint(&error))
    }
}

#[cfg(test)]
mod tests {
    use std::{io, path::PathBuf};

    use loom_runtime::store::error::FileAction;

    use super::*;

    #[test]
    fn each_error_has_its_exit_code_and_hint() {
        let path = || PathBuf::from("/cache/x");
        let io = |kind: io::ErrorKind| StoreError::Io {
            action: FileAction::Write,
            path: path(),
            source: kind.into(),
        };
        let damaged = StoreError::Damaged { path: path(), what: "x".into() };
        let busy = StoreError::Busy { what: "x".into(), path: path(), holder: None };
        let denied = StoreError::Io {
            action: FileAction::Read,
            path: path(),
            source: io::ErrorKind::PermissionDenied.into(),
        };
        let newer = StoreError::Newer { root: path(), found: "loom-store 2".into() };
        for (error, code, expected) in [
            (io(io::ErrorKind::StorageFull), Exit::DiskFull, "loom store du"),
            (io(io::ErrorKind::ReadOnlyFilesystem), Exit::Failure, "LOOM_CACHE_DIR"),
            (io(io::ErrorKind::PermissionDenied), Exit::Failure, "write permission"),
            (denied, Exit::Failure, "chmod u+rX /cache/x"),
            (damaged, Exit::Integrity, "loom store verify"),
            (busy, Exit::Busy, "loom status --all"),
            (newer, Exit::Failure, "update loom"),
        ] {
            assert_eq!(exit(&error), code, "{error}");
            assert!(hint(&error).unwrap_or_default().contains(expected), "{error}");
        }
        assert_eq!(hint(&io(io::ErrorKind::Other)), None);
    }
}
