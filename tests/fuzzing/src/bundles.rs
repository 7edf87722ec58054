//! Bundles: manifest, headers and signature.

use std::{cell::RefCell, fs, path::Path};

use loom_mirror::bundle::{BundleManifest, OpenBundle};

thread_local! {
    static FILE: RefCell<tempfile::NamedTempFile> = {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        RefCell::new(tempfile::NamedTempFile::new_in(parent).expect("a file"))
    };
}

/// A manifest has exactly one form.
pub(crate) fn manifest(data: &[u8]) {
    if let Ok(manifest) = BundleManifest::parse(data) {
        assert_eq!(manifest.to_bytes(), data, "a second form");
        for file in &manifest.files {
            assert_eq!(manifest.file(&file.path), Some(file));
            assert!(file.path.len() <= 255 && !file.path.starts_with('/'), "{}", file.path);
            assert!(file.path.split('/').all(|part| !["", ".", ".."].contains(&part)));
        }
    }
}

/// A file that is a bundle: everything that is read of it has the digest of its manifest.
pub(crate) fn bundle(data: &[u8]) {
    FILE.with_borrow_mut(|file| {
        fs::write(file.path(), data).expect("the disk has room");
        let Ok(bundle) = OpenBundle::open(file.path()) else { return };
        for file in &bundle.manifest().files {
            if let Ok(read) = bundle.read(&file.path) {
                let bytes = read.expect("it is in the manifest");
                assert_eq!(bytes.len() as u64, file.size);
                assert_eq!(loom_source::Digest::of(&bytes), file.sha256);
            }
        }
    });
}
