//! Unpacks a tar stream into a staged tree.

use std::io::{self, Read};

use loom_source::ArchiveFormat;
use tar::{EntryType, Header};

use super::{
    Staged, UnpackError,
    limits::{Packed, check_path},
};

/// The number of bytes in a block. The end mark is two blocks of zeros; one is accepted, too.
const BLOCK: u64 = 512;

/// The number of zeros that may follow the end mark: GNU tar fills up to 10 KiB, some writers more.
const PADDING: u64 = 1 << 20;

/// The maximum length of an extended header, whose stated length may be gigabytes.
const EXTENDED: u64 = 64 * 1024;

impl Staged {
    /// Unpacks a tar stream that is decompressed already.
    ///
    /// `strip` says whether the single top folder is dropped; with `None` it is dropped where all paths are below it.
    /// `packed` returns the number of packed bytes read so far, for the limit on the ratio.
    ///
    /// # Errors
    /// [`UnpackError`] for a broken or forbidden archive, or one that exceeds a limit. The staged tree is then unusable.
    pub fn unpack_tar(
        &mut self,
        tar: impl Read,
        format: ArchiveFormat,
        strip: Option<bool>,
        packed: &dyn Fn() -> u64,
    ) -> Result<(), UnpackError> {
        let mut archive = tar::Archive::new(ZeroCounter { inner: tar, zeros: 0 });
        let mut extended = Extended::default();
        let packed: Packed<'_> = Some(packed);
        // Raw, because the parser would read an extended name into memory whatever its stated length.
        for entry in archive.entries().map_err(UnpackError::Read)?.raw(true) {
            let mut entry = entry.map_err(UnpackError::Read)?;
            // Data that is not part of a file is skipped, which costs time, or kept in memory.
            if !is_file(&entry) {
                self.count(entry.size(), packed)?;
            }
            if !extended.read(&mut entry)? {
                self.add_entry(entry, std::mem::take(&mut extended), packed)?;
            }
        }
        end(archive.into_inner())?;
        let stripped = self.strip(strip)?;
        self.check_lengths()?;
        self.unpacked = Some((Some(format), stripped));
        Ok(())
    }

    fn add_entry(
        &mut self,
        entry: tar::Entry<'_, impl Read>,
        extended: Extended,
        packed: Packed<'_>,
    ) -> Result<(), UnpackError> {
        let path = text(&extended.path.unwrap_or_else(|| entry.path_bytes().into_owned()));
        let refuse = |why| UnpackError::Entry { path: path.clone(), why };
        let target = extended.target.or_else(|| entry.link_name_bytes().map(|t| t.into_owned()));
        let target = || target.as_deref().map(text).ok_or_else(|| refuse("the link has no target"));
        let kind = entry.header().entry_type();
        if extended.sparse || kind == EntryType::GNUSparse {
            return Err(refuse("it is sparse"));
        }
        if extended.size.is_some_and(|size| size != entry.size()) {
            return Err(refuse("it has two sizes"));
        }
        match kind {
            EntryType::Regular | EntryType::Continuous if path.ends_with('/') => {
                Err(refuse("a file's name ends with a slash"))
            }
            EntryType::Regular | EntryType::Continuous => {
                let executable = is_executable(entry.header()).map_err(UnpackError::Read)?;
                let expected = entry.size();
                self.check_room(expected)?;
                let measured = self.add_file(plain(&path), executable, entry, packed)?;
                if measured.size == expected { Ok(()) } else { Err(UnpackError::Truncated) }
            }
            EntryType::Directory => self.folder_entry(&path),
            EntryType::Symlink => self.add_link(plain(&path), target()?, packed),
            EntryType::Link => self.add_copy(plain(&path), plain(&target()?), packed),
            EntryType::Char | EntryType::Block => Err(refuse("it is a device")),
            EntryType::Fifo => Err(refuse("it is a pipe")),
            _ => Err(refuse("it is of an unknown kind")),
        }
    }

    /// Checks a folder entry. Folders are made with the files in them; empty folders are dropped.
    pub(super) fn folder_entry(&mut self, path: &str) -> Result<(), UnpackError> {
        let folder = plain(path).trim_end_matches('/');
        if folder.is_empty() || folder == "." {
            return Ok(());
        }
        check_path(folder)?;
        self.check_paths()?;
        Ok(self.paths.folder(folder)?)
    }
}

/// Whether the data of an entry is the content of a file.
fn is_file(entry: &tar::Entry<'_, impl Read>) -> bool {
    matches!(entry.header().entry_type(), EntryType::Regular | EntryType::Continuous)
}

/// Removes one leading `./`, which `tar c .` writes.
fn plain(path: &str) -> &str {
    path.strip_prefix("./").unwrap_or(path)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Data about the next entry from the extended headers before it: GNU long names and pax headers.
#[derive(Default)]
struct Extended {
    path: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
    size: Option<u64>,
    sparse: bool,
}

impl Extended {
    /// Reads an extended header; returns `false` for any other entry.
    fn read(&mut self, entry: &mut tar::Entry<'_, impl Read>) -> Result<bool, UnpackError> {
        match entry.header().entry_type() {
            EntryType::GNULongName => self.path = Some(name(entry)?),
            EntryType::GNULongLink => self.target = Some(name(entry)?),
            EntryType::XHeader => self.pax(&bounded(entry)?)?,
            EntryType::XGlobalHeader => drop(bounded(entry)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn pax(&mut self, header: &[u8]) -> Result<(), UnpackError> {
        for extension in tar::PaxExtensions::new(header) {
            let extension = extension.map_err(UnpackError::Read)?;
            let value = extension.value_bytes().to_vec();
            match extension.key_bytes() {
                b"path" => self.path = Some(value),
                b"linkpath" => self.target = Some(value),
                b"size" => self.size = Some(text(&value).parse().unwrap_or(u64::MAX)),
                key if key.starts_with(b"GNU.sparse.") => self.sparse = true,
                _ => {}
            }
        }
        Ok(())
    }
}

/// A GNU long name without the zero byte at its end.
fn name(entry: &mut tar::Entry<'_, impl Read>) -> Result<Vec<u8>, UnpackError> {
    let mut name = bounded(entry)?;
    if name.last() == Some(&0) {
        name.pop();
    }
    Ok(name)
}

/// The content of an extended header.
fn bounded(entry: &mut tar::Entry<'_, impl Read>) -> Result<Vec<u8>, UnpackError> {
    if entry.size() > EXTENDED {
        return Err(UnpackError::Limit { what: "bytes in an extended header", limit: EXTENDED });
    }
    let mut bytes = vec![];
    entry.read_to_end(&mut bytes).map_err(UnpackError::Read)?;
    Ok(bytes)
}

/// Whether the owner's execute bit is set. All other bits, set-user-id included, are dropped.
fn is_executable(header: &Header) -> io::Result<bool> {
    Ok(header.mode()? & 0o100 != 0)
}

/// Checks the end of the archive: at least one block of zeros, and nothing but zeros.
fn end(mut rest: ZeroCounter<impl Read>) -> Result<(), UnpackError> {
    let marked = rest.zeros >= BLOCK;
    // The parser stops after the first block of the end mark.
    let most = BLOCK + PADDING;
    let (mut buffer, mut padding) = ([0; 8192], 0);
    loop {
        match rest.inner.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => {
                padding += n as u64;
                if padding > most || buffer[..n].iter().any(|b| *b != 0) {
                    return Err(UnpackError::Trailing("after"));
                }
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(UnpackError::Read(e)),
        }
    }
    if marked { Ok(()) } else { Err(UnpackError::Truncated) }
}

/// Counts the zeros at the end of what was read so far, because the parser does not distinguish an end mark from an
/// early end.
struct ZeroCounter<R> {
    inner: R,
    zeros: u64,
}

impl<R: Read> Read for ZeroCounter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        match buffer[..n].iter().rposition(|b| *b != 0) {
            Some(at) => self.zeros = (n - at - 1) as u64,
            None => self.zeros += n as u64,
        }
        Ok(n)
    }
}
