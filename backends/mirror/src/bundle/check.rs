//! [`BundleCheck`]: compares every byte of a bundle with its manifest.

use std::{io, path::Path};

use super::opened::{BundleError, OpenBundle};

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
        for file in &bundle.manifest().files {
            if let Err(error) = bundle.copy(&file.path, &mut io::sink()) {
                damages.push(BundleDamage { path: file.path.clone(), error });
            }
        }
        if let Err(error) = check_end(&bundle) {
            damages.push(BundleDamage { path: String::new(), error });
        }
        Ok(Self { bundle, damages })
    }
}

fn check_end(bundle: &OpenBundle) -> Result<(), BundleError> {
    let mut end = [0; super::tar_header::END];
    bundle.read_at(&mut end, bundle.plan.end)?;
    match end.iter().all(|byte| *byte == 0) {
        true => Ok(()),
        false => Err(BundleError::Padding("the last file".to_owned())),
    }
}
