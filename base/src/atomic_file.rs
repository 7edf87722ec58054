//! A file that is replaced as a whole: readers see the old content or the new one, never a part.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
};

use tempfile::NamedTempFile;

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
    let temporary = write_temporary(path, bytes, |temporary| match durability {
        Durability::Synced => temporary.as_file().sync_all(),
        Durability::Cached => Ok(()),
    })?;
    temporary.persist(path).map_err(|error| error.error)?;
    match durability {
        Durability::Synced => sync_folder(folder_of(path)),
        Durability::Cached => Ok(()),
    }
}

/// A temporary file with this content in the folder of `path`; `finish` runs after the content was written.
fn write_temporary(
    path: &Path,
    bytes: &[u8],
    finish: impl FnOnce(&NamedTempFile) -> io::Result<()>,
) -> io::Result<NamedTempFile> {
    let mut temporary = tempfile::Builder::new().prefix(".new-").tempfile_in(folder_of(path))?;
    temporary.write_all(bytes)?;
    finish(&temporary)?;
    Ok(temporary)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Refuses a path at which a folder, a device or a pipe is: a file in the place of `/dev/null` would change the system.
///
/// # Errors
/// [`io::ErrorKind::InvalidInput`] for such a path.
pub fn check_replaceable(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(meta) if !meta.is_file() => {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"))
        }
        _ => Ok(()),
    }
}

/// Replaces the content of a file that the user edits: the file keeps its permissions, and a symbolic link keeps leading
/// to the file. A new file has the permissions 0600 on Unix. The content is synced.
///
/// # Errors
/// As for [`replace`] and [`check_replaceable`].
pub fn edit(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    check_replaceable(&target)?;
    let permissions = fs::metadata(&target).ok().map(|meta| meta.permissions());
    write_temporary(&target, bytes, |temporary| {
        if let Some(permissions) = permissions {
            temporary.as_file().set_permissions(permissions)?;
        }
        temporary.as_file().sync_all()
    })?
    .persist(&target)
    .map_err(|error| error.error)?;
    sync_folder(folder_of(&target))
}

/// Creates the file at `path`, with the permissions that the process's umask leaves. The content is synced.
///
/// # Errors
/// With the kind `AlreadyExists` if there is a file, which is unchanged; else as for [`replace`].
pub fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let open = |path: &Path| File::options().write(true).create_new(true).open(path);
    let folder = folder_of(path);
    let mut temporary = tempfile::Builder::new().prefix(".new-").make_in(folder, open)?;
    temporary.write_all(bytes)?;
    temporary.as_file().sync_all()?;
    temporary.persist_noclobber(path).map_err(|error| error.error)?;
    sync_folder(folder)
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
///
/// # Errors
/// Whatever the operating system reports.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
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
    fn what_is_no_file_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let error = edit(folder.path(), b"1").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(check_replaceable(&folder.path().join("absent")).is_ok());
    }

    #[test]
    fn a_created_file_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        create(&path, b"1").unwrap();
        assert_eq!(create(&path, b"2").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"1");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn an_edited_file_keeps_its_permissions_and_links() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let link = folder.path().join("link");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        symlink(&path, &link).unwrap();
        edit(&path, b"1").unwrap();
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        edit(&link, b"2").unwrap();
        assert_eq!((fs::read(&path).unwrap(), mode()), (b"2".to_vec(), 0o644));
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
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
