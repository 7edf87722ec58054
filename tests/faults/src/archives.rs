//! The releases that the mirrors have: small archives in all formats, some files of which are the same in two versions.

use std::{fs, io::Write as _, path::Path};

use sha2::{Digest as _, Sha256};

use crate::tally::Outcome;

/// The binary of all releases.
pub(crate) const BINARY: &str = "loom-bridge-server";

/// How a release is packed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Packed {
    /// A tar archive in gzip.
    TarGz,
    /// A tar archive in Zstandard.
    TarZst,
    /// A zip archive.
    Zip,
}

impl Packed {
    /// How the name of a file ends.
    fn ending(self) -> &'static str {
        match self {
            Self::TarGz => "tar.gz",
            Self::TarZst => "tar.zst",
            Self::Zip => "zip",
        }
    }
}

/// The path, content and mode of one file.
type PackedFile = (String, Vec<u8>, u32);

/// Writes a release with its `.sha256` file into a folder of the plain release layout.
pub(crate) fn write(mirror: &Path, version: &str, platform: &str, packed: Packed) -> Outcome {
    let name = format!("{BINARY}-{version}-{platform}.{}", packed.ending());
    let bytes = pack(&files(version, platform), packed)?;
    put(&mirror.join(format!("v{version}")), &name, &bytes)
}

/// The archive of a release that is one program, and its name.
pub(crate) fn packed(
    binary: &str,
    version: &str,
    program: &str,
    packed: Packed,
) -> Outcome<(String, Vec<u8>)> {
    let name = format!("{binary}-{version}-linux-x86_64.{}", packed.ending());
    let files = [(binary.to_owned(), program.as_bytes().to_vec(), 0o755)];
    Ok((name, pack(&files, packed)?))
}

/// Puts an archive with its `.sha256` file into a folder.
pub(crate) fn put(folder: &Path, name: &str, bytes: &[u8]) -> Outcome {
    fs::create_dir_all(folder)?;
    let sum = format!("{}  {name}\n", hex::encode(Sha256::digest(bytes)));
    fs::write(folder.join(name), bytes)?;
    Ok(fs::write(folder.join(format!("{name}.sha256")), sum)?)
}

fn pack(files: &[PackedFile], packed: Packed) -> Outcome<Vec<u8>> {
    match packed {
        Packed::TarGz => gzip(&tar(files)?),
        Packed::TarZst => Ok(zstd::encode_all(&tar(files)?[..], 3)?),
        Packed::Zip => zip(files),
    }
}

/// A program that differs by version, and files that do not.
fn files(version: &str, platform: &str) -> Vec<PackedFile> {
    let program = format!("#!/bin/sh\n# {platform}\necho {BINARY} {version}\n");
    vec![
        ("LICENSE".to_owned(), b"free\n".repeat(20), 0o644),
        (BINARY.to_owned(), program.into_bytes(), 0o755),
        ("share/data".to_owned(), b"the same in all versions\n".repeat(40), 0o644),
        ("share/empty".to_owned(), Vec::new(), 0o644),
    ]
}

fn tar(files: &[PackedFile]) -> Outcome<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, bytes, mode) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(*mode);
        tar.append_data(&mut header, path, &bytes[..])?;
    }
    if files.iter().any(|(path, ..)| path == BINARY) {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        tar.append_link(&mut header, "share/server", format!("../{BINARY}"))?;
    }
    Ok(tar.into_inner()?)
}

fn gzip(bytes: &[u8]) -> Outcome<Vec<u8>> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(bytes)?;
    Ok(gzip.finish()?)
}

fn zip(files: &[PackedFile]) -> Outcome<Vec<u8>> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (path, bytes, mode) in files {
        let options = zip::write::SimpleFileOptions::default().unix_permissions(*mode);
        zip.start_file(path.as_str(), options)?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}
