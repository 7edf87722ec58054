//! Reads parts of 64-bit little-endian ELF files.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
};

/// The largest table that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// Whether a file with this header is a 64-bit little-endian ELF file.
pub(super) fn is_elf(header: &[u8]) -> bool {
    header.starts_with(b"\x7fELF\x02\x01")
}

/// Up to `length` bytes at an offset; none where it is too many.
pub(super) fn read_at(file: &mut File, at: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if length <= LARGEST {
        file.seek(SeekFrom::Start(at))?;
        file.take(length).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// A little-endian number of this many bytes.
pub(super) fn number(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let digits = bytes.get(at..at.checked_add(length)?)?;
    Some(digits.iter().rev().fold(0, |number, digit| number << 8 | u64::from(*digit)))
}
