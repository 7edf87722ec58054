//! What a file is, by its first page, before it is opened to be written, changed, or joined by other files.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read as _},
    path::Path,
};

use crate::{
    error::HistoryError,
    schema::{APPLICATION_ID, SCHEMA_VERSION},
    store::beside,
};

const PAGE_BYTES: u64 = 4096;
/// The first bytes of a database (<https://www.sqlite.org/fileformat2.html>).
const MAGIC: &[u8] = b"SQLite format 3\0";
/// The bytes of the header of a database; the root of its tables follows.
const HEADER_BYTES: usize = 100;
/// The root of the tables is a leaf.
const LEAF: u8 = 13;
/// The bytes of the header of SQLite's log of changes, and of the header of each page in it.
const LOG_HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;

/// Refuses what is no history, or a newer one. Nothing is changed. Where there is no file, one may be made.
///
/// Not to be called in a process that has the file open in SQLite: closing any descriptor of it gives up SQLite's locks.
pub(crate) fn examine(path: &Path) -> Result<(), HistoryError> {
    let io_error = |source| HistoryError::Io { path: path.to_owned(), source };
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        // Opening a pipe would wait for its other end.
        found => expect_file(&found.map_err(io_error)?).map_err(io_error)?,
    }
    let page = File::open(path).and_then(|file| first_page(&file)).map_err(io_error)?;
    let foreign = || Err(HistoryError::Foreign(path.to_owned()));
    if page.is_empty() {
        return Ok(());
    }
    if is_remainder(&page) {
        // What a power cut left of a history: its lock tells it from the file of another program.
        return if beside(path, ".lock").exists() { Ok(()) } else { foreign() };
    }
    match number(&page, 68).map(i64::from) {
        Some(APPLICATION_ID) => refuse_newer(&page, path),
        // One that was killed early has its tables in the log of changes alone.
        Some(0) if is_empty(&page) => match first_page_of_log(path).map_err(io_error)? {
            Some(page) if number(&page, 68).map(i64::from) == Some(APPLICATION_ID) => {
                refuse_newer(&page, path)
            }
            Some(page) if !is_empty(&page) => foreign(),
            _ => Ok(()),
        },
        _ => foreign(),
    }
}

/// Refuses a folder, a device or a pipe.
pub(crate) fn expect_file(metadata: &fs::Metadata) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "expected a regular file"))
}

/// Whether a file that is not empty begins with zeros, as a file system may leave it after a power cut, or is shorter
/// than its header says.
pub(crate) fn is_cut_or_zeroed(file: &File, path: &Path) -> io::Result<bool> {
    let page = first_page(file)?;
    if !page.is_empty() && is_remainder(&page) {
        return Ok(true);
    }
    // A log of changes may hold the missing pages: a process may have been killed while it wrote them back.
    if fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > 0) {
        return Ok(false);
    }
    let length = file.metadata()?.len();
    Ok(stated_length(&page).is_some_and(|stated| stated > length))
}

fn first_page(file: &File) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    file.take(PAGE_BYTES).read_to_end(&mut page)?;
    Ok(page)
}

/// Whether a page is what is left of one: zeros, or the beginning of a header.
fn is_remainder(page: &[u8]) -> bool {
    let is_cut = page.len() < HEADER_BYTES && page.starts_with(MAGIC);
    is_cut || page.iter().all(|byte| *byte == 0)
}

fn refuse_newer(page: &[u8], path: &Path) -> Result<(), HistoryError> {
    let (found, supported) = (number(page, 60).map_or(0, i64::from), SCHEMA_VERSION);
    if found <= supported {
        return Ok(());
    }
    Err(HistoryError::NewerSchema { path: path.to_owned(), found, supported })
}

/// Whether the first page of a database has no tables.
fn is_empty(page: &[u8]) -> bool {
    let root = page.get(HEADER_BYTES..HEADER_BYTES + 5);
    page.starts_with(MAGIC) && root.is_some_and(|root| root[0] == LEAF && root[3..] == [0, 0])
}

/// The latest first page in SQLite's log of changes, if that has one.
fn first_page_of_log(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let log = match File::open(beside(path, "-wal")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        log => log?,
    };
    expect_file(&log.metadata()?)?;
    let mut log = BufReader::new(log);
    let mut header = [0; LOG_HEADER_BYTES];
    if log.read_exact(&mut header).is_err() {
        return Ok(None);
    }
    let page_bytes = number(&header, 8).filter(|bytes| *bytes <= 65_536).unwrap_or_default();
    let mut frame = vec![0; FRAME_HEADER_BYTES + page_bytes as usize];
    let mut found = None;
    // A frame with another salt is left from before; a shorter one was never finished.
    while log.read_exact(&mut frame).is_ok() && frame[8..16] == header[16..24] {
        if number(&frame, 0) == Some(1) {
            found = Some(frame[FRAME_HEADER_BYTES..].to_vec());
        }
    }
    Ok(found)
}

/// The length that the header of a database states, if it does.
fn stated_length(page: &[u8]) -> Option<u64> {
    if !page.starts_with(MAGIC) {
        return None;
    }
    let page_size = page.get(16..18)?.try_into().ok().map(u16::from_be_bytes)?;
    let page_size = if page_size == 1 { 65_536 } else { u64::from(page_size) };
    // The number of pages counts only if the version that wrote it was the last one that wrote.
    let (changes, valid_for) = (number(page, 24)?, number(page, 92)?);
    (changes == valid_for).then_some(u64::from(number(page, 28)?) * page_size)
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
