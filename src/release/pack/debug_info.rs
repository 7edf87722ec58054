//! Whether a program for Linux has debug information, which cargo writes into development builds and removes from
//! distributed ones.

use std::{fs::File, io, path::Path};

use object::{LittleEndian, ReadCache, ReadRef, elf::FileHeader64, read::elf::FileHeader as _};

/// The section with the debug information (DWARF).
const SECTION: &[u8] = b".debug_info";

/// Whether a 64-bit little-endian ELF file has debug information. `false` for other files, and for tables that cannot be
/// read: they are no sign of a development build.
pub(super) fn has_debug_info(path: &Path) -> io::Result<bool> {
    let cache = ReadCache::new(File::open(path)?);
    Ok(has_section(&cache).unwrap_or_default())
}

fn has_section<'a>(data: impl ReadRef<'a>) -> object::Result<bool> {
    let header = FileHeader64::<LittleEndian>::parse(data)?;
    let endian = header.endian()?;
    Ok(header.sections(endian, data)?.section_by_name(endian, SECTION).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn this_test_is_a_development_build() {
        assert!(has_debug_info(&std::env::current_exe().unwrap()).unwrap());
    }

    #[test]
    fn other_and_broken_files_are_no_development_builds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let mut endless = b"\x7fELF\x02\x01".to_vec();
        endless.resize(64, 0xff);
        for bytes in [&b""[..], b"#!/bin/sh\n", b"\x7fELF\x02\x01\x01", &endless, &[0; 200]] {
            std::fs::write(&path, bytes).unwrap();
            assert!(!has_debug_info(&path).unwrap(), "{bytes:x?}");
        }
    }
}
