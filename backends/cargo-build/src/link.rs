//! The checkout that `loom dev link` named: one path, in the file `dev-link` of the state folder.

use std::{
    ffi::OsString,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// The file's name in the state folder. It holds the path and a newline.
pub const FILE: &str = "dev-link";

/// The link could not be read or changed.
#[derive(Debug, thiserror::Error)]
#[error("could not {act} the development link {at}")]
pub struct LinkError {
    act: &'static str,
    at: PathBuf,
    source: io::Error,
}

/// The linked checkout, or `None`. It is not looked at: it may be gone.
///
/// # Errors
/// If the file exists and cannot be read, or does not hold an absolute path.
pub fn read(state: &Path) -> Result<Option<PathBuf>, LinkError> {
    let at = state.join(FILE);
    let fail = |source| LinkError { act: "read", at: at.clone(), source };
    let bytes = match fs::read(&at) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(fail(e)),
    };
    let text = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let path = PathBuf::from(os_string(text).map_err(fail)?);
    if !path.is_absolute() {
        return Err(fail(io::Error::new(io::ErrorKind::InvalidData, "not an absolute path")));
    }
    Ok(Some(path))
}

/// Names `checkout` (an absolute path), replacing what was linked before. Creates the state folder.
///
/// # Errors
/// If the folder or file cannot be written.
pub fn write(state: &Path, checkout: &Path) -> Result<(), LinkError> {
    let at = state.join(FILE);
    let put = || -> io::Result<()> {
        fs::create_dir_all(state)?;
        let mut aside = fs::File::create(state.join("dev-link.new"))?;
        aside.write_all(checkout.as_os_str().as_encoded_bytes())?;
        aside.write_all(b"\n")?;
        aside.sync_all()?;
        fs::rename(state.join("dev-link.new"), &at)
    };
    put().map_err(|source| LinkError { act: "write", at: at.clone(), source })
}

/// Forgets the link; says whether there was one.
///
/// # Errors
/// If the file cannot be removed.
pub fn remove(state: &Path) -> Result<bool, LinkError> {
    let at = state.join(FILE);
    match fs::remove_file(&at) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(LinkError { act: "remove", at, source }),
    }
}

#[cfg(unix)]
fn os_string(bytes: &[u8]) -> io::Result<OsString> {
    use std::os::unix::ffi::OsStringExt as _;
    Ok(OsString::from_vec(bytes.to_vec()))
}

#[cfg(not(unix))]
fn os_string(bytes: &[u8]) -> io::Result<OsString> {
    let text =
        std::str::from_utf8(bytes).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?;
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_written_replaced_and_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        assert_eq!(read(&state).unwrap(), None);
        assert!(!remove(&state).unwrap());
        for checkout in ["a checkout", "another"].map(|name| folder.path().join(name)) {
            write(&state, &checkout).unwrap();
            assert_eq!(read(&state).unwrap(), Some(checkout));
        }
        assert!(remove(&state).unwrap());
        assert_eq!(read(&state).unwrap(), None);
        assert_eq!(fs::read_dir(&state).unwrap().count(), 0, "nothing is left beside it");
    }

    #[test]
    fn what_is_not_an_absolute_path_is_refused() {
        let state = tempfile::tempdir().unwrap();
        for bad in ["", "\n", "relative/path\n"] {
            fs::write(state.path().join(FILE), bad).unwrap();
            let error = read(state.path()).unwrap_err();
            assert!(error.to_string().contains("dev-link"), "{bad:?}: {error}");
        }
    }
}
