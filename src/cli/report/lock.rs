//! Lock files that cannot be used, or that do not agree with what is requested.

use std::{io::ErrorKind, path::Path};

use loom_source::{Name, Selector, Version};

use crate::cli::{CommandError, Exit};
use loom_runtime::lock::{LockConflict, LockError};

const MOVE_HINT: &str = "`loom update` moves the lock; without --locked it is used where it agrees";

/// What to do about a lock file that is not trusted.
pub(crate) const UNTRUSTED_LOCK_HINT: &str =
    "read it, then run `loom trust` (LOOM_TRUST_PROJECT=1 in CI)";

impl From<LockError> for CommandError {
    fn from(error: LockError) -> Self {
        let exit = match &error {
            LockError::Write { source, .. } if source.kind() == ErrorKind::StorageFull => {
                Exit::DiskFull
            }
            LockError::Write { .. } => Exit::Failure,
            LockError::Changed { .. } => Exit::Integrity,
            LockError::Malformed(_)
            | LockError::Newer(_)
            | LockError::Unusable { .. }
            | LockError::Read { .. } => Exit::Lock,
        };
        Self::of(exit, &error).hint(hint(&error))
    }
}

fn hint(error: &LockError) -> &'static str {
    match error {
        LockError::Newer(_) => "install the newest loom",
        LockError::Unusable { source, .. } => hint(source),
        LockError::Malformed(_) => "correct it, or remove it and run `loom lock`",
        LockError::Read { .. } => {
            "a lock file is a text file of at most 1 MiB; check its permissions"
        }
        LockError::Write { .. } => "check the owner and the permissions of its folder",
        LockError::Changed { .. } => {
            "a release never changes: find out which digest is right; if the lock file is wrong, remove the entry from it \
             and run `loom lock`"
        }
    }
}

/// The lock in `file` disagrees with what is requested.
pub(crate) fn conflict(file: &Path, conflict: &LockConflict) -> CommandError {
    let message = format!("{} does not agree: {conflict}", file.display());
    CommandError::new(Exit::Lock, message).hint(match conflict {
        LockConflict::NoPlatform { .. } => "`loom lock` adds the platforms that the sources offer",
        _ => MOVE_HINT,
    })
}

/// A lock is required, and there is none.
pub(crate) fn missing(file: Option<&Path>, by: &str) -> CommandError {
    let message = match file {
        Some(file) => format!("{by} requires a lock file, and there is no {}", file.display()),
        None => format!("{by} requires a lock file, and there is no loom.toml here"),
    };
    CommandError::new(Exit::Lock, message)
        .hint("`loom lock` writes it; --lock FILE names another one")
}

/// The lock in `file` lacks a binary.
pub(crate) fn no_binary(file: &Path, binary: &Name) -> CommandError {
    let message = format!("{} does not have {binary}", file.display());
    CommandError::new(Exit::Lock, message).hint("`loom lock` adds it")
}

/// A lock is required that is not trusted, and it would have to pick the version.
pub(crate) fn untrusted(file: &Path, version: &Version, requested: &Selector) -> CommandError {
    let message =
        format!("{} is not trusted to pick {version} for \"{requested}\"", file.display());
    CommandError::new(Exit::Lock, message).hint(UNTRUSTED_LOCK_HINT)
}

/// A cargo build is requested where a lock is required.
pub(crate) fn build(by: &str) -> CommandError {
    CommandError::new(Exit::Lock, format!("a cargo build is never locked, and {by} is set"))
        .hint("omit one of the two options")
}

/// A lock file is to be written, and there is no project to which it belongs.
pub(crate) fn no_project() -> CommandError {
    CommandError::new(Exit::Usage, "no loom.toml here, so no place for a loom.lock")
        .hint("write a loom.toml with `loom init`, or name a file with --lock FILE")
}

/// A lock file is to be written, and must not change.
pub(crate) fn frozen(file: &Path, by: &str) -> CommandError {
    let message = format!("{} is not changed: {by} is set", file.display());
    CommandError::new(Exit::Usage, message).hint("unset LOOM_FROZEN to write the lock file")
}

/// A cargo build is to be locked.
pub(crate) fn dev(by: &str) -> CommandError {
    CommandError::new(
        Exit::Usage,
        format!("a cargo build cannot be locked: \"dev\" is set by {by}"),
    )
    .hint("set bridge.version to a version, a range or latest")
}

/// A lock is to be moved to a version that the project does not select.
pub(crate) fn not_selected(
    file: &Path,
    version: &Version,
    requested: &Selector,
    by: &str,
) -> CommandError {
    let file = file.display();
    let message = format!("{file} cannot move to {version}: \"{requested}\" is requested by {by}");
    CommandError::new(Exit::Lock, message).hint("change bridge.version first")
}

/// A lock file would change, and must not.
pub(crate) fn would_change(file: &Path) -> CommandError {
    CommandError::new(Exit::Lock, format!("{} is not up to date", file.display()))
        .hint("run `loom lock` without --locked")
}
