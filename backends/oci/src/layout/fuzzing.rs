//! Layouts in archives.

use std::io::Cursor;

use super::tar_index::TarIndex;

/// Reads the headers of an archive. Every file that is found is within the archive, but for the padding of the last one.
pub fn archive(data: &[u8]) {
    let size = data.len() as u64;
    let Ok(index) = TarIndex::read(Cursor::new(data), size) else { return };
    for (path, (start, length)) in index.files() {
        assert!(start <= size && start + length <= size.next_multiple_of(512), "{path}");
    }
}
