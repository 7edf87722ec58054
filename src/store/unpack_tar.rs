//! A plain tar stream into a staged tree.

use std::io::{self, Read};

use loom_source::ArchiveFormat;
use tar::{EntryType, Header};

use super::{Staged, UnpackError};

/// Zeros that may follow the end mark: GNU tar fills up 10 KiB, some writers more.
const PADDING: u64 = 1 << 20;

/// The longest extended header; one could promise gigabytes.
const EXTENDED: u64 = 64 * 1024;

impl Staged {
    /// Unpacks a tar stream, already inflated.
    ///
    /// `strip` says whether the single top folder is dropped; `None`: if that is all there is.
    /// `packed` answers how many packed bytes have been read so far, for the limit on the ratio.
    /// After an error the staged tree is good for nothing but dropping.
    pub fn unpack_tar(
        &mut self,
        tar: impl Read,
        format: ArchiveFormat,
        strip: Option<bool>,
        packed: &dyn Fn() -> u64,
    ) -> Result<(), UnpackError> {
        let mut archive = tar::Archive::new(Tail { inner: tar, zeros: 0 });
        let mut extended = Extended::default();
        // Raw: the parser would read an extended name into memory however long it says it is.
        for entry in archive.entries().map_err(UnpackError::Read)?.raw(true) {
            let mut entry = entry.map_err(UnpackError::Read)?;
            if !extended.take_in(&mut entry)? {
                self.take(entry, std::mem::take(&mut extended), packed)?;
            }
        }
        end(archive.into_inner())?;
        let stripped = self.strip(strip)?;
        self.check_lengths()?;
        self.unpacked = Some((Some(format), stripped));
        Ok(())
    }

    fn take(
        &mut self,
        entry: tar::Entry<'_, impl Read>,
        extended: Extended,
        packed: &dyn Fn() -> u64,
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
                let (before, limits) = (self.bytes(), self.limits);
                let expected = entry.size();
                if before.saturating_add(expected) > limits.bytes {
                    return Err(UnpackError::Limit { what: "bytes", limit: limits.bytes });
                }
                let allowed = || limits.check_ratio(before, packed());
                let measured = self.add_file(plain(&path), executable, entry, &allowed)?;
                limits.check_ratio(self.bytes(), packed())?;
                if measured.size == expected { Ok(()) } else { Err(UnpackError::Truncated) }
            }
            EntryType::Directory => self.folder_entry(&path),
            EntryType::Symlink => self.add_link(plain(&path), target()?),
            EntryType::Link => self.add_copy(plain(&path), plain(&target()?)),
            EntryType::Char | EntryType::Block => Err(refuse("it is a device")),
            EntryType::Fifo => Err(refuse("it is a pipe")),
            _ => Err(refuse("it is of an unknown kind")),
        }
    }

    /// A folder is only looked at: empty ones are dropped, others come with their files.
    pub(super) fn folder_entry(&mut self, path: &str) -> Result<(), UnpackError> {
        let folder = plain(path).trim_end_matches('/');
        if folder.is_empty() || folder == "." {
            return Ok(());
        }
        super::path::check(folder)
            .map_err(|why| UnpackError::Entry { path: path.to_owned(), why })?;
        if self.paths.len() > 2 * self.limits.files {
            return Err(UnpackError::Limit { what: "files", limit: self.limits.files });
        }
        Ok(self.paths.folder(folder)?)
    }
}

/// `tar c .` writes `./name`: one leading `./` means nothing.
fn plain(path: &str) -> &str {
    path.strip_prefix("./").unwrap_or(path)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What the entries before an entry say of it: GNU long names, pax headers.
#[derive(Default)]
struct Extended {
    path: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
    size: Option<u64>,
    sparse: bool,
}

impl Extended {
    /// Whether this entry only speaks of the next one (or, globally, of nothing that matters here).
    fn take_in(&mut self, entry: &mut tar::Entry<'_, impl Read>) -> Result<bool, UnpackError> {
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

/// A long name ends with a zero byte, which is not part of it.
fn name(entry: &mut tar::Entry<'_, impl Read>) -> Result<Vec<u8>, UnpackError> {
    let mut name = bounded(entry)?;
    if name.last() == Some(&0) {
        name.pop();
    }
    Ok(name)
}

fn bounded(entry: &mut tar::Entry<'_, impl Read>) -> Result<Vec<u8>, UnpackError> {
    if entry.size() > EXTENDED {
        return Err(UnpackError::Limit { what: "bytes in an extended header", limit: EXTENDED });
    }
    let mut bytes = vec![];
    entry.read_to_end(&mut bytes).map_err(UnpackError::Read)?;
    Ok(bytes)
}

/// Only the owner's bit counts; setuid and the like are dropped with all other bits.
fn is_executable(header: &Header) -> io::Result<bool> {
    Ok(header.mode()? & 0o100 != 0)
}

/// After the last entry: at least one block of zeros, and nothing but zeros.
fn end(mut rest: Tail<impl Read>) -> Result<(), UnpackError> {
    let marked = rest.zeros >= 512;
    let (mut buffer, mut padding) = ([0; 8192], 0);
    loop {
        match rest.inner.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => {
                padding += n as u64;
                if padding > PADDING || buffer[..n].iter().any(|b| *b != 0) {
                    return Err(UnpackError::Trailing("after"));
                }
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(UnpackError::Read(e)),
        }
    }
    if marked { Ok(()) } else { Err(UnpackError::Truncated) }
}

/// Counts the zeros that the stream ended with so far: the parser does not tell an end mark from an early end.
struct Tail<R> {
    inner: R,
    zeros: u64,
}

impl<R: Read> Read for Tail<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        match buffer[..n].iter().rposition(|b| *b != 0) {
            Some(at) => self.zeros = (n - at - 1) as u64,
            None => self.zeros += n as u64,
        }
        Ok(n)
    }
}
