//! Copies of the program file, and what is left of those that were not completed.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use loom_source::Digest;
use sha2::{Digest as _, Sha256};
use tempfile::{NamedTempFile, TempPath};

use super::{OwnProgramError, error::at};
use crate::state::StateDir;

/// The folder in the state folder.
pub(super) const FOLDER: &str = "self";

/// How the names of files begin that are not complete yet.
const NEW: &str = ".loom-new-";

/// A complete copy of a program that has no name yet.
pub(super) struct ProgramCopy {
    pub(super) path: TempPath,
    /// The digest of its bytes.
    pub(super) sha256: Digest,
    /// Tells other processes that the copy is in use.
    _lock: File,
}

/// Copies a program into a folder, as a temporary file that may be executed.
pub(super) fn copy_into(program: &Path, folder: &Path) -> Result<ProgramCopy, OwnProgramError> {
    let builder = tempfile::Builder::new().prefix(NEW).tempfile_in(folder);
    let mut copy: NamedTempFile = builder.map_err(at("write in", folder))?;
    // Another handle, which stays open: a file that is open for writing cannot be executed.
    let lock = File::open(copy.path()).map_err(at("read", copy.path()))?;
    // Without it, another process may remove the copy, and this one fails.
    let _ = lock.try_lock();
    let digest =
        read_through(program, |bytes| copy.write_all(bytes).map_err(at("write in", folder)))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::Permissions::from_mode(0o755);
        copy.as_file().set_permissions(mode).map_err(at("write in", folder))?;
    }
    copy.as_file().sync_all().map_err(at("write in", folder))?;
    Ok(ProgramCopy { path: copy.into_temp_path(), sha256: digest, _lock: lock })
}

/// The files that a replacement of `program` has left that was killed. One that another process still writes is none.
pub fn remains(program: &Path, state: &StateDir) -> Vec<PathBuf> {
    let folders = [program.parent().map(Path::to_owned), Some(state.path().join(FOLDER))];
    let entries = folders.into_iter().flatten().filter_map(|folder| fs::read_dir(folder).ok());
    let named = entries.flatten().flatten().filter(|entry| {
        entry.file_name().to_string_lossy().starts_with(NEW)
            && entry.file_type().is_ok_and(|kind| kind.is_file())
    });
    let mut remains: Vec<PathBuf> = named.map(|entry| entry.path()).collect();
    remains.retain(|path| File::open(path).is_ok_and(|file| file.try_lock().is_ok()));
    remains.sort();
    remains
}

/// The digest of a file.
pub(super) fn digest_of(path: &Path) -> Result<Digest, OwnProgramError> {
    read_through(path, |_| Ok(()))
}

/// Hands the bytes of a file to `each`, and returns their digest.
fn read_through(
    path: &Path,
    mut each: impl FnMut(&[u8]) -> Result<(), OwnProgramError>,
) -> Result<Digest, OwnProgramError> {
    let mut file = File::open(path).map_err(at("read", path))?;
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(Digest::from_hasher(hasher)),
            Ok(count) => {
                hasher.update(&buffer[..count]);
                each(&buffer[..count])?;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(at("read", path)(e)),
        }
    }
}
