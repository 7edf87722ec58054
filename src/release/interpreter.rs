//! The loader that a program for Linux needs.

use std::{fs::File, io, path::Path};

use super::elf_file::{is_elf, number, read_at};

/// The type of the segment that names the loader (`PT_INTERP`).
const INTERPRETER: u64 = 3;

/// The longest path of a loader, in bytes.
const LONGEST: u64 = 4096;

/// The path of the loader that a 64-bit little-endian ELF file names; `None` for static programs and other files.
///
/// # Errors
/// Whatever the operating system reports.
pub fn of(program: &Path) -> io::Result<Option<String>> {
    let mut file = File::open(program)?;
    let header = read_at(&mut file, 0, 64)?;
    if !is_elf(&header) {
        return Ok(None);
    }
    let fields = [(0x20, 8), (0x36, 2), (0x38, 2)].map(|(at, length)| number(&header, at, length));
    let [Some(at), Some(size), Some(count)] = fields else { return Ok(None) };
    let segments = read_at(&mut file, at, size.saturating_mul(count))?;
    let place = |index: u64| {
        let begin = usize::try_from(index.checked_mul(size)?).ok()?;
        let segment = segments.get(begin..)?;
        let is_interpreter = number(segment, 0, 4)? == INTERPRETER;
        is_interpreter.then_some((number(segment, 8, 8)?, number(segment, 32, 8)?))
    };
    let Some((at, length)) = (0..count).find_map(place) else { return Ok(None) };
    let bytes = read_at(&mut file, at, length.min(LONGEST))?;
    let path = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    Ok(Some(loom_base::clean::line(&String::from_utf8_lossy(path)).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_program_names_its_loader() {
        let loader = of(Path::new("/bin/sh")).unwrap();
        assert!(loader.is_none_or(|path| path.starts_with("/lib")), "/bin/sh");
        let this = of(&std::env::current_exe().unwrap()).unwrap();
        assert!(this.is_none_or(|path| path.contains("ld-")));
    }

    #[test]
    fn other_and_broken_files_name_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let mut endless = b"\x7fELF\x02\x01".to_vec();
        endless.resize(64, 0xff);
        for bytes in [&b""[..], b"#!/bin/sh\n", b"\x7fELF\x02\x01\x01", &endless] {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(of(&path).unwrap(), None, "{bytes:x?}");
        }
    }
}
