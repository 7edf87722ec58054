//! [`TarIndex`]: where the files of a tar archive are.

use std::{
    collections::HashMap,
    io::{self, Read, Seek, SeekFrom},
};

/// The size of a header, and what all files are padded to, in bytes.
const BLOCK: u64 = 512;

/// The largest number of entries of an archive.
const MAX_ENTRIES: usize = 100_000;

/// The offset and length of each regular file of an archive, in bytes.
#[derive(Debug, Default)]
pub(super) struct TarIndex(HashMap<String, (u64, u64)>);

impl TarIndex {
    /// Reads the headers of an archive of `size` bytes. Only regular files with short names count: a layout has no others.
    ///
    /// # Errors
    /// With the kind `InvalidData` where the file is no tar archive or ends too early, and whatever the operating system
    /// reports.
    pub(super) fn read(mut archive: impl Read + Seek, size: u64) -> io::Result<Self> {
        let mut files = HashMap::new();
        let mut at = 0;
        for _ in 0..MAX_ENTRIES {
            // An archive ends with zeros; some programs leave them out.
            if at == size {
                return Ok(Self(files));
            }
            let mut block = [0; BLOCK as usize];
            archive.seek(SeekFrom::Start(at))?;
            archive.read_exact(&mut block).map_err(|_| invalid("the archive ends in a header"))?;
            if block.iter().all(|byte| *byte == 0) {
                return Ok(Self(files));
            }
            let header = tar::Header::from_byte_slice(&block);
            check_sum(header, &block)?;
            let length = header.entry_size().map_err(|_| invalid("a size is no number"))?;
            let start = at + BLOCK;
            let padded = length.checked_next_multiple_of(BLOCK);
            let end = padded.and_then(|padded| start.checked_add(padded));
            // The padding of the last file may be left out.
            let end = end.filter(|end| *end <= size.next_multiple_of(BLOCK));
            at = end.ok_or_else(|| invalid("the archive ends in a file"))?.min(size);
            if header.entry_type().is_file()
                && let Ok(name) = std::str::from_utf8(&header.path_bytes())
            {
                files.insert(name.trim_start_matches("./").to_owned(), (start, length));
            }
        }
        Err(invalid("the archive has too many entries"))
    }

    /// The offset and length of each file.
    #[cfg(feature = "fuzzing")]
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, (u64, u64))> {
        self.0.iter().map(|(path, span)| (path.as_str(), *span))
    }

    /// The offset and length of a file.
    pub(super) fn span(&self, path: &str) -> Option<(u64, u64)> {
        self.0.get(path).copied()
    }
}

/// Compares the checksum of a header: anything can be read as numbers.
fn check_sum(header: &tar::Header, block: &[u8]) -> io::Result<()> {
    let stated = header.cksum().map_err(|_| invalid("it is no tar archive"))?;
    // The checksum itself counts as eight spaces.
    let blank = |at: usize, byte: u8| if (148..156).contains(&at) { b' ' } else { byte };
    let sum: u32 = block.iter().enumerate().map(|(at, byte)| u32::from(blank(at, *byte))).sum();
    if sum == stated { Ok(()) } else { Err(invalid("it is no tar archive")) }
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn indexed(bytes: &[u8]) -> io::Result<TarIndex> {
        let mut file = tempfile::tempfile()?;
        file.write_all(bytes)?;
        TarIndex::read(&file, bytes.len() as u64)
    }

    fn archive() -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        for (name, bytes) in [("./oci-layout", &b"{}"[..]), ("blobs/sha256/00", &[7; 600])] {
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_cksum();
            archive.append_data(&mut header, name, bytes).unwrap();
        }
        archive.into_inner().unwrap()
    }

    #[test]
    fn files_are_found_by_their_paths() {
        let bytes = archive();
        let index = indexed(&bytes).unwrap();
        assert_eq!(index.span("oci-layout"), Some((512, 2)));
        assert_eq!(index.span("blobs/sha256/00"), Some((1536, 600)));
        assert_eq!(index.span("index.json"), None);
        // Without the zeros at the end, and without the padding of the last file.
        for end in [2560, 1536 + 600] {
            assert_eq!(indexed(&bytes[..end]).unwrap().span("blobs/sha256/00"), Some((1536, 600)));
        }
    }

    #[test]
    fn other_files_are_refused() {
        let bytes = archive();
        for bad in [&bytes[..100], &bytes[..1600], &[1; 1024], &bytes[1..]] {
            assert_eq!(indexed(bad).unwrap_err().kind(), io::ErrorKind::InvalidData);
        }
        assert!(indexed(b"").unwrap().0.is_empty());
    }
}
