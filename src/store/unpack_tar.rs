//! A plain tar stream into a staged tree.

use std::io::{self, Read};

use loom_source::ArchiveFormat;
use tar::{EntryType, Header};

use super::staged::{Staged, UnpackError};

/// Zeros that may follow the end mark: GNU tar fills up 10 KiB, some writers more.
const PADDING: u64 = 1 << 20;

/// The longest name that is read before the rules are applied; a header could promise gigabytes.
const NAME: u64 = 64 * 1024;

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
        for entry in archive.entries().map_err(UnpackError::Read)? {
            self.take(entry.map_err(UnpackError::Read)?, packed)?;
        }
        end(archive.into_inner())?;
        let stripped = self.strip(strip)?;
        self.check_lengths()?;
        self.unpacked = Some((Some(format), stripped));
        Ok(())
    }

    fn take(
        &mut self,
        mut entry: tar::Entry<'_, impl Read>,
        packed: &dyn Fn() -> u64,
    ) -> Result<(), UnpackError> {
        let path = text(&entry.path_bytes())?;
        let refuse = |why| UnpackError::Entry { path: path.clone(), why };
        let kind = entry.header().entry_type();
        if kind == EntryType::XGlobalHeader {
            return Ok(());
        }
        if is_sparse(&mut entry).map_err(UnpackError::Read)? {
            return Err(refuse("it is sparse"));
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
                let allowed = || Self::check_ratio(before, packed(), &limits);
                let measured = self.add_file(plain(&path), executable, entry, &allowed)?;
                Self::check_ratio(self.bytes(), packed(), &limits)?;
                if measured.size == expected { Ok(()) } else { Err(UnpackError::Truncated) }
            }
            EntryType::Directory => self.folder_entry(&path),
            EntryType::Symlink => {
                let target = target(&entry).ok_or_else(|| refuse("the link has no target"))??;
                self.add_link(plain(&path), target)
            }
            EntryType::Link => {
                let target = target(&entry).ok_or_else(|| refuse("the link has no target"))??;
                self.add_copy(plain(&path), plain(&target))
            }
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

fn text(bytes: &[u8]) -> Result<String, UnpackError> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    if bytes.len() as u64 > NAME {
        return Err(UnpackError::Limit { what: "bytes in a path", limit: NAME });
    }
    Ok(text)
}

fn target(entry: &tar::Entry<'_, impl Read>) -> Option<Result<String, UnpackError>> {
    entry.link_name_bytes().map(|bytes| text(&bytes))
}

/// Only the owner's bit counts; setuid and the like are dropped with all other bits.
fn is_executable(header: &Header) -> io::Result<bool> {
    Ok(header.mode()? & 0o100 != 0)
}

fn is_sparse(entry: &mut tar::Entry<'_, impl Read>) -> io::Result<bool> {
    if entry.header().entry_type() == EntryType::GNUSparse {
        return Ok(true);
    }
    let Some(extensions) = entry.pax_extensions()? else { return Ok(false) };
    for extension in extensions {
        if extension?.key_bytes().starts_with(b"GNU.sparse.") {
            return Ok(true);
        }
    }
    Ok(false)
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
