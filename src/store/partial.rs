//! Transfers: bytes that arrive, are hashed, and are kept for resuming.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use loom_source::{AssetRef, Digest, Download, RangeRequest, Release, Validator};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    Lock, Store, StoreError,
    document_file::read_document,
    durable::{create_folder, replace_lazily, tempfile_in},
    error::{FileAction, absent, at},
    locks,
    own_place::refuse_link_as_file,
    staged::BUFFER,
    writers,
};

/// The file beside a partial transfer: which bytes it holds a part of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PartialHeader {
    schema: String,
    pub(super) source: String,
    #[serde(rename = "pointer")]
    asset: AssetRef,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    validator: Option<Validator>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) total: Option<u64>,
    /// What the bytes are a part of, for display: `<authority>/<binary>/<slot>/<platform>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) release: Option<String>,
}

const SCHEMA: &str = "loom-partial 1";

/// A transfer: the bytes that have arrived so far, hashed, and kept for resuming where the source can resume.
///
/// Where it is dropped without [`finish`](Self::finish), the bytes stay for the next attempt.
#[derive(Debug)]
pub struct Partial {
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
    /// The path and content of the file beside it; `None` for a transfer that cannot be resumed.
    header: Option<(PathBuf, PartialHeader)>,
    /// The number of bytes from earlier attempts.
    had: u64,
    tmp: PathBuf,
    // Dropped last, when the files have been renamed or removed.
    _lock: Option<Lock>,
}

/// How the source's answer continues the bytes that are here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResumeOutcome {
    /// The answer begins at the first byte; earlier bytes are discarded.
    Whole,
    /// The answer continues after this many bytes; [`Partial::replay`] hands them on first.
    Resumed(u64),
    /// The answer does not continue the earlier bytes, which have been discarded: ask again from the first byte.
    Mismatch,
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
    /// Opens a transfer that can be resumed: kept in `partial/`, named by its source and asset, locked while in use.
    ///
    /// Where another process uses it, the bytes are spooled to a temporary file that cannot be resumed.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be written.
    pub fn open(store: &Store, source: &str, asset: &AssetRef) -> Result<Self, StoreError> {
        store.prepare()?;
        let key = Digest::of(format!("{source}\n{asset}").as_bytes());
        let path = store.root.join(format!("partial/{key}"));
        let lock = store.root.join(format!("locks/partial@{key}"));
        let held = store.open_lock(&lock)?;
        if !locks::tried(&lock, held.try_lock())? {
            return Self::spooled(store);
        }
        let folder = store.root.join("partial");
        create_folder(&folder)?;
        refuse_link_as_file(&path)?;
        let mut options = fs::OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(at(FileAction::Create, &path))?;
        // Another member of the group may continue the transfer.
        writers::set_mode_of_own(&file, store.sharing().lease_mode());
        let here = file.metadata().map_err(at(FileAction::Read, &path))?.len();
        let json = path.with_extension("json");
        let fresh = PartialHeader {
            schema: SCHEMA.into(),
            source: source.to_owned(),
            asset: asset.clone(),
            validator: None,
            total: None,
            release: None,
        };
        let old = read_header(&json)?.filter(|old| old.source == source && old.asset == *asset);
        let had = if old.is_some() { here } else { 0 };
        let header = Some((json, old.unwrap_or(fresh)));
        let spool = Box::new(Spool {
            file,
            path,
            header,
            had,
            tmp: store.tmp(),
            _lock: Some(Lock::of(held)),
        });
        Ok(Self { spool: Some(spool), hasher: Sha256::new(), size: 0, total: None })
    }

    /// Names the release that the transfer belongs to, so that [`Store::interrupted`] finds what arrived.
    #[must_use]
    pub fn of_release(mut self, release: &Release) -> Self {
        if let Some((_, header)) = self.spool.as_mut().and_then(|spool| spool.header.as_mut()) {
            header.release = Some(release_key(release));
        }
        self
    }

    /// Opens a transfer that cannot be resumed but whose bytes are needed as a file (zip archives).
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be written.
    pub fn spooled(store: &Store) -> Result<Self, StoreError> {
        store.prepare()?;
        let (file, path) = tempfile_in(&store.tmp())?
            .keep()
            .map_err(|e| at(FileAction::Create, &store.tmp())(e.error))?;
        let spool =
            Box::new(Spool { file, path, header: None, had: 0, tmp: store.tmp(), _lock: None });
        let mut transfer = Self::passing();
        transfer.spool = Some(spool);
        Ok(transfer)
    }

    /// Opens a transfer whose bytes are hashed and not kept.
    pub fn passing() -> Self {
        Self { spool: None, hasher: Sha256::new(), size: 0, total: None }
    }

    /// The range to ask for, after the bytes that are here.
    pub fn resume(&self) -> RangeRequest {
        // `had` counts only bytes with a readable file beside them.
        let Some(spool) = self.spool.as_ref().filter(|spool| spool.had > 0) else {
            return RangeRequest::whole();
        };
        let validator = spool.header.as_ref().and_then(|(_, header)| header.validator.clone());
        RangeRequest { from: spool.had, validator }
    }

    /// Compares the source's answer with the bytes that are here, before the first new byte.
    ///
    /// # Errors
    /// [`StoreError::Io`] where the spooled file cannot be written.
    pub fn begin(&mut self, download: &Download) -> Result<ResumeOutcome, StoreError> {
        self.total = download.total;
        let Some(spool) = &mut self.spool else {
            return Ok(if download.start == 0 {
                ResumeOutcome::Whole
            } else {
                ResumeOutcome::Mismatch
            });
        };
        if download.start == 0 {
            spool.restart(download)?;
            return Ok(ResumeOutcome::Whole);
        }
        if spool.is_continued_by(download) {
            return Ok(ResumeOutcome::Resumed(spool.had));
        }
        spool.clear()?;
        Ok(ResumeOutcome::Mismatch)
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

    /// Hashes and keeps the next bytes.
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
        if spool.header.is_none() || self.size == 0 && spool.had == 0 {
            spool.remove();
        }
    }
}

impl Spool {
    /// Whether an answer continues the bytes that are here: same start, validator and total.
    fn is_continued_by(&self, download: &Download) -> bool {
        let Some((_, header)) = &self.header else { return false };
        let agree = |a: Option<u64>, b: Option<u64>| a.is_none() || b.is_none() || a == b;
        let same = match (&header.validator, &download.validator) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        };
        let fits = download.total.is_none_or(|total| self.had <= total);
        download.start == self.had && fits && same && agree(header.total, download.total)
    }

    /// Discards the bytes that are here and notes which bytes come now.
    fn restart(&mut self, download: &Download) -> Result<(), StoreError> {
        self.clear()?;
        if let Some((json, header)) = &mut self.header {
            header.validator = download.validator.clone();
            header.total = download.total;
            let bytes = serde_json::to_vec(&header).unwrap_or_default();
            replace_lazily(&self.tmp, json, &bytes)?;
        }
        Ok(())
    }

    fn clear(&mut self) -> Result<(), StoreError> {
        // The file beside goes first: bytes without it are never resumed.
        if let Some((json, _)) = &self.header {
            absent(fs::remove_file(json)).map_err(at(FileAction::Remove, json))?;
        }
        self.had = 0;
        self.file.set_len(0).map_err(at(FileAction::Write, &self.path))?;
        self.file.rewind().map_err(at(FileAction::Write, &self.path))
    }

    /// Removes the files. What cannot be removed is removed by the next attempt.
    fn remove(&self) {
        if let Some((json, _)) = &self.header {
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

/// The release as a partial transfer names it.
pub(super) fn release_key(release: &Release) -> String {
    let Release { authority, binary, slot, platform } = release;
    format!("{authority}/{binary}/{slot}/{platform}")
}

/// The file beside a partial transfer; `None` where it is missing, or cannot be understood.
pub(super) fn read_header(json: &Path) -> Result<Option<PartialHeader>, StoreError> {
    let bytes = read_document(json)?;
    let header: Option<PartialHeader> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    Ok(header.filter(|header| header.schema == SCHEMA))
}
