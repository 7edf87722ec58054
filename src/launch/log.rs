//! The output of a server: the newest in `log`, the two before it in `log.1` and `log.2`.
//!
//! The server writes into the file itself: its last lines are kept whichever process is killed, and its writes never
//! wait for the supervisor.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// Renames `log` to `log.1` and `log.1` to `log.2`, and opens a new `log`.
pub(super) fn rotate(log: &Path) -> io::Result<File> {
    for (from, to) in [(numbered(log, 1), numbered(log, 2)), (log.to_owned(), numbered(log, 1))] {
        match fs::rename(from, to) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
    }
    reopen(log)
}

/// Opens `log` to append to it.
pub(super) fn reopen(log: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(log)
}

fn numbered(log: &Path, n: u32) -> PathBuf {
    log.with_file_name(format!("log.{n}"))
}

/// The last `count` lines without their line feeds; invalid UTF-8 is replaced. Only the end of the file is
/// read.
///
/// # Errors
/// Whatever keeps the file from being read.
pub fn tail(log: &Path, count: usize) -> io::Result<Vec<String>> {
    let mut file = File::open(log)?;
    let start = tail_offset(&mut file, count)?;
    lines_from(&mut file, start)
}

/// The lines from byte `offset` on, without their line feeds.
pub(super) fn lines_from(file: &mut File, offset: u64) -> io::Result<Vec<String>> {
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect())
}

/// The offset at which the last `count` lines begin; the end of the file for 0.
pub(super) fn tail_offset(file: &mut File, count: usize) -> io::Result<u64> {
    const BLOCK: u64 = 16 * 1024;
    let end = file.seek(SeekFrom::End(0))?;
    if count == 0 {
        return Ok(end);
    }
    let mut block_end = end;
    let mut found = 0;
    while block_end > 0 {
        let from = block_end.saturating_sub(BLOCK);
        let mut block = vec![0; usize::try_from(block_end - from).unwrap_or_default()];
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(&mut block)?;
        for (i, _) in block.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n') {
            let after = from + i as u64 + 1;
            // The line feed of the last line begins no further line.
            if after == end {
                continue;
            }
            found += 1;
            if found >= count {
                return Ok(after);
            }
        }
        block_end = from;
    }
    Ok(0)
}

/// Reads a log as it grows, also over the change to a new file.
#[derive(Debug)]
pub struct LogFollower {
    path: PathBuf,
    file: Option<File>,
    /// The number of bytes of `file` that were read.
    read: u64,
}

impl LogFollower {
    /// Reads from the beginning. The file need not exist yet.
    pub fn from_start(log: &Path) -> Self {
        Self { path: log.to_owned(), file: None, read: 0 }
    }

    /// Reads `file`, which is `log`, from byte `offset` on.
    pub(super) fn from_offset(log: &Path, mut file: File, offset: u64) -> io::Result<Self> {
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self { path: log.to_owned(), file: Some(file), read: offset })
    }

    /// Copies to `out` what was appended since the last call; returns the number of bytes.
    ///
    /// # Errors
    /// Whatever keeps the file from being read, or `out` from being written.
    pub fn copy_to(&mut self, out: &mut dyn Write) -> io::Result<u64> {
        let mut copied = self.copy_open(out)?;
        if self.was_replaced()? {
            // What was written between the last read and the change is still in the old file.
            copied += self.copy_open(out)?;
            self.file = None;
            copied += self.copy_open(out)?;
        }
        Ok(copied)
    }

    fn copy_open(&mut self, out: &mut dyn Write) -> io::Result<u64> {
        if self.file.is_none() {
            match File::open(&self.path) {
                Ok(file) => (self.file, self.read) = (Some(file), 0),
                Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(0),
                Err(e) => return Err(e),
            }
        }
        let Some(file) = &mut self.file else { return Ok(0) };
        let copied = io::copy(file, out)?;
        self.read += copied;
        Ok(copied)
    }

    /// Whether `path` names another file than the open one.
    fn was_replaced(&self) -> io::Result<bool> {
        let Some(file) = &self.file else { return Ok(false) };
        let (open, named) = match fs::metadata(&self.path) {
            Ok(named) => (file.metadata()?, named),
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(e) => return Err(e),
        };
        #[cfg(unix)]
        let same = {
            use std::os::unix::fs::MetadataExt;
            (open.dev(), open.ino()) == (named.dev(), named.ino())
        };
        #[cfg(not(unix))]
        let same = open.created().ok() == named.created().ok() && named.len() >= self.read;
        Ok(!same)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_logs_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        for n in 0..5 {
            write!(rotate(&log).unwrap(), "{n}").unwrap();
        }
        let mut kept: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|e| e.unwrap())
            .map(|e| (e.file_name().into_string().unwrap(), fs::read_to_string(e.path()).unwrap()))
            .collect();
        kept.sort();
        let kept: Vec<_> = kept.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
        assert_eq!(kept, [("log", "4"), ("log.1", "3"), ("log.2", "2")]);
    }

    #[test]
    fn the_tail_is_the_last_lines_of_files_of_any_size() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        for (text, count, expected) in [
            ("", 3, vec![]),
            ("a", 3, vec!["a"]),
            ("a\nb\n", 1, vec!["b"]),
            ("a\nb\nc", 2, vec!["b", "c"]),
            ("a\n\n", 2, vec!["a", ""]),
        ] {
            fs::write(&log, text).unwrap();
            assert_eq!(tail(&log, count).unwrap(), expected, "{text:?}");
        }
        let lines: Vec<String> = (0..20_000).map(|n| format!("line {n}")).collect();
        fs::write(&log, lines.join("\n")).unwrap();
        assert_eq!(tail(&log, 5_000).unwrap(), lines[15_000..]);
    }

    #[test]
    fn a_follower_continues_in_the_new_file_and_misses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut seen = Vec::new();
        let mut follow = LogFollower::from_start(&log);
        assert_eq!(follow.copy_to(&mut seen).unwrap(), 0);
        let mut first = rotate(&log).unwrap();
        writeln!(first, "one").unwrap();
        follow.copy_to(&mut seen).unwrap();
        writeln!(first, "two").unwrap();
        writeln!(rotate(&log).unwrap(), "three").unwrap();
        follow.copy_to(&mut seen).unwrap();
        assert_eq!(String::from_utf8(seen).unwrap(), "one\ntwo\nthree\n");
    }
}
