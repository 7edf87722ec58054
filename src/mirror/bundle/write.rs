//! [`write_bundle`]: writes a bundle into a temporary file, which then gets its name.

use std::{
    io::{self, BufWriter, Write},
    path::Path,
};

use loom_base::atomic_file::{check_replaceable, sync_folder};
use loom_mirror::bundle::{BundleManifest, BundleWriteError};
use loom_source::Digest;
use sha2::{Digest as _, Sha256};

use super::{BundleTaskError, Collected};

/// The size of the buffer between the bundle and its file, in bytes.
const BUFFER: usize = 256 * 1024;

/// A bundle that has been written.
#[derive(Debug)]
pub struct WrittenBundle {
    /// The list of its files.
    pub manifest: BundleManifest,
    /// The SHA-256 of the whole file.
    pub digest: Digest,
    /// The size in bytes.
    pub size: u64,
}

/// Writes the bundle to `to`, in place of a file of this name: completely, or not at all.
///
/// # Errors
/// Where a file cannot be read or the bundle cannot be written.
pub fn write_bundle(collected: &Collected, to: &Path) -> Result<WrittenBundle, BundleTaskError> {
    let failed = |source| BundleTaskError::File { path: to.to_owned(), source };
    check_replaceable(to).map_err(failed)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let temporary = tempfile::Builder::new().prefix(".bundle-").tempfile_in(folder);
    let temporary = temporary.map_err(failed)?;
    let mut file = HashedFile { file: temporary.as_file(), hasher: Sha256::new(), size: 0 };
    let mut buffered = BufWriter::with_capacity(BUFFER, &mut file);
    let written = collected.writer.write(&mut buffered);
    let manifest = written.map_err(|error| match error {
        BundleWriteError::Write(source) => failed(source),
        error => error.into(),
    })?;
    buffered.flush().map_err(failed)?;
    drop(buffered);
    let HashedFile { hasher, size, .. } = file;
    temporary.as_file().sync_all().map_err(failed)?;
    readable(temporary.path()).map_err(failed)?;
    temporary.persist(to).map_err(|error| failed(error.error))?;
    sync_folder(folder).map_err(failed)?;
    Ok(WrittenBundle { manifest, digest: Digest::from_hasher(hasher), size })
}

/// Lets others read the file: a temporary one is private.
fn readable(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644))?;
    }
    let _ = path;
    Ok(())
}

/// A file whose bytes are hashed and counted as they are written.
struct HashedFile<'a> {
    file: &'a std::fs::File,
    hasher: Sha256,
    size: u64,
}

impl Write for HashedFile<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
