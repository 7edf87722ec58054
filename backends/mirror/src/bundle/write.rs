//! [`BundleWriter`]: writes a bundle. The same files, time and key make the same bytes.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Write},
    path::PathBuf,
    time::{Duration, SystemTime},
};

use loom_signatures::sign::{MinisignSecretKey, SigningError};
use loom_source::Digest;
use sha2::{Digest as _, Sha256};

use super::{
    file::BundleFile,
    manifest::{BundleManifest, ManifestError},
    tar_header::{END, TarHeader, padding},
};

/// The number of bytes that are copied at once.
const PIECE: usize = 256 * 1024;

/// The time of a bundle for which none is given: 1980-01-01.
const DEFAULT_TIME: u64 = 315_532_800;

/// The bytes of a file for a bundle.
#[derive(Debug)]
pub enum BundleContent {
    /// These bytes.
    Bytes(Vec<u8>),
    /// The bytes of the file with this path.
    File(PathBuf),
}

/// The files of a bundle that is to be written.
///
/// # Examples
/// ```
/// use loom_mirror::bundle::{BundleContent, BundleWriter, OpenBundle};
///
/// let mut writer = BundleWriter::default();
/// writer.add("format", BundleContent::Bytes(b"loom-store 1\n".to_vec()));
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("x.loombundle");
/// writer.write(&mut std::fs::File::create(&path)?)?;
/// let bundle = OpenBundle::open(&path)?;
/// assert_eq!(bundle.read("format")?.ok_or("absent")?, b"loom-store 1\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct BundleWriter {
    files: BTreeMap<String, (BundleContent, bool)>,
    time: Option<u64>,
    key: Option<MinisignSecretKey>,
}

/// Why a bundle cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum BundleWriteError {
    /// A file cannot be read.
    #[error("could not read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A file had other bytes when it was read again.
    #[error("{0} changed while the bundle was written")]
    Changed(String),
    /// The bundle cannot be written.
    #[error("could not write the bundle")]
    Write(#[from] io::Error),
    /// The bundle cannot be signed.
    #[error("could not sign the bundle")]
    Sign(#[from] SigningError),
    /// The files cannot be those of a bundle.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

impl BundleWriter {
    /// Adds a file, or replaces the one with this path.
    pub fn add(&mut self, path: impl Into<String>, content: BundleContent) {
        self.files.insert(path.into(), (content, false));
    }

    /// Adds a program, which `tar` makes executable.
    pub fn add_program(&mut self, path: impl Into<String>, content: BundleContent) {
        self.files.insert(path.into(), (content, true));
    }

    /// Sets the modification time of all files, in seconds since 1970; 1980-01-01 where it is not set.
    pub fn set_time(&mut self, time: u64) {
        self.time = Some(time);
    }

    /// Signs the bundle with this key.
    pub fn set_key(&mut self, key: MinisignSecretKey) {
        self.key = Some(key);
    }

    /// Writes the bundle.
    ///
    /// # Errors
    /// See [`BundleWriteError`].
    pub fn write(&self, to: &mut dyn Write) -> Result<BundleManifest, BundleWriteError> {
        let signer = self.key.as_ref().map(MinisignSecretKey::public_text).transpose()?;
        let mut files = Vec::with_capacity(self.files.len());
        for (path, (content, executable)) in &self.files {
            let (sha256, size) = content.copy(&mut io::sink())?;
            files.push(BundleFile { path: path.clone(), size, sha256, executable: *executable });
        }
        let manifest = BundleManifest { time: self.time.unwrap_or(DEFAULT_TIME), signer, files };
        manifest.check()?;
        let time = manifest.time;
        let own = manifest.to_bytes();
        put(to, &BundleManifest::own_file(own.len() as u64), time, &own)?;
        if let Some(key) = &self.key {
            // The signature has the time of the bundle, so that the same bundle has the same signature.
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(time);
            let signature = key.sign(&mut own.as_slice(), BundleManifest::PATH, at)?;
            let file = BundleManifest::signature_file(signature.len() as u64);
            put(to, &file, time, signature.as_bytes())?;
        }
        for (file, (content, _)) in manifest.files.iter().zip(self.files.values()) {
            to.write_all(&header(file, time)?.0)?;
            let (sha256, _) = content.copy(to)?;
            if sha256 != file.sha256 {
                return Err(BundleWriteError::Changed(file.path.clone()));
            }
            pad(to, file.size)?;
        }
        to.write_all(&[0; END])?;
        Ok(manifest)
    }
}

impl BundleContent {
    /// Copies the bytes; returns their digest and number.
    fn copy(&self, to: &mut dyn Write) -> Result<(Digest, u64), BundleWriteError> {
        match self {
            Self::Bytes(bytes) => {
                to.write_all(bytes)?;
                Ok((Digest::of(bytes), bytes.len() as u64))
            }
            Self::File(path) => {
                let unread = |source| BundleWriteError::Read { path: path.clone(), source };
                let mut file = File::open(path).map_err(unread)?;
                let (mut hasher, mut size) = (Sha256::new(), 0);
                let mut piece = vec![0; PIECE];
                loop {
                    let count = file.read(&mut piece).map_err(unread)?;
                    if count == 0 {
                        return Ok((Digest::from_hasher(hasher), size));
                    }
                    hasher.update(&piece[..count]);
                    to.write_all(&piece[..count])?;
                    size += count as u64;
                }
            }
        }
    }
}

/// The header of a file. The manifest has been checked, so there is one.
fn header(file: &BundleFile, time: u64) -> Result<TarHeader, BundleWriteError> {
    TarHeader::of(file, time).map_err(|why| {
        BundleWriteError::Manifest(ManifestError::Path { path: file.path.clone(), why })
    })
}

fn put(
    to: &mut dyn Write,
    file: &BundleFile,
    time: u64,
    bytes: &[u8],
) -> Result<(), BundleWriteError> {
    to.write_all(&header(file, time)?.0)?;
    to.write_all(bytes)?;
    Ok(pad(to, file.size)?)
}

fn pad(to: &mut dyn Write, size: u64) -> io::Result<()> {
    let zeros = usize::try_from(padding(size)).unwrap_or_default();
    to.write_all(&vec![0; zeros])
}
