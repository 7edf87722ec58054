//! [`ReleaseFolder`]: a folder with the files of one release.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use loom_base::bounded_file;
use loom_source::{Digest, Name, Platform, Product, Version, asset, checksum};

use super::checksum_files::{SIDECAR, SUMS};

/// The number of files of a release that GitHub allows.
const MAX_FILES: usize = 1000;

/// How many bytes of a file are looked at to find out whether it is a secret key.
const LONGEST_KEY: u64 = 64 * 1024;

/// The longest checksum file that is read, in bytes.
pub(super) const LONGEST_CHECKSUMS: u64 = 1024 * 1024;

/// A folder with the files of one release: assets, checksum files, signatures, and whatever is published beside them.
#[derive(Debug, Clone)]
pub struct ReleaseFolder {
    /// The folder.
    pub path: PathBuf,
    /// The binary of the assets.
    pub binary: Name,
    /// The version of the assets.
    pub version: Version,
    /// The files in the order of their names.
    pub files: Vec<ReleaseFile>,
}

/// A file of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseFile {
    /// The file name.
    pub name: String,
    /// The path.
    pub path: PathBuf,
    /// The size in bytes.
    pub size: u64,
    /// The digest.
    pub sha256: Digest,
    /// The platform of an asset; `None` for other files.
    pub platform: Option<Platform>,
    /// Whether the file has a line in `SHA256SUMS`.
    pub listed: bool,
}

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseFolderError {
    /// The folder has no asset.
    #[error("{} has no asset of {binary}", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
        /// The binary.
        binary: Name,
    },
    /// The folder has assets of several versions.
    #[error("{} has assets of several versions: {first} and {second}", path.display())]
    Versions {
        /// The folder.
        path: PathBuf,
        /// One of the versions.
        first: Version,
        /// Another version.
        second: Version,
    },
    /// An entry of the folder cannot be published.
    #[error("{} cannot be published: {why}", path.display())]
    NotAFile {
        /// The entry.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A checksum file is missing, or is not true.
    #[error("{file} does not give the digest of {asset}, which is {sha256}")]
    Checksum {
        /// The checksum file.
        file: String,
        /// The asset.
        asset: String,
        /// The digest of the asset.
        sha256: Digest,
    },
    /// The folder has more files than a release can have.
    #[error("{} has more than {MAX_FILES} files", path.display())]
    TooMany {
        /// The folder.
        path: PathBuf,
    },
    /// A file could not be read.
    #[error("could not read {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system reported.
        source: io::Error,
    },
}

impl ReleaseFolder {
    /// Reads and hashes the files of a folder. Files whose names begin with a dot are left out.
    ///
    /// Each asset, and each other file that `SHA256SUMS` lists, must have a true line there and a true `.sha256` file.
    ///
    /// # Errors
    /// [`ReleaseFolderError`] where the folder is not one release with its checksum files.
    pub fn read(path: &Path, binary: &Name) -> Result<Self, ReleaseFolderError> {
        let files = files(path, binary)?;
        let version = version(path, binary, &files)?;
        let mut folder = Self { path: path.to_owned(), binary: binary.clone(), version, files };
        folder.check_sums()?;
        Ok(folder)
    }

    /// The assets: the files that belong to a platform.
    pub fn assets(&self) -> impl Iterator<Item = &ReleaseFile> {
        self.files.iter().filter(|file| file.platform.is_some())
    }

    /// The files that are signed: those in `SHA256SUMS`, the assets among them, and `SHA256SUMS`.
    pub fn signed_files(&self) -> impl Iterator<Item = &ReleaseFile> {
        self.files.iter().filter(|file| file.listed || file.name == SUMS)
    }

    fn check_sums(&mut self) -> Result<(), ReleaseFolderError> {
        let path = self.path.clone();
        let read = |name: &str| {
            bounded_file::read(&path.join(name), LONGEST_CHECKSUMS).unwrap_or_default()
        };
        let sums = read(SUMS);
        for asset in &mut self.files {
            asset.listed = checksum::sums(&sums, &asset.name).is_ok_and(|digest| digest.is_some());
            if !asset.listed && asset.platform.is_none() {
                continue;
            }
            let sidecar = format!("{}{SIDECAR}", asset.name);
            let beside = checksum::sidecar(&read(&sidecar), &asset.name).ok();
            let listed = checksum::sums(&sums, &asset.name).ok().flatten();
            for (file, digest) in [(sidecar.as_str(), beside), (SUMS, listed)] {
                if digest != Some(asset.sha256) {
                    let (file, asset, sha256) = (file.to_owned(), asset.name.clone(), asset.sha256);
                    return Err(ReleaseFolderError::Checksum { file, asset, sha256 });
                }
            }
        }
        Ok(())
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> ReleaseFolderError + use<'_> {
    |source| ReleaseFolderError::Io { path: path.to_owned(), source }
}

fn files(folder: &Path, binary: &Name) -> Result<Vec<ReleaseFile>, ReleaseFolderError> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let path = entry.map_err(at(folder))?.path();
        let not = |why| ReleaseFolderError::NotAFile { path: path.clone(), why };
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| not("its name is not UTF-8"))?.to_owned();
        if name.starts_with('.') {
            continue;
        }
        // GitHub renames files whose names have other characters.
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if !name.chars().all(plain) {
            return Err(not(
                "its name has other characters than letters, digits, '-', '_' and '.'",
            ));
        }
        // A link could lead to any file of this machine.
        if !fs::symlink_metadata(&path).map_err(at(&path))?.is_file() {
            return Err(not("it is not a regular file"));
        }
        if is_secret_key(&path).map_err(at(&path))? {
            return Err(not("it is a secret key"));
        }
        let (sha256, size) = Digest::of_file(&path).map_err(at(&path))?;
        if size == 0 {
            return Err(not("it is empty"));
        }
        let platform = asset_of(binary, &name).map(|(platform, _)| platform);
        files.insert(
            name.clone(),
            ReleaseFile { name, path, size, sha256, platform, listed: false },
        );
        if files.len() > MAX_FILES {
            return Err(ReleaseFolderError::TooMany { path: folder.to_owned() });
        }
    }
    Ok(files.into_values().collect())
}

/// Whether a file is a secret key: one in PEM, of minisign or of OpenPGP.
fn is_secret_key(path: &Path) -> io::Result<bool> {
    let mut begin = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(fs::File::open(path)?, LONGEST_KEY), &mut begin)?;
    let text = String::from_utf8_lossy(&begin);
    // The base64 line of a minisign key has 212 characters, that of a signature 100.
    let is_minisign = || {
        text.starts_with("untrusted comment:")
            && text.lines().nth(1).is_some_and(|line| line.trim().len() == 212)
    };
    let is_packet = || begin.first().is_some_and(|byte| [0x94, 0x95, 0x97, 0xc5].contains(byte));
    let is_pem = || {
        let is_text = std::str::from_utf8(&begin).is_ok();
        is_text && text.contains("-----BEGIN") && text.contains("PRIVATE KEY")
    };
    Ok(is_pem() || is_minisign() || is_packet())
}

/// The platform and the version of an asset; `None` for other files.
fn asset_of(binary: &Name, name: &str) -> Option<(Platform, Version)> {
    Platform::ALL.into_iter().find_map(|platform| {
        let authority = loom_source::Authority::default();
        let product = Product { authority, binary: binary.clone(), platform };
        Some((platform, asset::version(&product, name)?))
    })
}

fn version(
    path: &Path,
    binary: &Name,
    files: &[ReleaseFile],
) -> Result<Version, ReleaseFolderError> {
    let path = || path.to_owned();
    let mut versions = files.iter().filter_map(|file| Some(asset_of(binary, &file.name)?.1));
    let first = versions
        .next()
        .ok_or_else(|| ReleaseFolderError::Empty { path: path(), binary: binary.clone() })?;
    match versions.find(|version| *version != first) {
        Some(second) => Err(ReleaseFolderError::Versions { path: path(), first, second }),
        None => Ok(first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let mut sums = String::new();
        for (name, bytes) in files {
            fs::write(folder.path().join(name), bytes).unwrap();
            let line = super::super::checksum_files::line(&Digest::of(bytes), name);
            fs::write(folder.path().join(format!("{name}.sha256")), &line).unwrap();
            sums += &line;
        }
        fs::write(folder.path().join(SUMS), sums).unwrap();
        folder
    }

    const LINUX: &str = "loom-bridge-server-0.2.0-linux-x86_64.tar.gz";
    const WINDOWS: &str = "loom-bridge-server-0.2.0-windows-x86_64.zip";

    #[test]
    fn a_folder_is_one_release() {
        let made = folder(&[(LINUX, b"l"), (WINDOWS, b"w")]);
        let read = ReleaseFolder::read(made.path(), &Name::default()).unwrap();
        assert_eq!(read.version, "0.2.0".parse().unwrap());
        let names = |files: Vec<&ReleaseFile>| -> Vec<String> {
            files.into_iter().map(|file| file.name.clone()).collect()
        };
        assert_eq!(names(read.assets().collect()), [LINUX, WINDOWS]);
        assert_eq!(names(read.signed_files().collect()), [SUMS, LINUX, WINDOWS]);
        assert_eq!(read.files.len(), 5);
    }

    #[test]
    fn what_is_not_one_release_is_refused() {
        let read = |folder: &tempfile::TempDir| {
            ReleaseFolder::read(folder.path(), &Name::default()).unwrap_err()
        };
        assert!(matches!(read(&folder(&[])), ReleaseFolderError::NotAFile { .. }));
        let other =
            folder(&[(LINUX, b"l"), ("loom-bridge-server-0.3.0-linux-x86_64.tar.gz", b"l")]);
        assert!(matches!(read(&other), ReleaseFolderError::Versions { .. }));
        let changed = folder(&[(LINUX, b"l")]);
        fs::write(changed.path().join(LINUX), b"x").unwrap();
        assert!(matches!(read(&changed), ReleaseFolderError::Checksum { .. }));
        for file in [SUMS, "loom-bridge-server-0.2.0-linux-x86_64.tar.gz.sha256"] {
            let missing = folder(&[(LINUX, b"l")]);
            fs::remove_file(missing.path().join(file)).unwrap();
            assert!(matches!(read(&missing), ReleaseFolderError::Checksum { .. }), "{file}");
        }
        let odd = folder(&[(LINUX, b"l")]);
        fs::write(odd.path().join("a b"), b"x").unwrap();
        assert!(matches!(read(&odd), ReleaseFolderError::NotAFile { .. }));
    }
}
