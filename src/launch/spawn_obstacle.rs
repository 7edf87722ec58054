//! [`SpawnObstacle`]: why the system refuses to execute a program, which its error alone does not say.

use std::{fs, io, path::Path};

use serde::{Deserialize, Serialize};

/// What keeps a program from being executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum SpawnObstacle {
    /// The file system is mounted with the option `noexec`.
    #[error("its file system is mounted with noexec, so that no program on it can be started")]
    Noexec,
    /// The file has no permission to execute.
    #[error("it has lost its permission to execute")]
    Mode,
    /// The file is there, but not the program that loads or interprets it.
    #[error("the loader or interpreter that it names is not on this system")]
    Loader,
}

impl SpawnObstacle {
    /// The obstacle behind an error of executing `program`; `None` where the error says all.
    pub(super) fn of(program: &Path, error: &io::Error) -> Option<Self> {
        match error.kind() {
            io::ErrorKind::PermissionDenied if is_noexec(program) => Some(Self::Noexec),
            io::ErrorKind::PermissionDenied if !may_execute(program) => Some(Self::Mode),
            io::ErrorKind::NotFound if program.is_file() => Some(Self::Loader),
            _ => None,
        }
    }
}

#[cfg(unix)]
fn may_execute(program: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(program).map_or(true, |meta| meta.permissions().mode() & 0o111 != 0)
}

/// Windows has no such permission.
#[cfg(not(unix))]
fn may_execute(program: &Path) -> bool {
    fs::metadata(program).is_ok()
}

/// Elsewhere than on Linux, `statvfs` does not report the mount option.
fn is_noexec(program: &Path) -> bool {
    #[cfg(target_os = "linux")]
    {
        let noexec = rustix::fs::StatVfsMountFlags::NOEXEC;
        rustix::fs::statvfs(program).is_ok_and(|stat| stat.f_flag.contains(noexec))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = program;
        false
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{os::unix::fs::PermissionsExt as _, process::Command};

    use super::*;

    #[test]
    fn the_reason_behind_the_systems_error_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        for (text, mode, obstacle) in [
            ("#!/bin/sh\n", 0o644, Some(SpawnObstacle::Mode)),
            ("#!/nowhere/at/all\n", 0o755, Some(SpawnObstacle::Loader)),
        ] {
            fs::write(&program, text).unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(mode)).unwrap();
            let error = Command::new(&program).spawn().unwrap_err();
            assert_eq!(SpawnObstacle::of(&program, &error), obstacle, "{error}");
        }
        let missing = folder.path().join("missing");
        let error = Command::new(&missing).spawn().unwrap_err();
        assert_eq!(SpawnObstacle::of(&missing, &error), None);
    }
}
