//! Writes reproducible archives: equal files and an equal time give equal bytes, whoever packs them, when, and under
//! which umask.
//!
//! Entries are sorted by the bytes of their names. Owner and group are 0 and have no names, modes are 0755 or 0644, and
//! the gzip header has neither time nor name nor operating system. Compression is at the highest level, whose matches do
//! not depend on the instructions of the processor.

use std::{
    fs::File,
    io::{self, Read as _, Seek, SeekFrom, Write},
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use flate2::{Compression, GzBuilder};
use loom_source::ArchiveFormat;

/// A file to be packed.
#[derive(Debug, Clone)]
pub(super) struct ArchiveFile {
    /// The name in the archive.
    pub(super) name: String,
    /// Where the bytes are.
    pub(super) path: PathBuf,
    /// Whether the file may be executed.
    pub(super) executable: bool,
    /// The number of bytes.
    pub(super) size: u64,
}

/// The operating system in a gzip header: unknown (RFC 1952).
const UNKNOWN_SYSTEM: u8 = 255;

/// The first time that a zip archive can hold: 1980-01-01.
const ZIP_EPOCH: Duration = Duration::from_secs(315_532_800);

/// Writes the archive of these files, which are sorted by name.
pub(super) fn write(
    format: ArchiveFormat,
    files: &[ArchiveFile],
    time: SystemTime,
    out: &mut (impl Write + Seek),
) -> io::Result<()> {
    match format {
        ArchiveFormat::TarGz => {
            let gzip = GzBuilder::new().mtime(0).operating_system(UNKNOWN_SYSTEM);
            let mut gzip = gzip.write(out, Compression::best());
            write_tar(files, time, &mut gzip)?;
            gzip.finish()?.flush()
        }
        ArchiveFormat::Zip => write_zip(files, time, out),
        ArchiveFormat::TarZst => {
            Err(io::Error::new(io::ErrorKind::Unsupported, "releases are not packed as tar.zst"))
        }
    }
}

fn mode(file: &ArchiveFile) -> u32 {
    if file.executable { 0o755 } else { 0o644 }
}

fn write_tar(files: &[ArchiveFile], time: SystemTime, out: &mut impl Write) -> io::Result<()> {
    let mut tar = tar::Builder::new(out);
    for file in files {
        let mut header = tar::Header::new_ustar();
        header.set_path(&file.name)?;
        header.set_size(file.size);
        header.set_mode(mode(file));
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs());
        header.set_entry_type(tar::EntryType::Regular);
        header.set_cksum();
        tar.append(&header, exactly(file)?)?;
    }
    tar.into_inner()?;
    Ok(())
}

fn write_zip(
    files: &[ArchiveFile],
    time: SystemTime,
    out: &mut (impl Write + Seek),
) -> io::Result<()> {
    out.seek(SeekFrom::Start(0))?;
    let mut zip = zip::ZipWriter::new(out);
    for file in files {
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Deflated)
            .compression_level(Some(9))
            .last_modified_time(zip_time(time))
            .unix_permissions(mode(file))
            .large_file(file.size > u64::from(u32::MAX))
            // The default is that of the machine that packs.
            .system(zip::System::Unix);
        zip.start_file(file.name.as_str(), options)?;
        io::copy(&mut exactly(file)?, &mut zip)?;
    }
    zip.finish()?.flush()
}

/// The time as zip holds it: in UTC, since 1980, in steps of two seconds.
fn zip_time(time: SystemTime) -> zip::DateTime {
    let text = loom_base::time::format_rfc3339(time.max(UNIX_EPOCH + ZIP_EPOCH));
    let number = |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse().ok());
    let parts = || {
        let [month, day, hour, minute, second] =
            [(5, 7), (8, 10), (11, 13), (14, 16), (17, 19)].map(|(from, to)| number(from, to));
        let year: u16 = text.get(..4)?.parse().ok()?;
        let (month, day): (u16, u16) = (month?, day?);
        let (hour, minute, second): (u16, u16, u16) = (hour?, minute?, second?);
        let [month, day, hour, minute, second] =
            [month, day, hour, minute, second].map(|part| u8::try_from(part).unwrap_or_default());
        zip::DateTime::from_date_and_time(year, month, day, hour, minute, second).ok()
    };
    // Later times than 2107 do not exist in zip.
    parts().unwrap_or_default()
}

/// The bytes of a file, which must have kept its size.
fn exactly(file: &ArchiveFile) -> io::Result<impl io::Read> {
    let open = File::open(&file.path)?;
    if open.metadata()?.len() != file.size {
        return Err(io::Error::other(format!(
            "{} changed while it was packed",
            file.path.display()
        )));
    }
    Ok(open.take(file.size))
}
