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

/// The path, content and mode of one file.
type PackedFile = (String, Vec<u8>, u32);

/// Writes a release with its `.sha256` file into a folder of the plain release layout.
pub(crate) fn write(mirror: &Path, version: &str, platform: &str, packed: Packed) -> Outcome {
    let folder = mirror.join(format!("v{version}"));
    fs::create_dir_all(&folder)?;
    let files = files(version, platform);
    let (ending, bytes) = match packed {
        Packed::TarGz => ("tar.gz", gzip(&tar(&files)?)?),
        Packed::TarZst => ("tar.zst", zstd::encode_all(&tar(&files)?[..], 3)?),
        Packed::Zip => ("zip", zip(&files)?),
    };
    let name = format!("{BINARY}-{version}-{platform}.{ending}");
    let sum = format!("{}  {name}\n", hex::encode(Sha256::digest(&bytes)));
    fs::write(folder.join(&name), bytes)?;
    fs::write(folder.join(format!("{name}.sha256")), sum)?;
    Ok(())
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
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    tar.append_link(&mut header, "share/server", format!("../{BINARY}"))?;
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
