//! Archives, unpacked into a staged tree with small limits.

use std::{
    cell::Cell,
    io::{self, Cursor, Read},
    path::Path,
};

use loom_runtime::store::{Staged, Store, TreeLimits, UnpackError};
use loom_source::ArchiveFormat;

/// Small limits, so that they are met.
const LIMITS: TreeLimits = TreeLimits { files: 20, bytes: 64 * 1024, path: 120, ratio: 200 };

thread_local! {
    /// A store on a memory file system where there is one.
    static STORE: (tempfile::TempDir, Store) = {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let folder = tempfile::Builder::new().prefix("fuzz-").tempdir_in(parent).expect("a folder");
        let store = Store::open(&folder.path().join("store")).expect("an empty store");
        (folder, store)
    };
}

/// A tar stream.
pub(crate) fn tar(data: &[u8]) {
    unpack(|staged, strip| staged.unpack_tar(data, ArchiveFormat::TarGz, strip, &|| 1 << 20));
}

/// A gzip stream.
pub(crate) fn tar_gz(data: &[u8]) {
    unpack(|staged, strip| {
        let counted = Counted::of(data);
        let stream = flate2::read::MultiGzDecoder::new(&counted);
        staged.unpack_tar(stream, ArchiveFormat::TarGz, strip, &|| counted.0.get())
    });
}

/// A Zstandard stream.
pub(crate) fn tar_zst(data: &[u8]) {
    unpack(|staged, strip| {
        let counted = Counted::of(data);
        let mut stream = zstd::Decoder::new(&counted).map_err(UnpackError::Read)?;
        stream.window_log_max(23).map_err(UnpackError::Read)?;
        staged.unpack_tar(stream, ArchiveFormat::TarZst, strip, &|| counted.0.get())
    });
}

/// A zip file.
pub(crate) fn zip(data: &[u8]) {
    unpack(|staged, strip| staged.unpack_zip(Cursor::new(data), strip));
}

/// Unpacks twice. Both runs have the same result; a tree keeps to the limits and has a listing that is read again.
fn unpack(by: impl Fn(&mut Staged, Option<bool>) -> Result<(), UnpackError>) {
    STORE.with(|(folder, store)| {
        let mut staged = store.stage(LIMITS).expect("the disk has room");
        let first = by(&mut staged, None).map(|()| staged.stripped());
        drop(staged);
        let outside = std::fs::read_dir(folder.path()).expect("the folder is there").count();
        assert_eq!(outside, 1, "something was written outside of the store");
        let Ok(stripped) = first else { return };
        let mut staged = store.stage(LIMITS).expect("the disk has room");
        assert!(by(&mut staged, stripped).is_ok(), "the second run differs");
        assert_eq!(staged.stripped(), stripped);
    });
}

/// Counts the bytes that were read.
struct Counted<'a>(Cell<u64>, Cell<&'a [u8]>);

impl<'a> Counted<'a> {
    fn of(data: &'a [u8]) -> Self {
        // Some packed bytes, so that small streams are not refused for their ratio.
        Self(Cell::new(4096), Cell::new(data))
    }
}

impl Read for &Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut rest = self.1.get();
        let count = rest.read(buffer)?;
        self.1.set(rest);
        self.0.set(self.0.get() + count as u64);
        Ok(count)
    }
}
