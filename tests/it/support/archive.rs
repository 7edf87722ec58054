//! Release archives in all formats.

use std::io::{Cursor, Write};

use super::{BINARY, platform};

/// How a release's asset is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// `.tar.gz`
    TarGz,
    /// `.tar.zst`
    TarZst,
    /// `.zip`
    Zip,
    /// The program itself.
    Bare,
}

/// A file of an archive.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The path, with `/` as separator.
    pub path: String,
    /// Whether it is executable.
    pub exec: bool,
    /// The contents.
    pub bytes: Vec<u8>,
}

impl Entry {
    /// The entries of an archive that contains only the program, under the name [`BINARY`].
    pub fn program(bytes: &[u8]) -> Vec<Self> {
        vec![Self { path: BINARY.into(), exec: true, bytes: bytes.to_vec() }]
    }

    /// A file that is not executable.
    pub fn data(path: &str, bytes: &[u8]) -> Self {
        Self { path: path.into(), exec: false, bytes: bytes.to_vec() }
    }
}

impl Packing {
    /// All packings.
    pub const ALL: [Self; 4] = [Self::TarGz, Self::TarZst, Self::Zip, Self::Bare];

    /// The extension of the asset's name, with its dot; empty for a bare program.
    pub fn extension(self) -> &'static str {
        match self {
            Self::TarGz => ".tar.gz",
            Self::TarZst => ".tar.zst",
            Self::Zip => ".zip",
            Self::Bare => "",
        }
    }

    /// `loom-bridge-server-{version}-{platform}` and the extension.
    pub fn asset(self, version: &str) -> String {
        format!("{BINARY}-{version}-{}{}", platform(), self.extension())
    }

    /// The asset's bytes. A bare asset has one entry.
    pub fn pack(self, entries: &[Entry]) -> Vec<u8> {
        match self {
            Self::TarGz => gzip(&tar(entries)),
            Self::TarZst => zstd::encode_all(&tar(entries)[..], 1).unwrap(),
            Self::Zip => zip(entries),
            Self::Bare => entries[0].bytes.clone(),
        }
    }
}

/// An uncompressed tar archive.
pub fn tar(entries: &[Entry]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for Entry { path, exec, bytes } in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(if *exec { 0o755 } else { 0o644 });
        header.set_mtime(1_700_000_000);
        builder.append_data(&mut header, path, &bytes[..]).unwrap();
    }
    builder.into_inner().unwrap()
}

/// Compresses `bytes` with gzip at the fastest level.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A zip archive.
pub fn zip(entries: &[Entry]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for Entry { path, exec, bytes } in entries {
        let mode = if *exec { 0o755 } else { 0o644 };
        let options = zip::write::SimpleFileOptions::default().unix_permissions(mode);
        writer.start_file(path.as_str(), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}
