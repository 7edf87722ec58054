//! [`ArchiveLayer`]: what an archive is as a layer of an image.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::{Component, Path},
};

use loom_source::{ArchiveFormat, Digest};
use sha2::{Digest as _, Sha256};

/// The largest archive after decompression, in bytes.
const LARGEST: u64 = 16 * 1024 * 1024 * 1024;

/// What an archive is as a layer of an image.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ArchiveLayer {
    /// The digest of the tar archive without its compression.
    pub(super) diff_id: Digest,
    /// The first folder of the first entry; `None` where that is in no folder.
    pub(super) top_folder: Option<String>,
}

impl ArchiveLayer {
    /// Reads the archive at `path`.
    ///
    /// # Errors
    /// Whatever the operating system reports, and where the file is no tar archive of this format.
    pub(super) fn read(path: &Path, format: ArchiveFormat) -> io::Result<Self> {
        let file = BufReader::new(File::open(path)?);
        match format {
            ArchiveFormat::TarGz => Self::of(flate2::bufread::MultiGzDecoder::new(file)),
            ArchiveFormat::TarZst => Self::of(zstd::Decoder::with_buffer(file)?),
            ArchiveFormat::Zip => {
                Err(io::Error::new(io::ErrorKind::InvalidInput, "a zip archive is no layer"))
            }
        }
    }

    /// Reads a tar archive.
    pub(super) fn of(tar: impl Read) -> io::Result<Self> {
        let mut hashed = HashedReader { reader: tar.take(LARGEST), hasher: Sha256::new() };
        let mut archive = tar::Archive::new(&mut hashed);
        let mut top_folder = None;
        for entry in archive.entries()? {
            let entry = entry?;
            let kind = entry.header().entry_type();
            let path = entry.path()?;
            // `./` is the root itself; a header for all entries is none of them.
            let is_below = path.components().any(|part| matches!(part, Component::Normal(_)));
            if is_below && !kind.is_pax_global_extensions() {
                top_folder = first_folder(&path, kind.is_dir());
                break;
            }
        }
        // What comes after the end of the archive belongs to the layer, too.
        io::copy(&mut hashed, &mut io::sink())?;
        if hashed.reader.limit() == 0 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("it unpacks to more than {LARGEST} bytes"),
            ));
        }
        Ok(Self { diff_id: Digest::from_hasher(hashed.hasher), top_folder })
    }
}

/// The first folder of a path.
fn first_folder(path: &Path, is_folder: bool) -> Option<String> {
    let names = path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_str()),
        _ => None,
    });
    let names: Vec<Option<&str>> = names.take(2).collect();
    match names.as_slice() {
        [Some(folder), _] => Some((*folder).to_owned()),
        [Some(folder)] if is_folder => Some((*folder).to_owned()),
        _ => None,
    }
}

/// A reader that hashes what is read.
struct HashedReader<R> {
    reader: R,
    hasher: Sha256,
}

impl<R: Read> Read for HashedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tar_of(names: &[&str]) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        for name in names {
            let mut header = tar::Header::new_ustar();
            header.set_size(3);
            header.set_cksum();
            tar.append_data(&mut header, name, &b"abc"[..]).unwrap();
        }
        tar.into_inner().unwrap()
    }

    #[test]
    fn a_layer_has_the_digest_of_the_whole_tar() {
        let tar = tar_of(&["loom-0.2.0/bin/loom", "loom-0.2.0/README"]);
        let layer = ArchiveLayer::of(tar.as_slice()).unwrap();
        assert_eq!(layer.diff_id, Digest::of(&tar));
        assert_eq!(layer.top_folder.as_deref(), Some("loom-0.2.0"));
        let layer = ArchiveLayer::of(tar_of(&["loom"]).as_slice()).unwrap();
        assert_eq!(layer.top_folder, None);
    }

    #[test]
    fn compressed_archives_have_the_same_layer() {
        let tar = tar_of(&["./loom"]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        io::Write::write_all(&mut gzip, &tar).unwrap();
        std::fs::write(&path, gzip.finish().unwrap()).unwrap();
        let gz = ArchiveLayer::read(&path, ArchiveFormat::TarGz).unwrap();
        assert!(ArchiveLayer::read(&path, ArchiveFormat::TarZst).is_err());
        std::fs::write(&path, zstd::encode_all(tar.as_slice(), 1).unwrap()).unwrap();
        let zst = ArchiveLayer::read(&path, ArchiveFormat::TarZst).unwrap();
        assert_eq!((gz.diff_id, zst.diff_id), (Digest::of(&tar), Digest::of(&tar)));
        assert!(ArchiveLayer::read(&path, ArchiveFormat::Zip).is_err());
    }
}
