//! The digest and the size of a file.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use loom_source::Digest;
use sha2::{Digest as _, Sha256};

/// The digest and the size of a file.
pub(super) fn measure(path: &Path) -> io::Result<(Digest, u64)> {
    let (mut file, mut hasher, mut size) = (File::open(path)?, Sha256::new(), 0);
    let mut piece = vec![0; 256 * 1024];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok((Digest::from_hasher(hasher), size)),
            read => {
                hasher.update(&piece[..read]);
                size += read as u64;
            }
        }
    }
}
