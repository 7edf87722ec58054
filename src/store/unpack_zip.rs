//! Unpacks a zip file into a staged tree.

use std::io::{self, Read, Seek, SeekFrom};

use loom_source::ArchiveFormat;
use zip::{ZipArchive, read::ZipFile};

use super::{
    Staged, UnpackError,
    limits::{LONGEST_TARGET, Packed},
    zip_spans::ZipSpans,
};

/// The file type bits of a Unix mode, and two of their values.
const TYPE: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const LINK: u32 = 0o120_000;
const FOLDER: u32 = 0o040_000;

/// The length of the end record without its comment.
const END: usize = 22;

impl Staged {
    /// Unpacks a complete zip file.
    ///
    /// `strip` says whether the single top folder is dropped; with `None` it is dropped where all paths are below it.
    ///
    /// # Errors
    /// [`UnpackError`] for a broken or forbidden archive, or one that exceeds a limit. The staged tree is then unusable.
    pub fn unpack_zip(
        &mut self,
        mut zip: impl Read + Seek,
        strip: Option<bool>,
    ) -> Result<(), UnpackError> {
        let size = zip.seek(SeekFrom::End(0)).map_err(UnpackError::Read)?;
        let tail = tail(&mut zip, size).map_err(UnpackError::Read)?;
        self.check_whole(&mut zip, size, &tail)?;
        let mut archive = ZipArchive::new(zip).map_err(UnpackError::Zip)?;
        // The ratio is that of the whole archive, and each byte counts when it is written.
        let packed: Packed<'_> = Some(&|| size);
        for index in 0..archive.len() {
            let entry = archive.by_index_raw(index).map_err(UnpackError::Zip)?;
            if entry.encrypted() {
                let path = String::from_utf8_lossy(entry.name_raw()).into_owned();
                return Err(UnpackError::Entry { path, why: "it is encrypted" });
            }
            drop(entry);
            self.add_zipped(archive.by_index(index).map_err(UnpackError::Zip)?, packed)?;
        }
        let stripped = self.strip(strip)?;
        self.check_lengths()?;
        self.unpacked = Some((Some(ArchiveFormat::Zip), stripped));
        Ok(())
    }

    /// Refuses files in which two readers could see two different archives.
    fn check_whole(
        &self,
        zip: &mut (impl Read + Seek),
        size: u64,
        tail: &[u8],
    ) -> Result<(), UnpackError> {
        let mut archive = ZipArchive::new(&mut *zip).map_err(UnpackError::Zip)?;
        if archive.len() as u64 > self.limits.files.saturating_mul(2) {
            return Err(UnpackError::Limit { what: "files", limit: self.limits.files });
        }
        if archive.offset() != 0 {
            return Err(UnpackError::Trailing("before"));
        }
        let whole = |why| UnpackError::Entry { path: "(the whole archive)".into(), why };
        if archive.has_duplicate_names() {
            return Err(whole("a name occurs twice"));
        }
        if archive.has_overlapping_entries().map_err(UnpackError::Zip)? {
            return Err(whole("entries overlap"));
        }
        archive.validate_header_consistency().map_err(UnpackError::Zip)?;
        // The parser searches backwards for the end record and would overlook data after it.
        let record = tail.len().checked_sub(END + archive.comment().len());
        let record = record.filter(|at| tail[*at..].starts_with(b"PK\x05\x06"));
        let record = record.ok_or(UnpackError::Trailing("after"))?;
        let end_record = size - (tail.len() - record) as u64;
        ZipSpans::of(&mut archive)?.check(zip, end_record)
    }

    fn add_zipped(
        &mut self,
        entry: ZipFile<'_, impl Read + Seek>,
        packed: Packed<'_>,
    ) -> Result<(), UnpackError> {
        let path = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let refuse = |why| UnpackError::Entry { path: path.clone(), why };
        let mode = entry.unix_mode().unwrap_or(0);
        if entry.is_dir() || path.ends_with('/') || mode & TYPE == FOLDER {
            return self.folder_entry(&path);
        }
        let size = entry.size();
        match mode & TYPE {
            LINK => {
                let mut target = String::new();
                let read = entry.take(LONGEST_TARGET as u64 + 1).read_to_string(&mut target);
                read.map_err(UnpackError::Read)?;
                self.add_link(&path, target, packed)
            }
            0 | REGULAR => {
                self.check_room(size)?;
                // One byte more than stated is enough to see that the stated size is wrong.
                let limited = entry.take(size.saturating_add(1));
                let measured = self.add_file(&path, mode & 0o100 != 0, limited, packed)?;
                if measured.size == size {
                    Ok(())
                } else {
                    Err(refuse("its size differs from the stated size"))
                }
            }
            _ => Err(refuse("it is neither file, folder nor link")),
        }
    }
}

/// The last bytes of the file: the end record and the longest comment that can follow it.
fn tail(zip: &mut (impl Read + Seek), size: u64) -> io::Result<Vec<u8>> {
    let most = (END + usize::from(u16::MAX)) as u64;
    zip.seek(SeekFrom::Start(size.saturating_sub(most)))?;
    let mut tail = vec![];
    zip.by_ref().take(most).read_to_end(&mut tail)?;
    zip.rewind()?;
    Ok(tail)
}
