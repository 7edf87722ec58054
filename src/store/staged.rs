//! A tree in the making: files numbered in a folder of its own, so that no path of an archive touches the disk
//! before everything has been checked.

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
    error::{Act, at},
    path::{self, PathSet},
};

/// Bytes read and written at once.
pub(super) const BUFFER: usize = 256 * 1024;

/// After so many bytes the disk is told to begin with them, which makes the final fsync short.
const PUSH_OUT: u64 = 4 * 1024 * 1024;

/// The digest and number of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// Their SHA-256.
    pub digest: Digest,
    /// Their number.
    pub size: u64,
}

/// A file or link of a tree in the making.
#[derive(Debug)]
pub(super) struct Item {
    /// As named by the archive, the top folder dropped where it is.
    pub(super) path: String,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    /// The bytes lie in the file of this number.
    File { number: usize, executable: bool, bytes: Measured },
    /// A symbolic link to this target.
    Link(String),
}

/// A tree in the making, in `store/.new-<random>`; dropped = removed.
#[derive(Debug)]
pub struct Staged {
    // Declared before the folder: Windows removes no folder with an open file in it.
    _lock: Lock,
    pub(super) folder: TempDir,
    pub(super) limits: TreeLimits,
    pub(super) items: Vec<Item>,
    pub(super) paths: PathSet,
    pub(super) entry: Option<TreePath>,
    pub(super) unpacked: Option<(Option<ArchiveFormat>, bool)>,
    bytes: u64,
    buffer: Vec<u8>,
}

impl Staged {
    pub(super) fn new(folder: TempDir, lock: Lock, limits: TreeLimits) -> Self {
        let (items, paths, buffer) = (vec![], PathSet::default(), vec![]);
        Self {
            _lock: lock,
            folder,
            limits,
            items,
            paths,
            entry: None,
            unpacked: None,
            bytes: 0,
            buffer,
        }
    }

    /// The whole tree is one program.
    pub fn bare(&mut self, program: impl Read, name: &str) -> Result<Measured, UnpackError> {
        self.unpacked = Some((None, false));
        self.add_file(name, true, program, &|| Ok(()))
    }

    /// One loose file of a tree whose listing is at hand.
    pub fn file(
        &mut self,
        path: &TreePath,
        executable: bool,
        bytes: impl Read,
    ) -> Result<Measured, UnpackError> {
        self.add_file(path.as_str(), executable, bytes, &|| Ok(()))
    }

    /// A link of a tree whose listing is at hand; where it leads is checked when the tree is admitted.
    pub fn link(&mut self, path: &TreePath, target: &str) -> Result<(), UnpackError> {
        self.add_link(path.as_str(), target.to_owned())
    }

    /// A development build: a reflink where the file system can, else a copy; never a hard link, for cargo overwrites.
    pub fn copy_file(&mut self, program: &Path, name: &str) -> Result<Measured, UnpackError> {
        let source = File::open(program).map_err(at(Act::Read, program))?;
        #[cfg(target_os = "linux")]
        if let Some(measured) = self.clone_file(&source, name)? {
            return Ok(measured);
        }
        self.add_file(name, true, source, &|| Ok(()))
    }

    /// The program's path, where a statement names it; otherwise it is looked for by the release's name.
    pub fn set_entry(&mut self, entry: TreePath) {
        self.entry = Some(entry);
    }

    /// Whether the single top folder was dropped; `None` before anything was unpacked.
    pub fn stripped(&self) -> Option<bool> {
        self.unpacked.map(|(_, strip)| strip)
    }

    /// Takes in a file: each byte is hashed and written as it comes, and never read again.
    pub(super) fn add_file(
        &mut self,
        path: &str,
        executable: bool,
        mut bytes: impl Read,
        allowed: &dyn Fn() -> Result<(), UnpackError>,
    ) -> Result<Measured, UnpackError> {
        self.announce(path)?;
        let (number, to) = self.next();
        let mut file = File::create_new(&to).map_err(at(Act::Create, &to))?;
        let (mut hasher, mut size, mut pushed) = (Sha256::new(), 0_u64, 0_u64);
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.resize(BUFFER, 0);
        loop {
            let n = fill(&mut bytes, &mut buffer).map_err(UnpackError::Read)?;
            if n == 0 {
                break;
            }
            self.count(n as u64)?;
            allowed()?;
            hasher.update(&buffer[..n]);
            file.write_all(&buffer[..n]).map_err(at(Act::Write, &to))?;
            size += n as u64;
            if size - pushed >= PUSH_OUT {
                start_writeback(&file, pushed, size - pushed);
                pushed = size;
            }
        }
        start_writeback(&file, pushed, size - pushed);
        // Elsewhere the barrier of publishing does it; Windows cannot flush what has become read-only.
        if cfg!(windows) {
            file.sync_all().map_err(at(Act::Sync, &to))?;
        }
        self.buffer = buffer;
        let bytes = Measured { digest: Digest::from_hasher(hasher), size };
        self.items
            .push(Item { path: path.to_owned(), what: What::File { number, executable, bytes } });
        Ok(bytes)
    }

    pub(super) fn add_link(&mut self, path: &str, target: String) -> Result<(), UnpackError> {
        self.announce(path)?;
        self.items.push(Item { path: path.to_owned(), what: What::Link(target) });
        Ok(())
    }

    /// A tar hard link: a copy of an earlier file.
    pub(super) fn add_copy(&mut self, path: &str, of: &str) -> Result<(), UnpackError> {
        let earlier = self.items.iter().find(|item| item.path == of);
        let Some(Item { what: What::File { number, executable, .. }, .. }) = earlier else {
            let why = "a hard link must name an earlier file of the archive";
            return Err(UnpackError::Entry { path: path.to_owned(), why });
        };
        let (from, executable) = (self.number(*number), *executable);
        let file = File::open(&from).map_err(at(Act::Read, &from))?;
        self.add_file(path, executable, file, &|| Ok(()))?;
        Ok(())
    }

    /// Drops the single top folder: as told, or if that is all there is.
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

    /// The limit on paths holds for what is left after stripping.
    pub(super) fn check_lengths(&self) -> Result<(), UnpackError> {
        let limit = self.limits.path.min(TreePath::MAX);
        match self.items.iter().any(|item| item.path.len() > limit) {
            true => Err(UnpackError::Limit { what: "bytes in a path", limit: limit as u64 }),
            false => Ok(()),
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn number(&self, number: usize) -> PathBuf {
        self.folder.path().join(number.to_string())
    }

    /// Where the tree is put together.
    pub(super) fn top(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    fn next(&self) -> (usize, PathBuf) {
        let number = self.items.len();
        (number, self.number(number))
    }

    fn announce(&mut self, path: &str) -> Result<(), UnpackError> {
        if self.items.len() as u64 >= self.limits.files {
            return Err(UnpackError::Limit { what: "files", limit: self.limits.files });
        }
        path::check(path).map_err(|why| UnpackError::Entry { path: path.to_owned(), why })?;
        Ok(self.paths.file(path)?)
    }

    fn count(&mut self, n: u64) -> Result<(), UnpackError> {
        self.bytes += n;
        match self.bytes > self.limits.bytes {
            true => Err(UnpackError::Limit { what: "bytes", limit: self.limits.bytes }),
            false => Ok(()),
        }
    }

    #[cfg(target_os = "linux")]
    fn clone_file(&mut self, source: &File, name: &str) -> Result<Option<Measured>, UnpackError> {
        let (number, to) = self.next();
        let mut options = File::options();
        let file = options.read(true).write(true).create_new(true).open(&to);
        let mut file = file.map_err(at(Act::Create, &to))?;
        if rustix::fs::ioctl_ficlone(&file, source).is_err() {
            std::fs::remove_file(&to).map_err(at(Act::Remove, &to))?;
            return Ok(None);
        }
        self.announce(name)?;
        // The clone is what is hashed: the build may be overwritten meanwhile.
        let bytes = measure(&mut file).map_err(at(Act::Read, &to))?;
        self.count(bytes.size)?;
        let what = What::File { number, executable: true, bytes };
        self.items.push(Item { path: name.to_owned(), what });
        Ok(Some(bytes))
    }
}

/// Reads until the buffer is full or nothing is left.
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

/// The digest and size of everything that can be read.
pub(super) fn measure(from: &mut impl Read) -> io::Result<Measured> {
    let (mut hasher, mut size, mut buffer) = (Sha256::new(), 0, vec![0; BUFFER]);
    loop {
        let n = fill(from, &mut buffer)?;
        if n == 0 {
            return Ok(Measured { digest: Digest::from_hasher(hasher), size });
        }
        hasher.update(&buffer[..n]);
        size += n as u64;
    }
}

/// Asks the kernel to begin writing; a hint, so failing is no error.
///
/// Linux starts write-out of the dirty pages of a range that is declared as no longer needed, and keeps those that are
/// being written: what `sync_file_range` does, for which there is no safe wrapper.
fn start_writeback(file: &File, from: u64, len: u64) {
    #[cfg(target_os = "linux")]
    if let Some(len) = std::num::NonZeroU64::new(len) {
        let _ = rustix::fs::fadvise(file, from, Some(len), rustix::fs::Advice::DontNeed);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (file, from, len);
}
