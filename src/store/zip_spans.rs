//! Checks that every byte of a zip file belongs to the archive: the entries without gaps, then the directory, then the
//! end record. Otherwise a reader that begins at the first entry could see another archive than one that begins at the
//! directory.

use std::io::{self, Read, Seek, SeekFrom};

use zip::ZipArchive;

use super::UnpackError;

const CENTRAL_HEADER: &[u8] = b"PK\x01\x02";
const DESCRIPTOR: &[u8] = b"PK\x07\x08";
const ZIP64_LOCATOR: &[u8] = b"PK\x06\x07";
const ZIP64_END: &[u8] = b"PK\x06\x06";

/// The flag of an entry whose sizes follow its data, in a data descriptor.
const HAS_DESCRIPTOR: u16 = 1 << 3;

/// The bytes of one entry.
struct EntrySpan {
    /// The offset of its local header.
    start: u64,
    /// The offset after its data.
    end: u64,
    /// The offset of its header in the directory.
    central: u64,
    crc: u32,
    packed: u64,
    size: u64,
    /// Whether a data descriptor follows the data.
    described: bool,
}

/// The spans of the entries of a zip file.
pub(super) struct ZipSpans(Vec<EntrySpan>);

impl ZipSpans {
    pub(super) fn of(archive: &mut ZipArchive<impl Read + Seek>) -> Result<Self, UnpackError> {
        let mut spans = Vec::new();
        for index in 0..archive.len() {
            let entry = archive.by_index_raw(index).map_err(UnpackError::Zip)?;
            let end = entry.data_start().and_then(|at| at.checked_add(entry.compressed_size()));
            spans.push(EntrySpan {
                start: entry.header_start(),
                end: end.ok_or(UnpackError::Truncated)?,
                central: entry.central_header_start(),
                crc: entry.crc32(),
                packed: entry.compressed_size(),
                size: entry.size(),
                described: false,
            });
        }
        Ok(Self(spans))
    }

    /// Checks that no byte before the end record, which is at offset `end_record`, lies outside of the archive.
    pub(super) fn check(
        mut self,
        zip: &mut (impl Read + Seek),
        end_record: u64,
    ) -> Result<(), UnpackError> {
        let directory = self.check_directory(zip, end_record)?;
        self.0.sort_by_key(|span| span.start);
        let ends = self.0.iter().skip(1).map(|span| span.start).chain([directory]);
        if self.0.first().is_some_and(|span| span.start != 0) {
            return Err(UnpackError::Trailing("before"));
        }
        for (span, next) in self.0.iter().zip(ends) {
            let length = next.checked_sub(span.end).ok_or(UnpackError::Truncated)?;
            if !span.is_followed_by(zip, length).map_err(UnpackError::Read)? {
                return Err(between());
            }
        }
        Ok(())
    }

    /// Checks that the directory holds its headers only; returns its offset.
    fn check_directory(
        &mut self,
        zip: &mut (impl Read + Seek),
        end_record: u64,
    ) -> Result<u64, UnpackError> {
        let end = directory_end(zip, end_record)?;
        self.0.sort_by_key(|span| span.central);
        let start = self.0.first().map_or(end, |span| span.central);
        let mut at = start;
        for span in &mut self.0 {
            let header: [u8; 46] = read_at(zip, span.central).map_err(UnpackError::Read)?;
            if span.central != at || !header.starts_with(CENTRAL_HEADER) {
                return Err(between());
            }
            let field = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
            span.described = field(8) & HAS_DESCRIPTOR != 0;
            let lengths = [28, 30, 32].map(|at| u64::from(field(at)));
            at = at.saturating_add(46 + lengths.iter().sum::<u64>());
        }
        if at == end { Ok(start) } else { Err(between()) }
    }
}

impl EntrySpan {
    /// Whether the `length` bytes after the data are the data descriptor of the entry, or none where it has none.
    fn is_followed_by(&self, zip: &mut (impl Read + Seek), length: u64) -> io::Result<bool> {
        if !self.described || length > 24 {
            return Ok(length == 0);
        }
        let mut bytes = Vec::new();
        zip.seek(SeekFrom::Start(self.end))?;
        zip.take(length).read_to_end(&mut bytes)?;
        let rest = bytes.strip_prefix(DESCRIPTOR).unwrap_or(&bytes);
        // The signature is optional, and could be the checksum.
        Ok(self.is_described_by(&bytes) || self.is_described_by(rest))
    }

    /// Whether these are the fields of the data descriptor: the sizes have 4 bytes, or 8 with ZIP64.
    fn is_described_by(&self, fields: &[u8]) -> bool {
        let Some((crc, sizes)) = fields.split_first_chunk::<4>() else { return false };
        let (packed, size) = sizes.split_at(sizes.len() / 2);
        matches!(sizes.len(), 8 | 16)
            && u32::from_le_bytes(*crc) == self.crc
            && number(packed) == self.packed
            && number(size) == self.size
    }
}

fn between() -> UnpackError {
    UnpackError::Trailing("between the entries of")
}

/// The offset after the directory: that of the ZIP64 end record, if there is one, else that of the end record.
fn directory_end(zip: &mut (impl Read + Seek), end_record: u64) -> Result<u64, UnpackError> {
    let Some(locator_at) = end_record.checked_sub(20) else { return Ok(end_record) };
    let locator: [u8; 20] = read_at(zip, locator_at).map_err(UnpackError::Read)?;
    if !locator.starts_with(ZIP64_LOCATOR) {
        return Ok(end_record);
    }
    let at = number(&locator[8..16]);
    let record: [u8; 12] = read_at(zip, at).map_err(UnpackError::Read)?;
    let length = number(&record[4..12]);
    let abuts = at.checked_add(12).and_then(|at| at.checked_add(length)) == Some(locator_at);
    if record.starts_with(ZIP64_END) && abuts { Ok(at) } else { Err(between()) }
}

/// A number in little-endian order, of at most 8 bytes.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn read_at<const N: usize>(zip: &mut (impl Read + Seek), at: u64) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    zip.seek(SeekFrom::Start(at))?;
    zip.read_exact(&mut bytes)?;
    Ok(bytes)
}
