//! Whether a program for Linux has debug information, which cargo writes into development builds and removes from
//! distributed ones.

use std::{fs::File, io, path::Path};

use crate::release::elf_file::{is_elf, number, read_at};

/// The section with the debug information (DWARF).
const SECTION: &[u8] = b".debug_info";

/// Whether a 64-bit little-endian ELF file has debug information. `false` for other files, and for tables that cannot be
/// read: they are no sign of a development build.
pub(super) fn has_debug_info(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let header = read_at(&mut file, 0, 64)?;
    if !is_elf(&header) {
        return Ok(false);
    }
    let (Some(at), Some(size), Some(count), Some(names)) = (
        number(&header, 0x28, 8),
        number(&header, 0x3a, 2),
        number(&header, 0x3c, 2),
        number(&header, 0x3e, 2),
    ) else {
        return Ok(false);
    };
    let sections = read_at(&mut file, at, size.saturating_mul(count))?;
    let section = |index: u64| {
        let begin = usize::try_from(index.checked_mul(size)?).ok()?;
        sections.get(begin..begin.checked_add(usize::try_from(size).ok()?)?)
    };
    let Some(table) = section(names) else { return Ok(false) };
    let (Some(at), Some(length)) = (number(table, 24, 8), number(table, 32, 8)) else {
        return Ok(false);
    };
    let names = read_at(&mut file, at, length)?;
    let is_debug_info = |index| {
        let begin = usize::try_from(number(section(index)?, 0, 4)?).ok()?;
        let name = names.get(begin..)?.split(|byte| *byte == 0).next()?;
        Some(name == SECTION)
    };
    Ok((0..count).any(|index| is_debug_info(index) == Some(true)))
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
