//! [`LibraryLayer`]: the loader and the libraries that a program for Linux needs, as a layer of an image.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
};

use flate2::{Compression, GzBuilder};
use loom_base::bounded_file;
use loom_source::Platform;

use super::library_search::{self, LibraryError};

/// The largest library, in bytes.
const LARGEST: u64 = 256 * 1024 * 1024;

/// The operating system in a gzip header: unknown (RFC 1952).
const UNKNOWN_SYSTEM: u8 = 255;

/// The loader and the libraries of a program, and nothing else. Users, name resolution and `/tmp` are in another layer, which
/// all images have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibraryLayer {
    files: BTreeMap<String, PathBuf>,
}

impl LibraryLayer {
    /// What a program for this platform needs of the system whose root is the folder `root`; `None` for a static program.
    ///
    /// # Errors
    /// Where a library is missing or cannot be read.
    pub fn of(
        program: &Path,
        platform: Platform,
        root: &Path,
    ) -> Result<Option<Self>, LibraryError> {
        let files = library_search::needed(program, platform, root)?;
        Ok((!files.is_empty()).then_some(Self { files }))
    }

    /// The paths of the files in the image.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Writes the layer as a tar archive with gzip. The same files give the same bytes: they are sorted, have neither times nor
    /// owners, and links are replaced by what they lead to.
    ///
    /// # Errors
    /// Where a file cannot be read or written.
    pub fn write(&self, to: &Path) -> Result<(), LibraryError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| LibraryError::Io { path, source }
        };
        let file = BufWriter::new(File::create(to).map_err(failed(to))?);
        let gzip = GzBuilder::new().mtime(0).operating_system(UNKNOWN_SYSTEM);
        let mut tar = tar::Builder::new(gzip.write(file, Compression::best()));
        for folder in self.folders() {
            append(&mut tar, &format!("{folder}/"), None).map_err(failed(to))?;
        }
        for (name, path) in &self.files {
            let bytes = bounded_file::read(path, LARGEST).map_err(failed(path))?;
            append(&mut tar, name, Some(&bytes)).map_err(failed(to))?;
        }
        let finish = || tar.into_inner()?.finish()?.flush();
        finish().map_err(failed(to))
    }

    /// The folders of the files, each after the one that it is in.
    fn folders(&self) -> Vec<String> {
        let above = self.files.keys().flat_map(|path| Path::new(path).ancestors().skip(1));
        let mut folders: Vec<String> = above
            .map(|folder| folder.display().to_string())
            .filter(|folder| !folder.is_empty())
            .collect();
        folders.sort_unstable();
        folders.dedup();
        folders
    }
}

/// Adds a file, or a folder where there are no bytes.
fn append(
    tar: &mut tar::Builder<impl io::Write>,
    name: &str,
    bytes: Option<&[u8]>,
) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_path(name)?;
    header.set_size(bytes.map_or(0, |bytes| bytes.len() as u64));
    header.set_mode(0o755);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_entry_type(match bytes {
        Some(_) => tar::EntryType::Regular,
        None => tar::EntryType::Directory,
    });
    header.set_cksum();
    tar.append(&header, bytes.unwrap_or_default())
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    /// The platform of these tests; `None` elsewhere.
    fn this_platform() -> Option<Platform> {
        Platform::current()
    }

    fn bytes_of(layer: &LibraryLayer) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("layer");
        layer.write(&path).unwrap();
        fs::read(path).unwrap()
    }

    #[test]
    fn the_layer_of_a_program_has_its_loader_and_libraries_only() {
        let program = std::env::current_exe().unwrap();
        let platform = this_platform().unwrap();
        let Some(layer) = LibraryLayer::of(&program, platform, Path::new("/")).unwrap() else {
            return;
        };
        let paths: Vec<&str> = layer.paths().collect();
        assert!(paths.iter().any(|path| path.contains("ld-")), "{paths:?}");
        assert!(paths.iter().any(|path| path.contains("libc.")), "{paths:?}");
        assert!(paths.len() < 12, "{paths:?}");
        let bytes = bytes_of(&layer);
        assert_eq!(bytes, bytes_of(&layer));
        // No time, no name.
        assert_eq!(&bytes[..10], b"\x1f\x8b\x08\0\0\0\0\0\x02\xff");
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        let mut names = Vec::new();
        for entry in tar.entries().unwrap() {
            let entry = entry.unwrap();
            let header = entry.header();
            assert_eq!(
                (header.mtime().unwrap(), header.uid().unwrap(), header.gid().unwrap()),
                (0, 0, 0)
            );
            assert!(!header.entry_type().is_symlink(), "libraries are files");
            names.push(String::from_utf8(entry.path_bytes().into_owned()).unwrap());
        }
        let files: Vec<&String> = names.iter().filter(|name| !name.ends_with('/')).collect();
        assert_eq!(files, paths.iter().collect::<Vec<_>>());
        assert!(
            names.contains(&"lib64/".to_owned()) || names.contains(&"lib/".to_owned()),
            "{names:?}"
        );
    }

    #[test]
    fn links_are_followed_and_what_is_missing_is_named() {
        let program = std::env::current_exe().unwrap();
        let platform = this_platform().unwrap();
        let Some(layer) = LibraryLayer::of(&program, platform, Path::new("/")).unwrap() else {
            return;
        };
        // Another root with the same files, which are links there.
        let root = tempfile::tempdir().unwrap();
        for (path, file) in &layer.files {
            let place = root.path().join(path);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::copy(file, root.path().join(file.file_name().unwrap())).unwrap();
            symlink(root.path().join(file.file_name().unwrap()), place).unwrap();
        }
        let other = LibraryLayer::of(&program, platform, root.path()).unwrap().unwrap();
        assert_eq!(bytes_of(&layer), bytes_of(&other));
        let libc = layer.paths().find(|path| path.contains("libc.")).unwrap();
        fs::remove_file(root.path().join(libc)).unwrap();
        let error = LibraryLayer::of(&program, platform, root.path()).unwrap_err().to_string();
        assert!(error.contains("libc.") && error.contains("lib/"), "{error}");
        // A file that is no library counts for none.
        fs::write(root.path().join(libc), "GROUP ( libc.so.6 )").unwrap();
        let error = LibraryLayer::of(&program, platform, root.path()).unwrap_err();
        assert!(matches!(error, LibraryError::Missing { .. }), "{error}");
    }

    #[test]
    fn a_script_needs_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("x");
        fs::write(&script, "#!/bin/sh\n").unwrap();
        assert_eq!(LibraryLayer::of(&script, Platform::LinuxX86_64, Path::new("/")).unwrap(), None);
    }
}
