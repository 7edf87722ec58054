//! Whether a path is a place of the store itself: no folder on the way from the root is a link. What a link leads to is not
//! the store's, so nothing is written, dated or removed there, until `loom store repair` has set the link aside. The root
//! itself may be a link.

use std::path::Path;

use super::{Store, StoreError};

/// Refuses a path below `root` that leads over a link.
///
/// # Errors
/// [`StoreError::Damaged`] names the link.
pub(super) fn refuse_links(root: &Path, path: &Path) -> Result<(), StoreError> {
    let below = path.parent().and_then(|folder| folder.strip_prefix(root).ok());
    let mut folder = root.to_owned();
    for part in below.into_iter().flat_map(Path::components) {
        folder.push(part);
        refuse_link(&folder)?;
    }
    Ok(())
}

/// Refuses a folder that is a link.
///
/// # Errors
/// As for [`refuse_links`].
pub(super) fn refuse_link(folder: &Path) -> Result<(), StoreError> {
    if folder.is_symlink() {
        let what = "expected a folder, got a link".to_owned();
        return Err(StoreError::Damaged { path: folder.to_owned(), what });
    }
    Ok(())
}

/// Refuses a file that is a link, before it is opened for writing.
///
/// # Errors
/// As for [`refuse_links`].
pub(super) fn refuse_link_as_file(file: &Path) -> Result<(), StoreError> {
    if file.is_symlink() {
        let what = "expected a file, got a link".to_owned();
        return Err(StoreError::Damaged { path: file.to_owned(), what });
    }
    Ok(())
}

impl Store {
    /// Refuses a path of the store that leads over a link.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] names the link.
    pub(super) fn refuse_links_to(&self, path: &Path) -> Result<(), StoreError> {
        refuse_links(&self.root, path)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    #[test]
    fn only_folders_below_the_root_are_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let (real, root) = (folder.path().join("real"), folder.path().join("root"));
        fs::create_dir_all(real.join("a/b")).unwrap();
        symlink(&real, &root).unwrap();
        symlink("a", real.join("link")).unwrap();
        symlink("nowhere", real.join("a/file")).unwrap();
        for path in ["format", "a/b/c", "a/file", "a/missing/x", "link"] {
            refuse_links(&root, &root.join(path)).unwrap();
        }
        for path in ["link/file", "link/b/c", "a/file/x"] {
            assert!(refuse_links(&root, &root.join(path)).is_err(), "{path}");
        }
    }
}
