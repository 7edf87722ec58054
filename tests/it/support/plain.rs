//! A folder in the plain release layout: the assets of each version in `v{version}/`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{Entry, Packing, program, sha256};

/// How a release publishes its digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sums {
    /// A `.sha256` file beside the asset, as `sha256sum` writes it.
    Sidecar,
    /// One `SHA256SUMS` for the release.
    File,
    /// No digest.
    None,
    /// A `.sha256` file with another file's digest.
    Wrong,
}

/// A mirror in the release layout; its folder is removed when dropped.
#[derive(Debug)]
pub struct Plain {
    folder: tempfile::TempDir,
}

impl Plain {
    /// A mirror without releases.
    pub fn empty() -> Self {
        Self { folder: tempfile::Builder::new().prefix("loom-mirror-").tempdir().unwrap() }
    }

    /// A mirror with a small program in a `.tar.gz` and its `.sha256` file for each of these versions.
    pub fn of(versions: &[&str]) -> Self {
        let mirror = Self::empty();
        for version in versions {
            mirror.add(version, Packing::TarGz, &program::small(version), Sums::Sidecar);
        }
        mirror
    }

    /// A mirror with the real server in a `.tar.gz` and its `.sha256` file.
    pub fn with_server(version: &str) -> Self {
        let mirror = Self::empty();
        mirror.add(version, Packing::TarGz, &program::server(), Sums::Sidecar);
        mirror
    }

    /// The path of the folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Its `file://` URL.
    pub fn url(&self) -> String {
        format!("file://{}", self.path().display())
    }

    /// Adds a release of one program; returns the asset's path.
    pub fn add(&self, version: &str, packing: Packing, program: &[u8], sums: Sums) -> PathBuf {
        self.add_entries(version, packing, &Entry::program(program), sums)
    }

    /// Adds a release of several files; returns the asset's path.
    pub fn add_entries(
        &self,
        version: &str,
        packing: Packing,
        entries: &[Entry],
        sums: Sums,
    ) -> PathBuf {
        self.add_bytes(version, &packing.asset(version), &packing.pack(entries), sums)
    }

    /// Adds an asset of any bytes; returns its path.
    pub fn add_bytes(&self, version: &str, asset: &str, bytes: &[u8], sums: Sums) -> PathBuf {
        let folder = self.path().join(format!("v{version}"));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(asset);
        fs::write(&path, bytes).unwrap();
        let line = |bytes: &[u8]| format!("{}  {asset}\n", sha256(bytes));
        match sums {
            Sums::Sidecar => fs::write(sidecar(&path), line(bytes)).unwrap(),
            Sums::Wrong => fs::write(sidecar(&path), line(b"something else")).unwrap(),
            Sums::File => append(&folder.join("SHA256SUMS"), &line(bytes)),
            Sums::None => {}
        }
        path
    }

    /// The path of a version's asset.
    pub fn asset(&self, version: &str, packing: Packing) -> PathBuf {
        self.path().join(asset_path(version, packing))
    }
}

/// `v{version}/{asset}`: an asset's path below the mirror's root.
pub fn asset_path(version: &str, packing: Packing) -> String {
    format!("v{version}/{}", packing.asset(version))
}

/// The `.sha256` file of an asset.
pub fn sidecar(asset: &Path) -> PathBuf {
    let mut name = asset.as_os_str().to_owned();
    name.push(".sha256");
    name.into()
}

/// Flips one bit in the middle of a file.
pub fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let _ = fs::remove_file(path);
    fs::write(path, bytes).unwrap();
}

fn append(path: &Path, line: &str) {
    let before = fs::read_to_string(path).unwrap_or_default();
    fs::write(path, before + line).unwrap();
}
