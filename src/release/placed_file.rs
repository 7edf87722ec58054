//! Files of a release folder: written as a whole, readable for everyone, and never in place of other bytes.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use loom_base::atomic_file::sync_folder;
use tempfile::NamedTempFile;

/// Whether a file was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placed {
    /// The file was written.
    Created,
    /// The file was there, with the same bytes.
    Unchanged,
}

/// Why a file was not placed.
#[derive(Debug)]
pub(super) enum PlaceError {
    /// There is a file of this name with other bytes.
    Differs,
    /// What the operating system reported.
    Io(io::Error),
}

impl From<io::Error> for PlaceError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Makes the folder of a release with its ancestors, and waits until the disk has their names.
pub(super) fn create_folder(folder: &Path) -> io::Result<()> {
    match fs::create_dir(folder) {
        Ok(()) => sync_folder(parent(folder)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create_folder(folder.parent().ok_or(error)?)?;
            create_folder(folder)
        }
        Err(error) => Err(error),
    }
}

/// The folder that a path is in; the current one for a name alone.
fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A temporary file in `folder`, to be [placed](place) there.
pub(super) fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    let file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    Ok(file)
}

/// Gives a temporary file its name, unless there is a file of this name.
pub(super) fn place(temporary: NamedTempFile, path: &Path) -> Result<Placed, PlaceError> {
    temporary.as_file().sync_all()?;
    match temporary.persist_noclobber(path) {
        Ok(_) => {
            sync_folder(parent(path))?;
            Ok(Placed::Created)
        }
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            if same_bytes(error.file.path(), path)? {
                Ok(Placed::Unchanged)
            } else {
                Err(PlaceError::Differs)
            }
        }
        Err(error) => Err(error.error.into()),
    }
}

/// Writes a small file, unless there is a file of this name.
pub(super) fn place_bytes(bytes: &[u8], path: &Path) -> Result<Placed, PlaceError> {
    let mut temporary = temporary_in(parent(path))?;
    io::Write::write_all(&mut temporary, bytes)?;
    place(temporary, path)
}

fn same_bytes(one: &Path, other: &Path) -> io::Result<bool> {
    let (one, other) = (File::open(one)?, File::open(other)?);
    if !other.metadata()?.is_file() || one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut one, mut other) = (io::BufReader::new(one), io::BufReader::new(other));
    let (mut left, mut right) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    loop {
        let n = one.read(&mut left)?;
        if n == 0 {
            return Ok(true);
        }
        if let Err(error) = other.read_exact(&mut right[..n]) {
            return if error.kind() == io::ErrorKind::UnexpectedEof {
                Ok(false)
            } else {
                Err(error)
            };
        }
        if left[..n] != right[..n] {
            return Ok(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_made_with_its_ancestors() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b/c");
        for _ in 0..2 {
            create_folder(&deep).unwrap();
            assert!(deep.is_dir());
        }
        fs::write(folder.path().join("file"), "").unwrap();
        assert!(create_folder(&folder.path().join("file/d")).is_err());
    }

    #[test]
    fn a_file_is_written_once_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        assert_eq!(place_bytes(b"1", &path).unwrap(), Placed::Created);
        assert_eq!(place_bytes(b"1", &path).unwrap(), Placed::Unchanged);
        for other in [&b"2"[..], b"12", b""] {
            assert!(matches!(place_bytes(other, &path), Err(PlaceError::Differs)));
        }
        assert_eq!(fs::read(&path).unwrap(), b"1");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
