//! Transfers: bytes that arrive, are hashed, and are kept for resuming.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use loom_source::{Digest, Download, RangeRequest, Release};
use sha2::{Digest as _, Sha256};

use super::{
    Lock, ResumeOutcome, Store, StoreError, TransferSubject,
    durable::{create_folder, replace_lazily, tempfile_in},
    earlier_bytes::EarlierBytes,
    error::{FileAction, absent, at},
    locks,
    own_place::refuse_link_as_file,
    partial_header::{PartialHeader, read_header, release_key},
    staged::BUFFER,
    writers,
};

/// A transfer: the bytes that have arrived so far, hashed, and kept for resuming where the source can resume.
///
/// Where it is dropped without [`finish`](Self::finish), the bytes stay for the next attempt.
#[derive(Debug)]
pub struct Partial {
    /// The bytes of earlier attempts, until [`take`](Self::take).
    earlier: Option<Box<EarlierBytes>>,
    spool: Option<Box<Spool>>,
    hasher: Sha256,
    size: u64,
    total: Option<u64>,
}

/// The file that a transfer is written to.
#[derive(Debug)]
struct Spool {
    file: File,
    path: PathBuf,
    /// The path of the file beside it; `None` for a transfer that cannot be resumed.
    json: Option<PathBuf>,
    /// The number of bytes from earlier attempts.
    had: u64,
    // Dropped last, when the files have been renamed or removed.
    _lock: Option<Lock>,
}

/// All the bytes of a transfer, hashed. Only [`Partial::finish`] makes one.
///
/// The spooled file is removed on drop; [`Checked::keep_archive`](super::Checked::keep_archive) makes it an object.
#[derive(Debug)]
pub struct Received {
    digest: Digest,
    size: u64,
    resumed: bool,
    spool: Option<Box<Spool>>,
}

impl Partial {
    /// A transfer that can be resumed: kept in `partial/`, named by the digest of its bytes where that is known, else by its
    /// source and asset. Nothing is written or locked before [`take`](Self::take), so that several sources can be asked.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be written.
    pub fn open(store: &Store, subject: &TransferSubject<'_>) -> Result<Self, StoreError> {
        store.prepare()?;
        Ok(Self::new(Some(EarlierBytes::look(store, subject)?), None))
    }

    /// Names the release that the transfer belongs to, so that [`Store::interrupted`] finds what arrived.
    #[must_use]
    pub fn of_release(mut self, release: &Release) -> Self {
        if let Some(earlier) = &mut self.earlier {
            earlier.new.release = Some(release_key(release));
        }
        self
    }

    /// The same transfer from the first byte on, whatever is here.
    #[must_use]
    pub fn whole(mut self) -> Self {
        if let Some(earlier) = &mut self.earlier {
            earlier.forget();
        }
        self
    }

    /// Opens a transfer that cannot be resumed but whose bytes are needed as a file (zip archives).
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be written.
    pub fn spooled(store: &Store) -> Result<Self, StoreError> {
        store.prepare()?;
        Ok(Self::new(None, Some(Spool::temporary(store)?)))
    }

    /// Opens a transfer whose bytes are hashed and not kept.
    pub fn passing() -> Self {
        Self::new(None, None)
    }

    fn new(earlier: Option<EarlierBytes>, spool: Option<Spool>) -> Self {
        let (earlier, spool) = (earlier.map(Box::new), spool.map(Box::new));
        Self { earlier, spool, hasher: Sha256::new(), size: 0, total: None }
    }

    /// The range to ask for, after the bytes that are here.
    pub fn resume(&self) -> RangeRequest {
        self.earlier.as_ref().map_or_else(RangeRequest::whole, |earlier| earlier.range())
    }

    /// Compares the source's answer with the bytes that are here, before the first new byte.
    pub fn begin(&mut self, download: &Download) -> ResumeOutcome {
        self.total = download.total;
        match &mut self.earlier {
            Some(earlier) => earlier.compare(download),
            None if download.start == 0 => ResumeOutcome::Whole,
            None => ResumeOutcome::Mismatch,
        }
    }

    /// Takes the bytes that are here, to continue or to replace them: locks and opens their file. `false` where they are not
    /// those any more that the source was asked to continue: ask again from the first byte.
    ///
    /// Where another process uses them, a transfer from the first byte goes to a temporary file that cannot be resumed.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be written.
    pub fn take(&mut self, store: &Store) -> Result<bool, StoreError> {
        let Some(earlier) = self.earlier.take() else { return Ok(true) };
        let lock = store.root.join(format!("locks/partial@{}", earlier.new.key()));
        let held = store.open_lock(&lock)?;
        let is_free = locks::tried(&lock, held.try_lock())?;
        let spool = match (is_free, earlier.had) {
            (true, _) => Spool::take(store, *earlier, Lock::of(held))?,
            (false, 0) => Some(Spool::temporary(store)?),
            (false, _) => None,
        };
        self.spool = spool.map(Box::new);
        Ok(self.spool.is_some())
    }

    /// Hashes the bytes of earlier attempts and hands them to `to`, as if they arrived now.
    ///
    /// # Errors
    /// [`StoreError::Io`] where the spooled file cannot be read, or `to` fails.
    pub fn replay(
        &mut self,
        mut to: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<(), StoreError> {
        let Some(spool) = &mut self.spool else { return Ok(()) };
        spool.file.rewind().map_err(at(FileAction::Read, &spool.path))?;
        let (mut buffer, mut left) = (vec![0; BUFFER], spool.had);
        while left > 0 {
            let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let n =
                spool.file.read(&mut buffer[..most]).map_err(at(FileAction::Read, &spool.path))?;
            if n == 0 {
                return Err(at(FileAction::Read, &spool.path)(io::ErrorKind::UnexpectedEof.into()));
            }
            self.hasher.update(&buffer[..n]);
            to(&buffer[..n]).map_err(at(FileAction::Read, &spool.path))?;
            left -= n as u64;
        }
        self.size = spool.had;
        Ok(())
    }

    /// Hashes the next bytes, and keeps them where the transfer has a file.
    ///
    /// # Errors
    /// [`StoreError::Io`] where the spooled file cannot be written.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.hasher.update(bytes);
        if let Some(spool) = &mut self.spool {
            spool.file.write_all(bytes).map_err(at(FileAction::Write, &spool.path))?;
        }
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// The number of bytes here, those of earlier attempts included.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The total number of bytes, where the source states it.
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// Ends the transfer: all bytes have arrived.
    pub fn finish(mut self) -> Received {
        let spool = self.spool.take();
        let resumed = spool.as_ref().is_some_and(|spool| spool.had > 0);
        let digest = Digest::from_hasher(std::mem::take(&mut self.hasher));
        Received { digest, size: self.size, resumed, spool }
    }

    /// Removes the bytes that have arrived, because they are wrong.
    pub fn discard(self) {
        if let Some(spool) = &self.spool {
            spool.remove();
        }
    }
}

impl Drop for Partial {
    /// Removes a transfer that cannot be resumed or holds no byte.
    fn drop(&mut self) {
        let Some(spool) = &self.spool else { return };
        if spool.json.is_none() || self.size == 0 && spool.had == 0 {
            spool.remove();
        }
    }
}

impl Spool {
    /// A file that cannot be resumed.
    fn temporary(store: &Store) -> Result<Self, StoreError> {
        let (file, path) = tempfile_in(&store.tmp())?
            .keep()
            .map_err(|e| at(FileAction::Create, &store.tmp())(e.error))?;
        Ok(Self { file, path, json: None, had: 0, _lock: None })
    }

    /// The file of earlier bytes; `None` where it has changed since they were looked at.
    fn take(store: &Store, earlier: EarlierBytes, lock: Lock) -> Result<Option<Self>, StoreError> {
        let EarlierBytes { path, had, old, new, .. } = earlier;
        let json = path.with_extension("json");
        create_folder(&store.root.join("partial"))?;
        refuse_link_as_file(&path)?;
        let mut options = fs::OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(at(FileAction::Create, &path))?;
        // Another member of the group may continue the transfer.
        writers::set_mode_of_own(&file, store.sharing().lease_mode());
        let here = file.metadata().map_err(at(FileAction::Read, &path))?.len();
        let mut spool = Self { file, path, json: Some(json), had, _lock: Some(lock) };
        if had == 0 {
            spool.clear()?;
            spool.write_header(store, &new)?;
            return Ok(Some(spool));
        }
        if here < had || spool.header()? != old {
            return Ok(None);
        }
        // The request was for the bytes after these.
        spool.file.set_len(had).map_err(at(FileAction::Write, &spool.path))?;
        if old.as_ref() != Some(&new) {
            spool.write_header(store, &new)?;
        }
        Ok(Some(spool))
    }

    fn header(&self) -> Result<Option<PartialHeader>, StoreError> {
        self.json.as_deref().map_or(Ok(None), read_header)
    }

    /// Notes which bytes come now.
    fn write_header(&self, store: &Store, header: &PartialHeader) -> Result<(), StoreError> {
        let Some(json) = &self.json else { return Ok(()) };
        let bytes = serde_json::to_vec(header).unwrap_or_default();
        replace_lazily(&store.tmp(), json, &bytes)
    }

    fn clear(&mut self) -> Result<(), StoreError> {
        // The file beside goes first: bytes without it are never resumed.
        if let Some(json) = &self.json {
            absent(fs::remove_file(json)).map_err(at(FileAction::Remove, json))?;
        }
        self.file.set_len(0).map_err(at(FileAction::Write, &self.path))?;
        self.file.rewind().map_err(at(FileAction::Write, &self.path))
    }

    /// Removes the files. What cannot be removed is removed by the next attempt.
    fn remove(&self) {
        if let Some(json) = &self.json {
            let _ = fs::remove_file(json);
        }
        let _ = fs::remove_file(&self.path);
    }
}

impl Received {
    /// The SHA-256 of all bytes.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The number of bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Whether a part came from an earlier attempt. A wrong digest is then no proof against the source.
    pub fn resumed(&self) -> bool {
        self.resumed
    }

    /// Opens the bytes as a file; `None` where they were not kept.
    ///
    /// # Errors
    /// [`StoreError::Io`] where the spooled file cannot be read.
    pub fn open(&self) -> Result<Option<File>, StoreError> {
        let Some(spool) = &self.spool else { return Ok(None) };
        let mut file = File::open(&spool.path).map_err(at(FileAction::Read, &spool.path))?;
        file.seek(SeekFrom::Start(0)).map_err(at(FileAction::Read, &spool.path))?;
        Ok(Some(file))
    }

    pub(super) fn path(&self) -> Option<&Path> {
        self.spool.as_ref().map(|spool| spool.path.as_path())
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        if let Some(spool) = &self.spool {
            spool.remove();
        }
    }
}
