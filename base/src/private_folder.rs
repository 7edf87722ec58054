//! Folders for one user alone.

use std::{io, path::Path};

/// Creates a folder and those above it. On Unix only this user can read or enter the folders that are created, whatever
/// the umask is; those of a Windows user are private by inheritance. Folders that exist are not changed.
///
/// # Errors
/// Whatever keeps a folder from being created, except that it exists.
///
/// # Examples
/// ```
/// let folder = tempfile::tempdir()?;
/// let inner = folder.path().join("a/b");
/// loom_base::private_folder::create(&inner)?;
/// loom_base::private_folder::create(&inner)?;
/// assert!(inner.is_dir());
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn create(path: &Path) -> io::Result<()> {
    match create_one(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let above = path.parent().filter(|above| !above.as_os_str().is_empty());
            create(above.ok_or(error)?)?;
            // Another process may have created it by now.
            create_one(path).or_else(|error| if path.is_dir() { Ok(()) } else { Err(error) })
        }
        Err(_) if path.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
fn create_one(path: &Path) -> io::Result<()> {
    use std::{
        fs::{self, DirBuilder, Permissions},
        os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    };
    const MODE: u32 = 0o700;
    DirBuilder::new().mode(MODE).create(path)?;
    // The umask may have taken away even what the user needs.
    if fs::metadata(path)?.permissions().mode() & 0o777 != MODE {
        fs::set_permissions(path, Permissions::from_mode(MODE))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn create_one(path: &Path) -> io::Result<()> {
    std::fs::create_dir(path)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[cfg(unix)]
    #[test]
    fn only_the_user_can_enter_a_created_folder() {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::tempdir().unwrap();
        let inner = root.path().join("a/b");
        create(&inner).unwrap();
        for path in [&inner, inner.parent().unwrap()] {
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        }
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(&inner, open).unwrap();
        create(&inner).unwrap();
        assert_eq!(inner.metadata().unwrap().permissions().mode() & 0o777, 0o755);
    }

    #[test]
    fn a_file_is_no_folder() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(create(&file).is_err());
        assert!(create(&file.join("x")).is_err());
    }
}
