//! [`FileKind`]: what a file is, by its first bytes.

use std::fmt;

use loom_source::{ArchiveFormat, Platform};

/// How many bytes at the beginning of a file are looked at.
pub const HEAD: usize = 4096;

/// What a file is, by its first bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileKind {
    /// An executable for these platforms; none for one of another system or processor.
    Executable(Vec<Platform>),
    /// A script: the file begins with `#!`.
    Script,
    /// The file has no bytes.
    Empty,
    /// An archive or a compressed file.
    Archive(&'static str),
    /// A page or another document of the web.
    Page(&'static str),
    /// Nothing that is known.
    Unknown,
}

/// The signatures of archives and compressed files, by their offset.
const ARCHIVES: [(usize, &[u8], &str); 12] = [
    (0, b"\x1f\x8b", "a gzip file"),
    (0, b"\x28\xb5\x2f\xfd", "a zstd file"),
    (0, b"PK\x03\x04", "a zip archive"),
    (0, b"PK\x05\x06", "an empty zip archive"),
    (257, b"ustar", "a tar archive without compression"),
    (0, b"\xfd7zXZ\0", "an xz file"),
    (0, b"BZh", "a bzip2 file"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"Rar!", "a rar archive"),
    (0, b"\x04\x22\x4d\x18", "an lz4 file"),
    (0, b"!<arch>\n", "an ar archive or a Debian package"),
    (0, b"\xed\xab\xee\xdb", "an RPM package"),
];

/// The beginnings of web documents.
const PAGES: [(&str, &str); 9] = [
    ("<!doctype html", "an HTML page"),
    ("<html", "an HTML page"),
    ("<head", "an HTML page"),
    ("<body", "an HTML page"),
    ("<script", "an HTML page"),
    ("<title", "an HTML page"),
    ("<meta", "an HTML page"),
    ("<!--", "an HTML page"),
    ("<?xml", "an XML document"),
];

impl FileKind {
    /// The kind of a file that begins with these bytes, up to [`HEAD`].
    pub fn of(head: &[u8]) -> Self {
        if head.is_empty() {
            return Self::Empty;
        }
        if head.starts_with(b"#!") {
            return Self::Script;
        }
        if let Some(platforms) = elf(head).or_else(|| mach_o(head)).or_else(|| pe(head)) {
            return Self::Executable(platforms);
        }
        let is_at = |(at, signature, _): &&(usize, &[u8], &str)| {
            head.get(*at..).is_some_and(|rest| rest.starts_with(signature))
        };
        if let Some((_, _, name)) = ARCHIVES.iter().find(is_at) {
            return Self::Archive(name);
        }
        let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
        let begins = |(tag, _): &&(&str, &str)| {
            text.get(..tag.len()).is_some_and(|text| text.eq_ignore_ascii_case(tag.as_bytes()))
        };
        PAGES.iter().find(begins).map_or(Self::Unknown, |(_, name)| Self::Page(name))
    }

    /// Whether the file is a program of a platform; `None` where that is unknown.
    pub fn is_program_of(&self, platform: Platform) -> Option<bool> {
        match self {
            Self::Executable(platforms) => Some(platforms.contains(&platform)),
            Self::Script => Some(true),
            Self::Empty | Self::Archive(_) | Self::Page(_) => Some(false),
            Self::Unknown => None,
        }
    }

    /// The format of an archive that can be unpacked.
    pub fn archive_format(&self) -> Option<ArchiveFormat> {
        match self {
            Self::Archive("a gzip file") => Some(ArchiveFormat::TarGz),
            Self::Archive("a zstd file") => Some(ArchiveFormat::TarZst),
            Self::Archive("a zip archive") => Some(ArchiveFormat::Zip),
            _ => None,
        }
    }
}

impl fmt::Display for FileKind {
    /// Such as "a tar archive without compression".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Executable(platforms) if platforms.is_empty() => {
                f.write_str("a program for another system or processor")
            }
            Self::Executable(platforms) => {
                let names: Vec<&str> = platforms.iter().map(|platform| platform.as_str()).collect();
                write!(f, "a program for {}", names.join(", "))
            }
            Self::Script => f.write_str("a script"),
            Self::Empty => f.write_str("an empty file"),
            Self::Archive(name) | Self::Page(name) => f.write_str(name),
            Self::Unknown => f.write_str("neither an executable nor a script"),
        }
    }
}

fn u16_at(head: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*head.get(at..)?.first_chunk()?))
}

fn u32_at(head: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*head.get(at..)?.first_chunk()?))
}

/// The platforms of an ELF executable (System V ABI): the machine is at offset 18, the type before it.
fn elf(head: &[u8]) -> Option<Vec<Platform>> {
    /// An executable, and one that can be loaded at any address.
    const TYPES: [u16; 2] = [2, 3];
    if !head.starts_with(b"\x7fELF") {
        return None;
    }
    let is_executable = u16_at(head, 16).is_some_and(|kind| TYPES.contains(&kind));
    Some(match u16_at(head, 18) {
        Some(62) if is_executable => vec![Platform::LinuxX86_64],
        Some(183) if is_executable => vec![Platform::LinuxAarch64],
        _ => vec![],
    })
}

/// The platforms of a Mach-O executable, for one processor or for several.
fn mach_o(head: &[u8]) -> Option<Vec<Platform>> {
    /// A file of Java classes has the same signature, and its version here.
    const MOST: u32 = 20;
    let platform = |processor| match processor {
        0x0100_0007 => Some(Platform::MacosX86_64),
        0x0100_000c => Some(Platform::MacosAarch64),
        _ => None,
    };
    if head.starts_with(b"\xcf\xfa\xed\xfe") || head.starts_with(b"\xce\xfa\xed\xfe") {
        return Some(u32_at(head, 4).and_then(platform).into_iter().collect());
    }
    let count = u32_at(head, 4).map(u32::swap_bytes).filter(|count| *count <= MOST)?;
    if !head.starts_with(b"\xca\xfe\xba\xbe") {
        return None;
    }
    let processors = (0..count as usize).filter_map(|n| u32_at(head, 8 + 20 * n));
    Some(processors.map(u32::swap_bytes).filter_map(platform).collect())
}

/// The platforms of a Windows executable: the offset of its header is at offset 60.
fn pe(head: &[u8]) -> Option<Vec<Platform>> {
    if !head.starts_with(b"MZ") {
        return None;
    }
    let at = usize::try_from(u32_at(head, 60)?).ok()?;
    let header = head.get(at..).filter(|header| header.starts_with(b"PE\0\0"));
    let is_x86_64 = header.and_then(|header| u16_at(header, 4)) == Some(0x8664);
    Some(if is_x86_64 { vec![Platform::WindowsX86_64] } else { vec![] })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elf_of(kind: u8, machine: u8) -> Vec<u8> {
        let mut head = b"\x7fELF\x02\x01\x01".to_vec();
        head.resize(16, 0);
        head.extend([kind, 0, machine, 0]);
        head
    }

    fn pe_of(machine: [u8; 2]) -> Vec<u8> {
        let mut head = b"MZ".to_vec();
        head.resize(60, 0);
        head.extend([0x80, 0, 0, 0]);
        head.resize(0x80, 0);
        head.extend(b"PE\0\0");
        head.extend(machine);
        head
    }

    #[test]
    fn programs_are_recognised_with_their_platform() {
        use Platform::{LinuxAarch64, LinuxX86_64, MacosAarch64, MacosX86_64, WindowsX86_64};
        let fat =
            b"\xca\xfe\xba\xbe\0\0\0\x02\x01\0\0\x07........\0\0\0\0....\x01\0\0\x0c".to_vec();
        for (head, platforms) in [
            (elf_of(3, 62), vec![LinuxX86_64]),
            (elf_of(2, 183), vec![LinuxAarch64]),
            (elf_of(1, 62), vec![]),
            (elf_of(2, 3), vec![]),
            (b"\x7fELF".to_vec(), vec![]),
            (b"\xcf\xfa\xed\xfe\x07\0\0\x01".to_vec(), vec![MacosX86_64]),
            (b"\xcf\xfa\xed\xfe\x0c\0\0\x01".to_vec(), vec![MacosAarch64]),
            (fat, vec![MacosX86_64, MacosAarch64]),
            (pe_of([0x64, 0x86]), vec![WindowsX86_64]),
            (pe_of([0x4c, 0x01]), vec![]),
        ] {
            assert_eq!(FileKind::of(&head), FileKind::Executable(platforms), "{head:x?}");
        }
        assert_eq!(FileKind::of(b"\xca\xfe\xba\xbe\0\0\0\x34"), FileKind::Unknown);
        let this = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let platform = Platform::current().unwrap();
        assert_eq!(FileKind::of(&this[..HEAD]).is_program_of(platform), Some(true));
    }

    #[test]
    fn other_files_are_named() {
        let mut tar = vec![0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        for (head, name, format) in [
            (&b""[..], "an empty file", None),
            (b"#!/bin/sh\n", "a script", None),
            (b"\x1f\x8b\x08", "a gzip file", Some(ArchiveFormat::TarGz)),
            (b"\x28\xb5\x2f\xfd", "a zstd file", Some(ArchiveFormat::TarZst)),
            (b"PK\x03\x04", "a zip archive", Some(ArchiveFormat::Zip)),
            (&tar, "a tar archive without compression", None),
            (b"\xfd7zXZ\0", "an xz file", None),
            (b"BZh9", "a bzip2 file", None),
            (b"\xef\xbb\xbf\r\n<!DOCTYPE html>", "an HTML page", None),
            (b"<?xml version=\"1.0\"?>", "an XML document", None),
            (b"Not Found", "neither an executable nor a script", None),
        ] {
            let kind = FileKind::of(head);
            assert_eq!((kind.to_string().as_str(), kind.archive_format()), (name, format));
        }
    }
}
