//! Finds the file of a project.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use super::{ConfigError, Files, Inputs};

/// The name of a project's file.
const NAME: &str = "loom.toml";

/// The file of a project, as it was found.
pub(crate) struct ProjectText {
    /// The file, in the canonical form of the folder in which it was found.
    pub(crate) file: PathBuf,
    pub(crate) text: String,
}

/// The file that `--config` names, else the nearest `loom.toml` in the current folder or above it.
///
/// The canonical folder in which the file is found is the project: trust, relative paths, `.env` and the working folder all
/// belong to it. A symbolic link in place of the file is followed for reading only.
///
/// # Errors
/// If the file cannot be read, or if `--config` names none.
pub(crate) fn find_project(
    inputs: &Inputs,
    files: &impl Files,
) -> Result<Option<ProjectText>, ConfigError> {
    if let Some(file) = named(inputs, files) {
        return match files.read(&file) {
            Ok(Some(text)) => Ok(Some(ProjectText { file, text })),
            Ok(None) => Err(ConfigError::Missing { file }),
            Err(source) => Err(ConfigError::Read { file, source }),
        };
    }
    for folder in inputs.cwd.ancestors() {
        let file = folder.join(NAME);
        match files.read(&file) {
            Ok(Some(text)) => return Ok(Some(ProjectText { file, text })),
            Ok(None) => {}
            // A folder above that this user may not read holds no project of this user.
            Err(e) if e.kind() == ErrorKind::PermissionDenied && folder != inputs.cwd => {}
            Err(source) => return Err(ConfigError::Read { file, source }),
        }
    }
    Ok(None)
}

/// The path of the project's file, as `find_project` finds it: also of a file that cannot be read or understood, so that
/// a mistake in it does not keep a user from stopping a runtime. `None` without a project.
pub fn project_file(inputs: &Inputs, files: &impl Files) -> Option<PathBuf> {
    match find_project(inputs, files) {
        Ok(project) => project.map(|project| project.file),
        Err(ConfigError::Read { file, .. } | ConfigError::Missing { file }) => Some(file),
        // There is no other error.
        Err(_) => None,
    }
}

/// The file that `--config` names. The current folder is canonical already, as the system reports it.
fn named(inputs: &Inputs, files: &impl Files) -> Option<PathBuf> {
    let file = inputs.cwd.join(inputs.flags.config.as_ref()?);
    Some(in_canonical_folder(&file, files))
}

/// The file, in the canonical form of its folder.
pub(crate) fn in_canonical_folder(file: &Path, files: &impl Files) -> PathBuf {
    match (file.parent(), file.file_name()) {
        (Some(folder), Some(name)) => files.canonical(folder).join(name),
        _ => file.to_owned(),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;
    use crate::config::{Disk, Flags};

    fn inputs(cwd: &Path, config: Option<&str>) -> Inputs {
        let flags = Flags { config: config.map(PathBuf::from), ..Flags::default() };
        Inputs { cwd: cwd.to_owned(), flags, ..Inputs::default() }
    }

    #[test]
    fn the_project_is_the_folder_in_which_the_file_is_found() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        for folder in ["one", "two/inner"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        fs::write(root.join("one/loom.toml"), "name = '1'").unwrap();
        symlink("../one/loom.toml", root.join("two/loom.toml")).unwrap();
        symlink("two", root.join("link")).unwrap();
        let two = root.join("two/loom.toml");
        for (cwd, config) in [
            ("two", None),
            ("two/inner", None),
            ("one", Some("../two/loom.toml")),
            ("one", Some("../link/loom.toml")),
            ("one", Some("../link/inner/../loom.toml")),
        ] {
            let inputs = inputs(&root.join(cwd), config);
            let found = find_project(&inputs, &Disk).unwrap().unwrap();
            assert_eq!((found.file.as_path(), found.text.as_str()), (&*two, "name = '1'"));
            assert_eq!(project_file(&inputs, &Disk), Some(found.file));
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_is_there() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let (outer, inner) = (root.join("loom.toml"), root.join("inner/loom.toml"));
        fs::create_dir(root.join("inner")).unwrap();
        fs::write(&outer, "").unwrap();
        let inputs = inputs(&root.join("inner"), None);
        assert_eq!(project_file(&inputs, &Disk), Some(outer));
        for make in [
            |path: &Path| symlink("/does/not/exist", path),
            |path: &Path| symlink("/dev/zero", path),
            |path: &Path| symlink("loom.toml", path),
            |path: &Path| fs::create_dir(path),
        ] {
            make(&inner).unwrap();
            let error = find_project(&inputs, &Disk).err().unwrap();
            assert!(matches!(&error, ConfigError::Read { file, .. } if *file == inner), "{error}");
            assert_eq!(project_file(&inputs, &Disk).as_ref(), Some(&inner));
            fs::remove_file(&inner).or_else(|_| fs::remove_dir(&inner)).unwrap();
        }
    }
}
