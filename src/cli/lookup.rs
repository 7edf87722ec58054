//! Whether a command that is to be run is there, before anything is done for it.

use std::ffi::OsStr;

use super::{CommandError, Exit};

/// The code of shells for a command that is not there.
const NOT_FOUND: u8 = 127;
/// Their code for one that cannot be run.
const NOT_EXECUTABLE: u8 = 126;

/// Looks for `command` where the system will: as a path if it has a slash, else in the folders of `path`.
///
/// # Errors
/// With the codes of shells: 127 if it is not there, 126 if it cannot be run.
#[cfg(unix)]
pub(crate) fn look_up(command: &OsStr, path: Option<&OsStr>) -> Result<(), CommandError> {
    use std::{os::unix::ffi::OsStrExt, path::PathBuf};

    let is_path = command.as_bytes().contains(&b'/');
    let candidates: Vec<PathBuf> = match path {
        _ if is_path => vec![command.into()],
        Some(path) => std::env::split_paths(path).map(|folder| folder.join(command)).collect(),
        // The system has folders of its own then.
        None => return Ok(()),
    };
    let there: Vec<PathBuf> = candidates.into_iter().filter(|file| file.exists()).collect();
    let runs = |file: &PathBuf| {
        file.is_file() && rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok()
    };
    match there.first() {
        _ if there.iter().any(runs) => Ok(()),
        // A folder that happens to be called so is none's command.
        Some(file) if is_path || file.is_file() => {
            Err(not_executable(&format!("{} is not an executable file", file.display())))
        }
        _ => {
            let place = if is_path { "" } else { " on PATH" };
            let why = format!("there is no {}{place}", command.to_string_lossy());
            Err(failure(NOT_FOUND, "command-not-found", &why))
        }
    }
}

/// Windows looks in more places than PATH, and for more names; what it says is told by [`unrun`].
#[cfg(not(unix))]
pub(crate) fn look_up(_: &OsStr, _: Option<&OsStr>) -> Result<(), CommandError> {
    Ok(())
}

/// What the system said when it was to run `command`.
pub(crate) fn unrun(command: &OsStr, error: &std::io::Error) -> CommandError {
    let why = format!("could not run {}: {error}", command.to_string_lossy());
    match error.kind() {
        std::io::ErrorKind::NotFound => failure(NOT_FOUND, "command-not-found", &why),
        _ => not_executable(&why),
    }
}

fn not_executable(why: &str) -> CommandError {
    failure(NOT_EXECUTABLE, "command-not-executable", why)
}

fn failure(code: u8, kind: &'static str, why: &str) -> CommandError {
    let failure = CommandError::new(Exit::Failure, why).hint("check the command after `--`");
    CommandError { code, kind, ..failure }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn the_codes_are_those_of_shells() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
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
