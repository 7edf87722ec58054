//! Whether a command that is to be executed exists, checked before a runtime is acquired for it.

use std::ffi::OsStr;

use super::{
    CommandError,
    report::command::{not_executable, not_found},
};

/// Looks for `command` as the operating system does: as a path if it has a slash, else in the folders of `path`.
///
/// # Errors
/// With the exit codes of shells: 127 if the command does not exist, 126 if it cannot be executed.
#[cfg(unix)]
pub(crate) fn look_up(command: &OsStr, path: Option<&OsStr>) -> Result<(), CommandError> {
    use std::{os::unix::ffi::OsStrExt, path::PathBuf};

    let is_path = command.as_bytes().contains(&b'/');
    let candidates: Vec<PathBuf> = match path {
        _ if is_path => vec![command.into()],
        Some(path) => std::env::split_paths(path).map(|folder| folder.join(command)).collect(),
        // The operating system has default folders.
        None => return Ok(()),
    };
    let existing: Vec<PathBuf> = candidates.into_iter().filter(|file| file.exists()).collect();
    let is_executable = |file: &PathBuf| {
        file.is_file() && rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok()
    };
    match existing.first() {
        _ if existing.iter().any(is_executable) => Ok(()),
        // A folder of that name on PATH is not a command.
        Some(file) if is_path || file.is_file() => {
            Err(not_executable(&format!("{} is not an executable file", file.display())))
        }
        _ => {
            let place = if is_path { "" } else { " (on PATH)" };
            let why = format!("command not found: {}{place}", command.to_string_lossy());
            Err(not_found(&why))
        }
    }
}

/// Windows looks in more places than PATH, and for more names: its error is reported by [`not_executed`].
#[cfg(not(unix))]
pub(crate) fn look_up(_: &OsStr, _: Option<&OsStr>) -> Result<(), CommandError> {
    Ok(())
}

/// The error of the operating system when it was to execute `command`.
pub(crate) fn not_executed(command: &OsStr, error: &std::io::Error) -> CommandError {
    let why = format!("could not execute {}: {error}", command.to_string_lossy());
    match error.kind() {
        std::io::ErrorKind::NotFound => not_found(&why),
        _ => not_executable(&why),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn the_exit_codes_are_those_of_shells() {
        let folder = tempfile::tempdir().unwrap();
        let one = folder.path().join("one");
        let two = folder.path().join("two");
        for (folder, mode) in [(&one, 0o644), (&two, 0o755)] {
            fs::create_dir_all(folder.join("directory")).unwrap();
            fs::write(folder.join("both"), "").unwrap();
            fs::set_permissions(folder.join("both"), fs::Permissions::from_mode(mode)).unwrap();
        }
        fs::write(one.join("plain"), "").unwrap();
        fs::set_permissions(one.join("plain"), fs::Permissions::from_mode(0o644)).unwrap();
        let path = std::env::join_paths([&one, &two]).unwrap();
        let code = |command: &OsStr| look_up(command, Some(&path)).map_or_else(|f| f.code, |()| 0);
        for (command, expected) in
            [("both", 0), ("plain", 126), ("directory", 127), ("absent", 127), ("", 127)]
        {
            assert_eq!(code(command.as_ref()), expected, "{command}");
        }
        for (file, expected) in [
            (two.join("both"), 0),
            (one.join("both"), 126),
            (one.clone(), 126),
            (one.join("absent"), 127),
        ] {
            assert_eq!(code(file.as_os_str()), expected, "{}", file.display());
        }
    }
}
