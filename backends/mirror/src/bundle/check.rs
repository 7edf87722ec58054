//! [`BundleCheck`]: compares every byte of a bundle with its manifest.

use std::path::Path;

use loom_source::Digest;
use sha2::{Digest as _, Sha256};

use super::opened::{BundleError, OpenBundle, check_digest};

/// The number of bytes that are read at once.
const PIECE: u64 = 256 * 1024;

/// The result of comparing every byte of a bundle.
#[derive(Debug)]
pub struct BundleCheck {
    /// The bundle.
    pub bundle: OpenBundle,
    /// The files that differ from the manifest, and the end of the archive where it is not two blocks of zeros.
    pub damages: Vec<BundleDamage>,
}

/// A part of a bundle that differs from its manifest.
#[derive(Debug)]
pub struct BundleDamage {
    /// The path of the file; empty for the end of the archive.
    pub path: String,
    /// The difference.
    pub error: BundleError,
}

impl BundleCheck {
    /// Reads the whole bundle at `path`.
    ///
    /// # Errors
    /// Where the bundle cannot be opened: then nothing is known about its files.
    pub fn run(path: &Path) -> Result<Self, BundleError> {
        let bundle = OpenBundle::open(path)?;
        let mut damages = Vec::new();
        for (at, file) in bundle.manifest().files.iter().enumerate() {
            if let Err(error) = check_file(&bundle, at) {
                damages.push(BundleDamage { path: file.path.clone(), error });
            }
        }
        if let Err(error) = check_end(&bundle) {
            damages.push(BundleDamage { path: String::new(), error });
        }
        Ok(Self { bundle, damages })
    }
}

fn check_file(bundle: &OpenBundle, at: usize) -> Result<(), BundleError> {
    let file = &bundle.manifest().files[at];
    bundle.check_frame(at)?;
    let mut hasher = Sha256::new();
    let mut piece = vec![0; usize::try_from(PIECE.min(file.size)).unwrap_or_default()];
    let mut done = 0;
    while done < file.size {
        let length = PIECE.min(file.size - done);
        let part = &mut piece[..usize::try_from(length).unwrap_or_default()];
        bundle.read_at(part, bundle.start(at) + done)?;
        hasher.update(&*part);
        done += length;
    }
    check_digest(file, Digest::from_hasher(hasher))
}

fn check_end(bundle: &OpenBundle) -> Result<(), BundleError> {
    let mut end = [0; super::tar_header::END];
    bundle.read_at(&mut end, bundle.plan.end)?;
    match end.iter().all(|byte| *byte == 0) {
        true => Ok(()),
        false => Err(BundleError::Padding("the last file".to_owned())),
    }
}
