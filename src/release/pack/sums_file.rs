//! The `SHA256SUMS` of a folder, which grows with it.

use std::{collections::BTreeMap, fs, io, path::Path};

use loom_base::bounded_file;
use loom_source::{Digest, checksum};

use super::{
    PackError,
    packer::{measure, placing},
};
use crate::release::{
    checksum_files::{self, SUMS},
    placed_file::{self, Placed},
};

/// The longest `SHA256SUMS` that is read, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// Writes the `SHA256SUMS` of a folder over these files, by their names.
///
/// Where the folder has one, its lines stay, and it is replaced by a longer one: another platform is packed later. Its
/// lines must be true for the files in the folder.
///
/// # Errors
/// [`PackError::Differs`] where a line is not true, or is for another file of the same name.
pub fn write_sums(
    folder: &Path,
    files: impl IntoIterator<Item = (String, Digest)>,
) -> Result<Placed, PackError> {
    let path = folder.join(SUMS);
    let mut digests: BTreeMap<String, Digest> = BTreeMap::new();
    let before = match bounded_file::read_text(&path, LONGEST) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(PackError::Io { path, source: error }),
    };
    for line in before.iter().flat_map(|text| text.lines()) {
        let name = line.split_once("  ").map(|(_, name)| name).unwrap_or_default();
        let listed = checksum::sums(line.as_bytes(), name).ok().flatten();
        let file = folder.join(name);
        match listed {
            Some(listed) if measure(&file)?.0 == listed => digests.insert(name.to_owned(), listed),
            _ => return Err(PackError::Differs { path }),
        };
    }
    digests.extend(files);
    let text = checksum_files::sums(&digests);
    if before.as_ref() == Some(&text) {
        return Ok(Placed::Unchanged);
    }
    if before.is_some() {
        // Removed first, so that an interruption leaves no file rather than a wrong one.
        fs::remove_file(&path).map_err(PackError::at(&path))?;
    }
    placed_file::place_bytes(text.as_bytes(), &path).map_err(placing(&path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &Path, name: &str, bytes: &[u8]) -> (String, Digest) {
        fs::write(folder.join(name), bytes).unwrap();
        (name.to_owned(), Digest::of(bytes))
    }

    #[test]
    fn the_sums_grow_with_the_folder_and_never_lie() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let (a, b) = (file(folder, "a.zip", b"a"), file(folder, "b.zip", b"b"));
        let sums = || fs::read_to_string(folder.join(SUMS)).unwrap();
        assert_eq!(write_sums(folder, [b.clone()]).unwrap(), Placed::Created);
        assert_eq!(write_sums(folder, [a.clone()]).unwrap(), Placed::Created);
        assert_eq!(sums(), format!("{}  a.zip\n{}  b.zip\n", a.1, b.1));
        assert_eq!(write_sums(folder, [a.clone(), b]).unwrap(), Placed::Unchanged);
        fs::write(folder.join("b.zip"), b"changed").unwrap();
        assert!(matches!(write_sums(folder, [a]), Err(PackError::Differs { .. })));
    }
}
