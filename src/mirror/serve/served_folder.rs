//! [`ServedFolder`]: which file a path of a URL names: never one outside of the folder.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use loom_base::bounded_file::RegularFile;
use loom_source::Digest;
use percent_encoding::percent_decode_str;

use super::{MirrorServeError, preconditions::Representation};

/// The largest file whose entity tag is its digest. That of a larger one is made of its size, its time and its inode.
const HASHED: u64 = 1024 * 1024;

/// The folders and files of a store that belong to a mirror. The rest is of the machine that the store is on.
const MIRRORED: [&str; 6] = ["format", "loom.lock", "objects", "releases", "root", "store"];

/// The folder of a mirror.
#[derive(Debug, Clone)]
pub struct ServedFolder {
    /// The canonical path.
    root: PathBuf,
}

/// A file that is served.
#[derive(Debug)]
pub(super) struct ServedFile {
    pub(super) file: File,
    pub(super) representation: Representation,
}

/// What a path of a URL names.
#[derive(Debug)]
pub(super) enum ServedEntry {
    File(ServedFile),
    /// The path of a folder.
    Folder(PathBuf),
}

impl ServedFolder {
    /// The folder at `path`.
    ///
    /// # Errors
    /// Where it cannot be read, or is not a folder.
    pub fn open(path: &Path) -> Result<Self, MirrorServeError> {
        let unread = |source| MirrorServeError::Folder { path: path.to_owned(), source };
        let root = path.canonicalize().map_err(unread)?;
        std::fs::read_dir(&root).map_err(unread)?;
        Ok(Self { root })
    }

    /// The canonical path of the folder.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// The key that the path of a URL names, such as `releases/index.json`; a folder's has no `/` at its end. `None` for
    /// paths that no mirror has.
    pub(super) fn key(url_path: &str) -> Option<String> {
        let decoded = percent_decode_str(url_path.strip_prefix('/')?).decode_utf8().ok()?;
        let key = decoded.strip_suffix('/').unwrap_or(&decoded);
        let served = |part: &str| {
            // A name that begins with a dot is a file of the system, or one that is being written. Secret keys are in no
            // mirror, but may be in a folder that was named by mistake.
            let is_key = [".pem", ".key"].iter().any(|ending| part.ends_with(ending));
            !is_key
                && !part.is_empty()
                && !part.starts_with('.')
                && !part.contains(|c: char| c.is_control() || "\\:".contains(c))
        };
        (key.is_empty() || key.split('/').all(served)).then(|| key.to_owned())
    }

    /// The file or folder with this key; `None` where there is none, or it is not one of the mirror.
    pub(super) fn find(&self, key: &str) -> io::Result<Option<ServedEntry>> {
        let first = key.split('/').next().unwrap_or_default();
        if !key.is_empty() && self.is_store() && !MIRRORED.contains(&first) {
            return Ok(None);
        }
        let path = match self.root.join(key).canonicalize() {
            Ok(path) if path.starts_with(&self.root) => path,
            // A link out of the folder leads nowhere.
            Ok(_) => return Ok(None),
            Err(error) if is_absence(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        if path.is_dir() {
            return Ok(Some(ServedEntry::Folder(path)));
        }
        let file = RegularFile::open(&path)?;
        let metadata = file.metadata();
        let representation = Representation {
            tag: format!("\"{}\"", tag(key, &file)?),
            modified: metadata.modified().ok(),
            size: metadata.len(),
        };
        Ok(Some(ServedEntry::File(ServedFile { file: file.file().try_clone()?, representation })))
    }

    /// Whether the folder is a store or a mirror in its layout.
    fn is_store(&self) -> bool {
        self.root.join("format").is_file()
    }
}

/// The entity tag without quotes: another one for other bytes.
fn tag(key: &str, file: &RegularFile) -> io::Result<String> {
    if let Some(digest) = object_digest(key) {
        return Ok(digest.to_string());
    }
    let metadata = file.metadata();
    if metadata.len() <= HASHED {
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut io::Read::take(file.file(), HASHED + 1), &mut bytes)?;
        return Ok(Digest::of(&bytes).to_string());
    }
    let since = metadata.modified()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Ok(format!("{:x}-{:x}-{:x}", metadata.len(), since.as_nanos(), inode(metadata)))
}

/// The digest that the key of an object names.
pub(super) fn object_digest(key: &str) -> Option<Digest> {
    let (folder, name) = key.strip_prefix("objects/sha256/")?.split_once('/')?;
    let digest: Digest = name.parse().ok()?;
    (digest.to_string() == name && digest.prefix() == folder).then_some(digest)
}

#[cfg(unix)]
fn inode(metadata: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_: &std::fs::Metadata) -> u64 {
    0
}

/// Whether nothing has the path, which includes a name that is too long, and a file in the place of a folder.
fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::InvalidFilename
            | io::ErrorKind::InvalidInput
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_in_the_folder() {
        for (path, key) in [
            ("/", Some("")),
            ("/format", Some("format")),
            ("/releases/", Some("releases")),
            ("/v0.1.0/a%20b", Some("v0.1.0/a b")),
            ("/../etc/passwd", None),
            ("/a/%2e%2e/%2e%2e/etc/passwd", None),
            ("/a%2f..%2f..%2fetc", None),
            ("//etc/passwd", None),
            ("/a//b", None),
            ("/.git/config", None),
            ("/store/.new-1/x", None),
            ("/index.pem", None),
            ("/keys/cosign.key", None),
            ("/v0.1.0/cosign.pub", Some("v0.1.0/cosign.pub")),
            ("/a%00", None),
            ("/a%5cb", None),
            ("/c:/x", None),
            ("/%ff", None),
            ("*", None),
        ] {
            assert_eq!(ServedFolder::key(path).as_deref(), key, "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_files_of_the_mirror_are_found() {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("mirror");
        for folder in ["releases", "receipts"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
            std::fs::write(root.join(folder).join("a.json"), "{}").unwrap();
        }
        std::fs::write(outer.path().join("secret"), "x").unwrap();
        std::os::unix::fs::symlink("../../secret", root.join("releases/link")).unwrap();
        std::os::unix::fs::symlink("a.json", root.join("releases/inside")).unwrap();
        let folder = ServedFolder::open(&root).unwrap();
        let found = |key: &str| folder.find(key).unwrap().is_some();
        assert!(found("receipts/a.json") && found("releases/inside") && found(""));
        assert!(!found("releases/link") && !found("releases/none") && !found(&"x".repeat(300)));
        // In a store, what is of this machine only is not served.
        std::fs::write(root.join("format"), "loom-store 1\n").unwrap();
        assert!(!found("receipts/a.json") && !found("receipts") && found("releases/a.json"));
    }
}
