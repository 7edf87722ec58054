//! Staged trees: files under numbers in a folder of their own, so that no path of an archive is used before
//! everything has been checked.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use loom_source::{ArchiveFormat, Digest};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::{
    Lock, TreeLimits, TreePath, UnpackError,
    error::{FileAction, at},
    limits::{LONGEST_TARGET, Packed, check_path},
    path::PathSet,
};

/// The number of bytes read and written at once.
pub(super) const BUFFER: usize = 256 * 1024;

/// After this many bytes the kernel is asked to write them, which shortens the final fsync.
const WRITEBACK_STEP: u64 = 4 * 1024 * 1024;

/// The digest and the number of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// The SHA-256.
    pub digest: Digest,
    /// The number of bytes.
    pub size: u64,
}

/// A file or link of a staged tree.
#[derive(Debug)]
pub(super) struct StagedItem {
    /// The path as the archive names it, without a top folder that was dropped.
    pub(super) path: String,
    pub(super) content: StagedContent,
}

/// What a staged item is.
#[derive(Debug)]
pub(super) enum StagedContent {
    /// The bytes are in the file with this number.
    File { number: usize, executable: bool, bytes: Measured },
    /// A symbolic link to this target.
    Link(String),
}

/// A tree that is being made, in `store/.new-<random>`; removed on drop.
#[derive(Debug)]
pub struct Staged {
    // Declared before the folder: Windows removes no folder with an open file in it.
    _lock: Lock,
    pub(super) folder: TempDir,
    pub(super) limits: TreeLimits,
    pub(super) items: Vec<StagedItem>,
    pub(super) paths: PathSet,
    pub(super) entry: Option<TreePath>,
    pub(super) unpacked: Option<(Option<ArchiveFormat>, bool)>,
    pub(super) bytes: u64,
    buffer: Vec<u8>,
}

impl Staged {
    pub(super) fn new(folder: TempDir, lock: Lock, limits: TreeLimits) -> Self {
        Self {
            _lock: lock,
            folder,
            limits,
            items: vec![],
            paths: PathSet::default(),
            entry: None,
            unpacked: None,
            bytes: 0,
            buffer: vec![],
        }
    }

    /// Adds the only file of a tree that is one program.
    ///
    /// # Errors
    /// [`UnpackError`] where the bytes cannot be read or written, or exceed a limit.
    pub fn bare(&mut self, program: impl Read, name: &str) -> Result<Measured, UnpackError> {
        self.unpacked = Some((None, false));
        self.add_file(name, true, program, None)
    }

    /// Adds one file of a tree whose listing is known.
    ///
    /// # Errors
    /// [`UnpackError`] where the bytes cannot be read or written, or exceed a limit, or the path is refused.
    pub fn file(
        &mut self,
        path: &TreePath,
        executable: bool,
        bytes: impl Read,
    ) -> Result<Measured, UnpackError> {
        self.add_file(path.as_str(), executable, bytes, None)
    }

    /// Adds a link of a tree whose listing is known; its target is checked when the tree is admitted.
    ///
    /// # Errors
    /// [`UnpackError`] where the path is refused.
    pub fn link(&mut self, path: &TreePath, target: &str) -> Result<(), UnpackError> {
        self.add_link(path.as_str(), target.to_owned(), None)
    }

    /// Adds a copy of a program on this machine: a reflink where the file system supports it, else a copy. Never a
    /// hard link, because cargo overwrites its outputs in place.
    ///
    /// # Errors
    /// [`UnpackError`] where the program cannot be read, or the copy not written.
    pub fn copy_file(&mut self, program: &Path, name: &str) -> Result<Measured, UnpackError> {
        let source = File::open(program).map_err(at(FileAction::Read, program))?;
        #[cfg(target_os = "linux")]
        if let Some(measured) = self.clone_file(&source, name)? {
            return Ok(measured);
        }
        self.add_file(name, true, source, None)
    }

    /// Sets the path of the program, where a statement names it; otherwise the program is found by the release's name.
    pub fn set_entry(&mut self, entry: TreePath) {
        self.entry = Some(entry);
    }

    /// Whether the single top folder was dropped; `None` before anything was unpacked.
    pub fn stripped(&self) -> Option<bool> {
        self.unpacked.map(|(_, strip)| strip)
    }

    /// Adds a file: each byte is counted, hashed and written as it arrives, and not read again.
    pub(super) fn add_file(
        &mut self,
        path: &str,
        executable: bool,
        mut bytes: impl Read,
        packed: Packed<'_>,
    ) -> Result<Measured, UnpackError> {
        self.announce(path)?;
        let (number, to) = self.next();
        let mut file = File::create_new(&to).map_err(at(FileAction::Create, &to))?;
        let mut hasher = Sha256::new();
        let mut size = 0_u64;
        let mut pushed = 0_u64;
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.resize(BUFFER, 0);
        loop {
            let n = fill(&mut bytes, &mut buffer).map_err(UnpackError::Read)?;
            if n == 0 {
                break;
            }
            self.count(n as u64, packed)?;
            hasher.update(&buffer[..n]);
            file.write_all(&buffer[..n]).map_err(at(FileAction::Write, &to))?;
            size += n as u64;
            if size - pushed >= WRITEBACK_STEP {
                start_writeback(&file, pushed, size - pushed);
                pushed = size;
            }
        }
        start_writeback(&file, pushed, size - pushed);
        // On other systems the barrier of publishing does this; Windows cannot sync a file that is read-only by then.
        if cfg!(windows) {
            file.sync_all().map_err(at(FileAction::Sync, &to))?;
        }
        self.buffer = buffer;
        let bytes = Measured { digest: Digest::from_hasher(hasher), size };
        self.items.push(StagedItem {
            path: path.to_owned(),
            content: StagedContent::File { number, executable, bytes },
        });
        Ok(bytes)
    }

    pub(super) fn add_link(
        &mut self,
        path: &str,
        target: String,
        packed: Packed<'_>,
    ) -> Result<(), UnpackError> {
        self.announce(path)?;
        if target.len() > LONGEST_TARGET {
            let limit = LONGEST_TARGET as u64;
            return Err(UnpackError::Limit { what: "bytes in the target of a link", limit });
        }
        self.count(target.len() as u64, packed)?;
        let content = StagedContent::Link(target);
        self.items.push(StagedItem { path: path.to_owned(), content });
        Ok(())
    }

    /// Adds a copy of an earlier file, for a hard link in a tar archive.
    pub(super) fn add_copy(
        &mut self,
        path: &str,
        of: &str,
        packed: Packed<'_>,
    ) -> Result<(), UnpackError> {
        let earlier = self.items.iter().find(|item| item.path == of);
        let Some(StagedItem { content: StagedContent::File { number, executable, .. }, .. }) =
            earlier
        else {
            let why = "a hard link must name an earlier file of the archive";
            return Err(UnpackError::Entry { path: path.to_owned(), why });
        };
        let from = self.number(*number);
        let executable = *executable;
        let file = File::open(&from).map_err(at(FileAction::Read, &from))?;
        self.add_file(path, executable, file, packed)?;
        Ok(())
    }

    /// Drops the single top folder: as `strip` says, or where all paths are below one. Returns whether it was dropped.
    pub(super) fn strip(&mut self, strip: Option<bool>) -> Result<bool, UnpackError> {
        let first = self.items.first().ok_or(UnpackError::Empty)?;
        let top = first.path.split_once('/').map(|(top, _)| format!("{top}/"));
        let single = top.filter(|top| self.items.iter().all(|item| item.path.starts_with(top)));
        match (strip, single) {
            (Some(true), None) => Err(UnpackError::Strip),
            (Some(false), _) | (None, None) => Ok(false),
            (_, Some(top)) => {
                for item in &mut self.items {
                    item.path.drain(..top.len());
                }
                Ok(true)
            }
        }
    }

    /// The path of the file with this number.
    pub(super) fn number(&self, number: usize) -> PathBuf {
        self.folder.path().join(number.to_string())
    }

    /// The folder in which the tree gets its paths.
    pub(super) fn top(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    fn next(&self) -> (usize, PathBuf) {
        let number = self.items.len();
        (number, self.number(number))
    }

    /// Checks a path and the number of files before a file is added.
    fn announce(&mut self, path: &str) -> Result<(), UnpackError> {
        if self.items.len() as u64 >= self.limits.files {
            return Err(UnpackError::Limit { what: "files", limit: self.limits.files });
        }
        self.check_paths()?;
        check_path(path)?;
        Ok(self.paths.file(path)?)
    }

    /// Adds a reflink of a program; `None` where the file system has none.
    #[cfg(target_os = "linux")]
    fn clone_file(&mut self, source: &File, name: &str) -> Result<Option<Measured>, UnpackError> {
        let (number, to) = self.next();
        let mut options = File::options();
        let file = options.read(true).write(true).create_new(true).open(&to);
        let mut file = file.map_err(at(FileAction::Create, &to))?;
        if rustix::fs::ioctl_ficlone(&file, source).is_err() {
            std::fs::remove_file(&to).map_err(at(FileAction::Remove, &to))?;
            return Ok(None);
        }
        self.announce(name)?;
        // The clone is hashed, not the original, which may be overwritten meanwhile.
        let bytes = measure(&mut file).map_err(at(FileAction::Read, &to))?;
        self.count(bytes.size, None)?;
        let content = StagedContent::File { number, executable: true, bytes };
        self.items.push(StagedItem { path: name.to_owned(), content });
        Ok(Some(bytes))
    }
}

/// Reads until the buffer is full or the input ends.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut n = 0;
    while n < buffer.len() {
        match from.read(&mut buffer[n..]) {
            Ok(0) => break,
            Ok(more) => n += more,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(n)
}

/// The digest and the number of all bytes that can be read.
pub(super) fn measure(from: &mut impl Read) -> io::Result<Measured> {
    measure_with(from, &mut vec![0; BUFFER])
}

/// As [`measure`], with a buffer that serves several files.
pub(super) fn measure_with(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<Measured> {
    let mut hasher = Sha256::new();
    let mut size = 0;
    loop {
        let n = fill(from, buffer)?;
        if n == 0 {
            return Ok(Measured { digest: Digest::from_hasher(hasher), size });
        }
        hasher.update(&buffer[..n]);
        size += n as u64;
    }
}

/// Asks the kernel to begin writing a range to the disk. A hint: a failure is no error.
///
/// Linux starts to write the dirty pages of a range that is declared as no longer needed and keeps those that are being
/// written. `sync_file_range` does the same, but has no safe wrapper.
fn start_writeback(file: &File, from: u64, len: u64) {
    #[cfg(target_os = "linux")]
    if let Some(len) = std::num::NonZeroU64::new(len) {
        let _ = rustix::fs::fadvise(file, from, Some(len), rustix::fs::Advice::DontNeed);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (file, from, len);
}
