//! [`OpenBundle`]: the bytes of an open bundle, checked as they are read.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
    time::SystemTime,
};

use loom_base::bounded_file::RegularFile;
use loom_source::{Digest, SourceError};
use sha2::{Digest as _, Sha256};

use super::{
    file::BundleFile,
    manifest::{BundleManifest, MAX_MANIFEST, ManifestError},
    plan::{self, BundlePlan},
    signature::{self, MAX_SIGNATURE, ManifestSignatureError},
    tar_header::{BLOCK, TarHeader, padding},
};

/// The number of bytes that are copied at once.
const PIECE: u64 = 256 * 1024;

/// An open bundle. The manifest has been read and agrees with its signature, with its own header and with the size of
/// the bundle. Every other byte is checked when it is read.
///
/// Whether the key of the signature is one to trust is not decided here.
#[derive(Debug)]
pub struct OpenBundle {
    file: File,
    stamp: BundleStamp,
    manifest: BundleManifest,
    /// The bytes of the manifest, and those of its signature.
    pub(crate) own: Vec<u8>,
    pub(crate) signature: Option<Vec<u8>>,
    pub(crate) plan: BundlePlan,
}

/// What tells one state of a file from another without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleStamp {
    size: u64,
    modified: Option<SystemTime>,
    #[cfg(unix)]
    inode: (u64, u64),
}

/// Why a bundle cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The operating system reports an error.
    #[error("could not read the bundle")]
    Read(#[from] io::Error),
    /// The manifest is not one.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The signature is missing or wrong.
    #[error(transparent)]
    Signature(#[from] ManifestSignatureError),
    /// The bundle has another size than its files.
    #[error("expected a file of {expected} bytes, got {got}")]
    Size {
        /// The size that follows from the manifest.
        expected: u64,
        /// The size of the file.
        got: u64,
    },
    /// A header differs from the one that follows from the manifest.
    #[error("the tar header of {0} is not the one that bundle.json requires")]
    Header(String),
    /// Bytes that must be zero are not.
    #[error("the bytes after {0} are not zero")]
    Padding(String),
    /// A file differs from the manifest.
    #[error("expected the SHA-256 {expected}, which bundle.json states, got {got}")]
    Digest {
        /// The digest that the manifest states.
        expected: Digest,
        /// The digest of the bytes.
        got: Digest,
    },
}

impl BundleError {
    /// The error of a source, at the bundle or at a file in it.
    pub(crate) fn at(self, location: String) -> SourceError {
        match self {
            Self::Read(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
                SourceError::read(location, error)
            }
            error => SourceError::damaged(location, loom_base::error_chain(&error)),
        }
    }
}

impl BundleStamp {
    /// The stamp of the file at `path`.
    ///
    /// # Errors
    /// Whatever the operating system reports.
    pub fn of(path: &Path) -> io::Result<Self> {
        path.metadata().map(|metadata| Self::of_metadata(&metadata))
    }

    fn of_metadata(metadata: &std::fs::Metadata) -> Self {
        Self {
            size: metadata.len(),
            modified: metadata.modified().ok(),
            #[cfg(unix)]
            inode: {
                use std::os::unix::fs::MetadataExt as _;
                (metadata.dev(), metadata.ino())
            },
        }
    }
}

impl OpenBundle {
    /// Opens the bundle at `path`.
    ///
    /// # Errors
    /// Where the file cannot be read, or is not a bundle as it was written: see [`BundleError`].
    pub fn open(path: &Path) -> Result<Self, BundleError> {
        let opened = RegularFile::open(path)?;
        let stamp = BundleStamp::of_metadata(opened.metadata());
        let file = opened.file().try_clone()?;
        let header = TarHeader(block(&file, 0)?);
        let other = || BundleError::Header(BundleManifest::PATH.to_owned());
        let size = header.size(BundleManifest::PATH).ok_or_else(other)?;
        if size > MAX_MANIFEST {
            return Err(other());
        }
        let own = bytes(&file, BLOCK as u64, size)?;
        let manifest = BundleManifest::parse(&own)?;
        check_header(&header, &BundleManifest::own_file(size), manifest.time)?;
        zeros(&file, 0, &BundleManifest::own_file(size))?;
        let mut bundle = Self {
            plan: BundlePlan::of(&manifest, size, None),
            file,
            stamp,
            manifest,
            own,
            signature: None,
        };
        if let Some(signer) = bundle.manifest.signer.clone() {
            let signature = bundle.read_signature(plan::after(0, size))?;
            signature::check(&signer, &bundle.own, &signature)?;
            bundle.plan = BundlePlan::of(&bundle.manifest, size, Some(signature.len() as u64));
            bundle.signature = Some(signature);
        }
        let (expected, got) = (bundle.plan.size(), bundle.stamp.size);
        if expected != got {
            return Err(BundleError::Size { expected, got });
        }
        Ok(bundle)
    }

    fn read_signature(&self, at: u64) -> Result<Vec<u8>, BundleError> {
        let path = BundleManifest::SIGNATURE_PATH;
        let header = TarHeader(block(&self.file, at)?);
        let size = header.size(path).filter(|size| *size <= MAX_SIGNATURE);
        let size = size.ok_or_else(|| BundleError::Header(path.to_owned()))?;
        let file = BundleManifest::signature_file(size);
        check_header(&header, &file, self.manifest.time)?;
        zeros(&self.file, at, &file)?;
        Ok(bytes(&self.file, at + BLOCK as u64, size)?)
    }

    /// The list of the files.
    pub fn manifest(&self) -> &BundleManifest {
        &self.manifest
    }

    /// The public key whose signature the manifest has; `None` for a bundle without one.
    pub fn signer(&self) -> Option<&str> {
        self.manifest.signer.as_deref()
    }

    /// The stamp of the file when it was opened.
    pub fn stamp(&self) -> &BundleStamp {
        &self.stamp
    }

    /// The bytes of a file, whose header, padding and digest have been compared; `None` where the bundle does not have
    /// the file. The caller has looked at its size.
    ///
    /// # Errors
    /// Where the file cannot be read, or differs from the manifest.
    pub fn read(&self, path: &str) -> Result<Option<Vec<u8>>, BundleError> {
        let Some(at) = self.manifest.position(path) else { return Ok(None) };
        let file = &self.manifest.files[at];
        self.check_frame(at)?;
        let bytes = bytes(&self.file, self.start(at), file.size)?;
        check_digest(file, Digest::of(&bytes))?;
        Ok(Some(bytes))
    }

    /// Copies the bytes of a file, which are compared with the manifest; returns whether the bundle has the file. What was
    /// copied before an error counts for nothing.
    ///
    /// # Errors
    /// As for [`read`](Self::read), and where the bytes cannot be written.
    pub fn copy(&self, path: &str, to: &mut dyn Write) -> Result<bool, BundleError> {
        let Some(at) = self.manifest.position(path) else { return Ok(false) };
        self.check_frame(at)?;
        let file = &self.manifest.files[at];
        let mut hasher = Sha256::new();
        let mut piece = vec![0; usize::try_from(PIECE.min(file.size)).unwrap_or_default()];
        let mut done = 0;
        while done < file.size {
            let length = PIECE.min(file.size - done);
            let part = &mut piece[..usize::try_from(length).unwrap_or_default()];
            self.read_at(part, self.start(at) + done)?;
            hasher.update(&*part);
            to.write_all(part)?;
            done += length;
        }
        check_digest(file, Digest::from_hasher(hasher))?;
        Ok(true)
    }

    /// Compares the header of a file, and the padding after it.
    pub(crate) fn check_frame(&self, at: usize) -> Result<(), BundleError> {
        let (file, offset) = (&self.manifest.files[at], self.plan.header(at));
        check_header(&TarHeader(block(&self.file, offset)?), file, self.manifest.time)?;
        zeros(&self.file, offset, file)
    }

    /// The offset of the bytes of a file.
    pub(crate) fn start(&self, at: usize) -> u64 {
        self.plan.header(at) + BLOCK as u64
    }

    /// Fills `buffer` with the bytes from `offset`.
    pub(crate) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        read_exact_at(&self.file, buffer, offset)
    }
}

/// Compares the digest of a file with the manifest.
pub(crate) fn check_digest(file: &BundleFile, got: Digest) -> Result<(), BundleError> {
    let expected = file.sha256;
    if expected == got { Ok(()) } else { Err(BundleError::Digest { expected, got }) }
}

fn check_header(header: &TarHeader, file: &BundleFile, time: u64) -> Result<(), BundleError> {
    match TarHeader::of(file, time) {
        Ok(expected) if expected == *header => Ok(()),
        _ => Err(BundleError::Header(file.path.clone())),
    }
}

/// Checks that a file, whose header is at `header`, is followed by zeros.
fn zeros(bundle: &File, header: u64, file: &BundleFile) -> Result<(), BundleError> {
    let rest = bytes(bundle, header + BLOCK as u64 + file.size, padding(file.size))?;
    match rest.iter().all(|byte| *byte == 0) {
        true => Ok(()),
        false => Err(BundleError::Padding(file.path.clone())),
    }
}

fn block(file: &File, at: u64) -> io::Result<[u8; BLOCK]> {
    let mut block = [0; BLOCK];
    read_exact_at(file, &mut block, at)?;
    Ok(block)
}

/// `size` bytes from `at`. A size that the file does not have costs no memory.
fn bytes(file: &File, at: u64, size: u64) -> io::Result<Vec<u8>> {
    if file.metadata()?.len() < at.saturating_add(size) {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let size = usize::try_from(size).map_err(io::Error::other)?;
    let mut bytes = vec![0; size];
    read_exact_at(file, &mut bytes, at)?;
    Ok(bytes)
}

#[cfg(unix)]
fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
    use std::os::windows::fs::FileExt as _;
    while !buffer.is_empty() {
        let count = file.seek_read(buffer, offset)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer = &mut buffer[count..];
        offset += count as u64;
    }
    Ok(())
}
