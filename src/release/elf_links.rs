//! [`ElfLinks`]: what a program or a library for Linux needs to be loaded.

use std::{fs::File, io, path::Path};

use object::{
    LittleEndian, ReadCache, ReadRef,
    elf::{DT_NEEDED, DT_NULL, DT_STRSZ, DT_STRTAB, Dyn64, FileHeader64, Machine, ProgramHeader64},
    read::elf::{Dyn as _, FileHeader as _, ProgramHeader as _},
};

/// The longest name, in bytes.
const LONGEST: usize = 4096;

/// What a 64-bit little-endian ELF file needs to be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElfLinks {
    /// The processor.
    pub machine: Machine,
    /// The path of the loader; `None` for static programs, and for libraries.
    pub interpreter: Option<String>,
    /// The names of the libraries, as the file has them.
    pub libraries: Vec<String>,
}

impl ElfLinks {
    /// Reads a file; `None` for other files, and for those whose tables cannot be read.
    ///
    /// # Errors
    /// Whatever the operating system reports when the file is opened.
    pub fn read(path: &Path) -> io::Result<Option<Self>> {
        let cache = ReadCache::new(File::open(path)?);
        Ok(Self::of(&cache).ok())
    }

    fn of<'a>(data: impl ReadRef<'a>) -> object::Result<Self> {
        let header = FileHeader64::<LittleEndian>::parse(data)?;
        let endian = header.endian()?;
        let segments = header.program_headers(endian, data)?;
        let mut interpreter = None;
        let mut libraries = Vec::new();
        for segment in segments {
            if let Some(path) = segment.interpreter(endian, data)? {
                interpreter = Some(text(path));
            }
            let Some(entries) = segment.dynamic(endian, data)? else { continue };
            let value =
                |tag| entries.iter().find(|entry| entry.tag(endian) == tag).map(|e| e.val(endian));
            let (at, size) =
                (value(DT_STRTAB).unwrap_or_default(), value(DT_STRSZ).unwrap_or_default());
            let range = |part: &ProgramHeader64<LittleEndian>| {
                part.data_range(endian, data, at, size).ok().flatten()
            };
            let names = segments.iter().find_map(range).unwrap_or_default();
            libraries.extend(needed(entries, names));
        }
        Ok(Self { machine: header.e_machine(endian), interpreter, libraries })
    }
}

/// The names of the libraries in a dynamic section.
fn needed(entries: &[Dyn64<LittleEndian>], names: &[u8]) -> Vec<String> {
    let entries = entries.iter().take_while(|entry| entry.tag(LittleEndian) != DT_NULL);
    let needed = entries.filter(|entry| entry.tag(LittleEndian) == DT_NEEDED);
    let name = |entry: &Dyn64<LittleEndian>| {
        let begin = usize::try_from(entry.val(LittleEndian)).ok()?;
        names.get(begin..)?.split(|byte| *byte == 0).next().map(text)
    };
    needed.filter_map(name).collect()
}

/// A name of a file, for display and for use.
fn text(bytes: &[u8]) -> String {
    let bytes = &bytes[..bytes.len().min(LONGEST)];
    loom_base::clean::line(&String::from_utf8_lossy(bytes)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_program_names_its_loader_and_libraries() {
        let links = ElfLinks::read(&std::env::current_exe().unwrap()).unwrap().unwrap();
        // Static ones name neither.
        if let Some(loader) = links.interpreter {
            assert!(loader.contains("ld-"), "{loader}");
            assert!(
                links.libraries.iter().any(|name| name.starts_with("libc.")),
                "{:?}",
                links.libraries
            );
        }
    }

    #[test]
    fn other_and_broken_files_are_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let mut endless = b"\x7fELF\x02\x01\x01".to_vec();
        endless.resize(64, 0xff);
        for bytes in [&b""[..], b"#!/bin/sh\n", b"\x7fELF\x02\x01\x01", &endless] {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(ElfLinks::read(&path).unwrap(), None, "{bytes:x?}");
        }
    }
}
