//! The checkout that `loom dev link` names: one path, in the file `dev-link` of the state folder.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
};

use super::{StateDir, StateError, StateFile};

/// The file's name. It holds the path and a line feed.
const FILE: &str = "dev-link";

/// The link to a checkout, in the state folder.
///
/// # Examples
/// ```
/// use std::path::Path;
///
/// use loom_runtime::state::{DevLink, StateDir};
///
/// let folder = tempfile::tempdir()?;
/// let link = DevLink::of(&StateDir::new(folder.path()));
/// assert_eq!(link.read()?, None);
/// # #[cfg(unix)]
/// # {
/// link.write(Path::new("/srv/loom"))?;
/// assert_eq!(link.read()?.as_deref(), Some(Path::new("/srv/loom")));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DevLink(StateFile);

impl DevLink {
    /// The link in this state folder.
    pub fn of(state: &StateDir) -> Self {
        Self(state.file(FILE))
    }

    /// The path of the linked checkout; `None` where none is linked. Whether the checkout still exists is not checked.
    ///
    /// # Errors
    /// Where the file exists and cannot be read, or does not hold an absolute path.
    pub fn read(&self) -> Result<Option<PathBuf>, StateError> {
        let Some(bytes) = self.0.read()? else { return Ok(None) };
        let text = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let path = os_string(text).map(PathBuf::from).map_err(|e| self.0.error("read", e))?;
        if !path.is_absolute() {
            let reason = io::Error::new(io::ErrorKind::InvalidData, "not an absolute path");
            return Err(self.0.error("read", reason));
        }
        Ok(Some(path))
    }

    /// Links `checkout`, an absolute path, in place of the one before.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn write(&self, checkout: &Path) -> Result<(), StateError> {
        let mut bytes = checkout.as_os_str().as_encoded_bytes().to_vec();
        bytes.push(b'\n');
        self.0.write(&bytes)
    }

    /// Removes the link; answers whether there was one.
    ///
    /// # Errors
    /// Where the file cannot be removed.
    pub fn remove(&self) -> Result<bool, StateError> {
        self.0.remove()
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
    use std::fs;

    use super::*;

    #[test]
    fn a_link_is_written_replaced_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let link = DevLink::of(&StateDir::new(&state));
        assert_eq!(link.read().unwrap(), None);
        assert!(!link.remove().unwrap());
        for checkout in ["a checkout", "another"].map(|name| folder.path().join(name)) {
            link.write(&checkout).unwrap();
            assert_eq!(link.read().unwrap(), Some(checkout));
        }
        assert!(link.remove().unwrap());
        assert_eq!(link.read().unwrap(), None);
        assert_eq!(fs::read_dir(&state).unwrap().count(), 0, "no other file is left");
    }

    #[test]
    fn a_path_that_is_not_absolute_is_an_error() {
        let state = tempfile::tempdir().unwrap();
        let link = DevLink::of(&StateDir::new(state.path()));
        for bad in ["", "\n", "relative/path\n"] {
            fs::write(state.path().join(FILE), bad).unwrap();
            let error = link.read().unwrap_err();
            assert!(error.to_string().contains("dev-link"), "{bad:?}: {error}");
        }
    }
}
