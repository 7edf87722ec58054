//! A file that is replaced as a whole: readers see the old content or the new one, never a part.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
};

/// Whether a write has to survive a power failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The file and its folder are synced before the function returns.
    Synced,
    /// The content may be lost with the power, but is never torn: for what can be made again.
    Cached,
}

/// Replaces the file at `path` with `bytes`: writes a temporary file in the same folder, then renames it.
///
/// The folder must exist. The new file has the permissions 0600 on Unix. Where the function fails, the old file is
/// unchanged and the temporary file is removed.
///
/// # Errors
/// Whatever the operating system reports, for any of the steps.
///
/// # Examples
/// ```
/// use loom_base::atomic_file::{Durability, replace};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("state.json");
/// replace(&path, b"{}", Durability::Synced)?;
/// assert_eq!(std::fs::read(&path)?, b"{}");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn replace(path: &Path, bytes: &[u8], durability: Durability) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let mut temporary = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
    temporary.write_all(bytes)?;
    if durability == Durability::Synced {
        temporary.as_file().sync_all()?;
    }
    temporary.persist(path).map_err(|error| error.error)?;
    if durability == Durability::Synced { sync_folder(folder) } else { Ok(()) }
}

/// Removes the file at `path`; answers whether there was one.
///
/// # Errors
/// Whatever the operating system reports, except that there is no such file.
pub fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Waits until the disk has the names in `folder`. Windows has no such call: renames are durable there by design of
/// NTFS's journal.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(windows) { Ok(()) } else { File::open(folder)?.sync_all() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_replaced_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        for (bytes, durability) in [(b"1", Durability::Synced), (b"2", Durability::Cached)] {
            replace(&path, bytes, durability).unwrap();
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(remove(&path).unwrap());
        assert!(!remove(&path).unwrap());
    }

    #[test]
    fn a_failed_write_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("folder");
        fs::create_dir_all(path.join("full")).unwrap();
        assert!(replace(&path, b"x", Durability::Cached).is_err());
        assert!(replace(&folder.path().join("none/file"), b"x", Durability::Cached).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
