//! Renames a folder, also where only files can be renamed.

use std::{fs, io, path::Path};

use super::{
    StoreError,
    error::{FileAction, at, cannot_rename_folders},
};

/// Renames a folder. Where folders cannot be renamed, a new one is made, and the files are renamed one by one.
///
/// # Errors
/// [`StoreError::Io`]; a part of the files may have been renamed then.
pub(super) fn move_folder(from: &Path, to: &Path) -> Result<(), StoreError> {
    move_with(from, to, &|from, to| fs::rename(from, to))
}

/// As [`move_folder`], with this function to rename a file or folder.
fn move_with(
    from: &Path,
    to: &Path,
    rename: &dyn Fn(&Path, &Path) -> io::Result<()>,
) -> Result<(), StoreError> {
    match rename(from, to) {
        Err(e) if cannot_rename_folders(&e) && from.is_dir() && !from.is_symlink() => {}
        result => return result.map_err(at(FileAction::Rename, to)),
    }
    fs::create_dir(to).map_err(at(FileAction::Create, to))?;
    for entry in fs::read_dir(from).map_err(at(FileAction::Read, from))? {
        let entry = entry.map_err(at(FileAction::Read, from))?;
        move_with(&entry.path(), &to.join(entry.file_name()), rename)?;
    }
    if let Ok(meta) = fs::metadata(from) {
        // Only names matter here; a folder of another user keeps the permissions of a new one.
        let _ = fs::set_permissions(to, meta.permissions());
    }
    fs::remove_dir(from).map_err(at(FileAction::Remove, from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_renamed_one_by_one_where_folders_cannot_be() {
        let root = tempfile::tempdir().unwrap();
        let (from, to) = (root.path().join("from"), root.path().join("to"));
        fs::create_dir_all(from.join("a/b")).unwrap();
        fs::create_dir(from.join("empty")).unwrap();
        fs::write(from.join("a/b/file"), b"x").unwrap();
        fs::write(from.join("top"), b"y").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("a/b/nowhere", from.join("link")).unwrap();
        let rename = |from: &Path, to: &Path| {
            let folder = fs::symlink_metadata(from)?.is_dir();
            if folder { Err(io::ErrorKind::CrossesDevices.into()) } else { fs::rename(from, to) }
        };
        move_with(&from, &to, &rename).unwrap();
        assert!(!from.exists() && to.join("empty").is_dir());
        assert_eq!(fs::read(to.join("a/b/file")).unwrap(), b"x");
        assert_eq!(fs::read(to.join("top")).unwrap(), b"y");
        #[cfg(unix)]
        assert_eq!(fs::read_link(to.join("link")).unwrap(), Path::new("a/b/nowhere"));
        // Any other error is reported.
        let refuse = |_: &Path, _: &Path| Err(io::ErrorKind::PermissionDenied.into());
        assert!(move_with(&to, &from, &refuse).is_err());
        assert!(to.join("top").exists());
    }
}
