//! Bytes on their way here, and all of them.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use loom_source::{AssetRef, Digest, Download, RangeRequest, Validator};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    Lock, Store, StoreError,
    durable::{replace_lazily, tempfile_in},
    error::{Act, absent, at},
    locks,
    staged::BUFFER,
};

/// What lies beside a partial download: what its bytes are bound to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct PartialHeader {
    schema: String,
    source: String,
    pointer: AssetRef,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    validator: Option<Validator>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
}

const SCHEMA: &str = "loom-partial 1";

/// A transfer: what has arrived so far, hashed, and kept for resuming where the source can.
///
/// Dropped without [`finish`](Self::finish), what has arrived stays for the next attempt.
#[derive(Debug)]
pub struct Partial {
    spool: Option<Box<Spool>>,
    hasher: Sha256,
    size: u64,
    total: Option<u64>,
}

#[derive(Debug)]
struct Spool {
    file: File,
    path: PathBuf,
    /// Where what it is bound to is written; `None`: a file that nobody can resume.
    bound: Option<(PathBuf, PartialHeader)>,
    had: u64,
    tmp: PathBuf,
    // Released last, when the files have been dealt with.
    _lock: Option<Lock>,
}

/// How the source's answer fits what is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// From the first byte; what was here is discarded.
    Whole,
    /// So many bytes are here and go first: [`Partial::replay`] them.
    Resumed(u64),
    /// The answer does not continue what is here, which has been discarded: ask again from the first byte.
    Other,
}

/// All the bytes of a transfer, hashed. Only [`Partial::finish`] makes one.
///
/// Dropped, the spooled file is removed; [`Checked::keep_archive`](super::Checked::keep_archive) makes it an object.
#[derive(Debug)]
pub struct Received {
    digest: Digest,
    size: u64,
    resumed: bool,
    spool: Option<Box<Spool>>,
}

impl Partial {
    /// A transfer that can be resumed: kept in `partial/`, named by its source and pointer, locked while in use.
    ///
    /// If somebody else has it in use, the bytes are spooled where nobody can resume them.
    pub fn open(store: &Store, source: &str, pointer: &AssetRef) -> Result<Self, StoreError> {
        store.prepare()?;
        let key = Digest::of(format!("{source}\n{pointer}").as_bytes());
        let path = store.root.join(format!("partial/{key}"));
        let lock = store.root.join(format!("locks/partial@{key}"));
        let held = locks::open(&lock)?;
        if !locks::tried(&lock, held.try_lock())? {
            return Self::spooled(store);
        }
        let folder = store.root.join("partial");
        fs::create_dir_all(&folder).map_err(at(Act::Create, &folder))?;
        let mut options = fs::OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(at(Act::Create, &path))?;
        let here = file.metadata().map_err(at(Act::Read, &path))?.len();
        let json = path.with_extension("json");
        let fresh = PartialHeader {
            schema: SCHEMA.into(),
            source: source.to_owned(),
            pointer: pointer.clone(),
            validator: None,
            total: None,
        };
        let old = read_bound(&json)?.filter(|b| b.source == source && b.pointer == *pointer);
        let had = if old.is_some() { here } else { 0 };
        let bound = Some((json, old.unwrap_or(fresh)));
        let spool = Box::new(Spool {
            file,
            path,
            bound,
            had,
            tmp: store.tmp(),
            _lock: Some(Lock::of(held)),
        });
        Ok(Self { spool: Some(spool), hasher: Sha256::new(), size: 0, total: None })
    }

    /// A transfer that cannot be resumed but whose bytes are needed as a file (zip).
    pub fn spooled(store: &Store) -> Result<Self, StoreError> {
        store.prepare()?;
        let (file, path) = tempfile_in(&store.tmp())?
            .keep()
            .map_err(|e| at(Act::Create, &store.tmp())(e.error))?;
        let spool =
            Box::new(Spool { file, path, bound: None, had: 0, tmp: store.tmp(), _lock: None });
        let mut transfer = Self::passing();
        transfer.spool = Some(spool);
        Ok(transfer)
    }

    /// A transfer whose bytes are only hashed on their way through.
    pub fn passing() -> Self {
        Self { spool: None, hasher: Sha256::new(), size: 0, total: None }
    }

    /// Where to begin, by what is here.
    pub fn resume(&self) -> RangeRequest {
        // `had` counts only what something binds.
        let Some(spool) = self.spool.as_ref().filter(|spool| spool.had > 0) else {
            return RangeRequest::whole();
        };
        let validator = spool.bound.as_ref().and_then(|(_, bound)| bound.validator.clone());
        RangeRequest { from: spool.had, validator }
    }

    /// Takes note of the source's answer before its first byte.
    pub fn begin(&mut self, opened: &Download) -> Result<Begun, StoreError> {
        self.total = opened.total;
        let Some(spool) = &mut self.spool else {
            return Ok(if opened.start == 0 { Begun::Whole } else { Begun::Other });
        };
        if opened.start == 0 {
            spool.restart(opened)?;
            return Ok(Begun::Whole);
        }
        if spool.continues(opened) {
            return Ok(Begun::Resumed(spool.had));
        }
        spool.clear()?;
        Ok(Begun::Other)
    }

    /// Reads what is here through the hash and hands it on, as if it arrived now.
    pub fn replay(
        &mut self,
        mut to: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<(), StoreError> {
        let Some(spool) = &mut self.spool else { return Ok(()) };
        spool.file.rewind().map_err(at(Act::Read, &spool.path))?;
        let (mut buffer, mut left) = (vec![0; BUFFER], spool.had);
        while left > 0 {
            let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let n = spool.file.read(&mut buffer[..most]).map_err(at(Act::Read, &spool.path))?;
            if n == 0 {
                return Err(at(Act::Read, &spool.path)(io::ErrorKind::UnexpectedEof.into()));
            }
            self.hasher.update(&buffer[..n]);
            to(&buffer[..n]).map_err(at(Act::Read, &spool.path))?;
            left -= n as u64;
        }
        self.size = spool.had;
        Ok(())
    }

    /// Takes in the next bytes.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.hasher.update(bytes);
        if let Some(spool) = &mut self.spool {
            spool.file.write_all(bytes).map_err(at(Act::Write, &spool.path))?;
        }
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// How many bytes are here, those of earlier attempts included.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The size of the whole, where the source told it.
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// Everything has arrived.
    pub fn finish(mut self) -> Received {
        let (spool, hasher, size) =
            (self.spool.take(), std::mem::take(&mut self.hasher), self.size);
        let resumed = spool.as_ref().is_some_and(|spool| spool.had > 0);
        Received { digest: Digest::from_hasher(hasher), size, resumed, spool }
    }

    /// Removes what has arrived: it is wrong.
    pub fn discard(self) {
        if let Some(spool) = &self.spool {
            spool.remove();
        }
    }
}

impl Drop for Partial {
    /// What nobody can resume goes, and so does what holds nothing.
    fn drop(&mut self) {
        let Some(spool) = &self.spool else { return };
        if spool.bound.is_none() || self.size == 0 && spool.had == 0 {
            spool.remove();
        }
    }
}

impl Spool {
    fn continues(&self, opened: &Download) -> bool {
        let Some((_, bound)) = &self.bound else { return false };
        let agree = |a: Option<u64>, b: Option<u64>| a.is_none() || b.is_none() || a == b;
        let same = match (&bound.validator, &opened.validator) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        };
        let fits = opened.total.is_none_or(|total| self.had <= total);
        opened.start == self.had && fits && same && agree(bound.total, opened.total)
    }

    fn restart(&mut self, opened: &Download) -> Result<(), StoreError> {
        self.clear()?;
        if let Some((json, bound)) = &mut self.bound {
            bound.validator = opened.validator.clone();
            bound.total = opened.total;
            let bytes = serde_json::to_vec(&bound).unwrap_or_default();
            replace_lazily(&self.tmp, json, &bytes)?;
        }
        Ok(())
    }

    fn clear(&mut self) -> Result<(), StoreError> {
        // What it was bound to goes first: bytes without it are never resumed.
        if let Some((json, _)) = &self.bound {
            absent(fs::remove_file(json)).map_err(at(Act::Remove, json))?;
        }
        self.had = 0;
        self.file.set_len(0).map_err(at(Act::Write, &self.path))?;
        self.file.rewind().map_err(at(Act::Write, &self.path))
    }

    /// What cannot be removed is removed by the next attempt.
    fn remove(&self) {
        if let Some((json, _)) = &self.bound {
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

    /// Their number.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Whether a part came from an earlier attempt: then a wrong digest blames nobody.
    pub fn resumed(&self) -> bool {
        self.resumed
    }

    /// The bytes as a file, from the first one; `None` where they only passed through.
    pub fn open(&self) -> Result<Option<File>, StoreError> {
        let Some(spool) = &self.spool else { return Ok(None) };
        let mut file = File::open(&spool.path).map_err(at(Act::Read, &spool.path))?;
        file.seek(SeekFrom::Start(0)).map_err(at(Act::Read, &spool.path))?;
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

fn read_bound(json: &Path) -> Result<Option<PartialHeader>, StoreError> {
    let bytes = absent(fs::read(json)).map_err(at(Act::Read, json))?;
    let bound: Option<PartialHeader> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    Ok(bound.filter(|bound| bound.schema == SCHEMA))
}
