//! A server's output: the newest in `log`, the two before it in `log.1` and `log.2`.
//!
//! The server writes into the file itself, so that its last words are there whoever is killed, and nothing of it
//! waits for us.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// Moves the logs of `folder` on by one and opens a new one; three are kept.
pub(super) fn begin(log: &Path) -> io::Result<File> {
    for (from, to) in [(numbered(log, 1), numbered(log, 2)), (log.to_owned(), numbered(log, 1))] {
        match fs::rename(from, to) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
    }
    again(log)
}

/// Opens the newest log to go on writing.
pub(super) fn again(log: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(log)
}

fn numbered(log: &Path, n: u32) -> PathBuf {
    log.with_file_name(format!("log.{n}"))
}

/// The last `count` lines, without their ends; invalid UTF-8 is replaced. Reads no more than it has to.
pub fn tail(log: &Path, count: usize) -> io::Result<Vec<String>> {
    let mut file = File::open(log)?;
    if count == 0 {
        return Ok(Vec::new());
    }
    let start = start_of_tail(&mut file, count)?;
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect())
}

/// Where the last `count` lines begin.
fn start_of_tail(file: &mut File, count: usize) -> io::Result<u64> {
    const BLOCK: u64 = 16 * 1024;
    let end = file.seek(SeekFrom::End(0))?;
    let mut at = end;
    let mut found = 0;
    while at > 0 {
        let from = at.saturating_sub(BLOCK);
        let mut block = vec![0; usize::try_from(at - from).unwrap_or_default()];
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(&mut block)?;
        for (i, _) in block.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n') {
            let after = from + i as u64 + 1;
            // The last line's own end begins no line.
            if after == end {
                continue;
            }
            found += 1;
            if found >= count {
                return Ok(after);
            }
        }
        at = from;
    }
    Ok(0)
}

/// Reads on in a log as it grows, over a change to a new file too.
#[derive(Debug)]
pub struct LogFollower {
    path: PathBuf,
    file: Option<File>,
    /// Bytes of `file` that were read.
    read: u64,
}

impl LogFollower {
    /// From the beginning.
    pub fn from_start(log: &Path) -> Self {
        Self { path: log.to_owned(), file: None, read: 0 }
    }

    /// From the beginning of the last `count` lines.
    pub fn from_tail(log: &Path, count: usize) -> io::Result<Self> {
        let mut file = File::open(log)?;
        let read = match count {
            0 => file.seek(SeekFrom::End(0))?,
            _ => start_of_tail(&mut file, count)?,
        };
        file.seek(SeekFrom::Start(read))?;
        Ok(Self { path: log.to_owned(), file: Some(file), read })
    }

    /// Writes to `out` what has come since the last time; answers how many bytes that were.
    pub fn copy_to(&mut self, out: &mut dyn Write) -> io::Result<u64> {
        let mut copied = self.copy_open(out)?;
        if self.moved_on()? {
            // What was written between the last look and the change is still in the old file.
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

    /// Whether `path` names another file than the one that is read.
    fn moved_on(&self) -> io::Result<bool> {
        let Some(file) = &self.file else { return Ok(false) };
        let (ours, theirs) = match fs::metadata(&self.path) {
            Ok(theirs) => (file.metadata()?, theirs),
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(e) => return Err(e),
        };
        #[cfg(unix)]
        let same = {
            use std::os::unix::fs::MetadataExt;
            (ours.dev(), ours.ino()) == (theirs.dev(), theirs.ino())
        };
        #[cfg(not(unix))]
        let same = ours.created().ok() == theirs.created().ok() && theirs.len() >= self.read;
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
            write!(begin(&log).unwrap(), "{n}").unwrap();
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
    fn the_tail_is_the_last_lines_whatever_the_size() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        for (text, count, last) in [
            ("", 3, vec![]),
            ("a", 3, vec!["a"]),
            ("a\nb\n", 1, vec!["b"]),
            ("a\nb\nc", 2, vec!["b", "c"]),
            ("a\n\n", 2, vec!["a", ""]),
        ] {
            fs::write(&log, text).unwrap();
            assert_eq!(tail(&log, count).unwrap(), last, "{text:?}");
        }
        let lines: Vec<String> = (0..20_000).map(|n| format!("line {n}")).collect();
        fs::write(&log, lines.join("\n")).unwrap();
        assert_eq!(tail(&log, 5_000).unwrap(), lines[15_000..]);
    }

    #[test]
    fn a_follower_goes_over_to_the_new_file_and_misses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut seen = Vec::new();
        let mut follow = LogFollower::from_start(&log);
        assert_eq!(follow.copy_to(&mut seen).unwrap(), 0);
        let mut first = begin(&log).unwrap();
        writeln!(first, "one").unwrap();
        follow.copy_to(&mut seen).unwrap();
        writeln!(first, "two").unwrap();
        writeln!(begin(&log).unwrap(), "three").unwrap();
        follow.copy_to(&mut seen).unwrap();
        assert_eq!(String::from_utf8(seen).unwrap(), "one\ntwo\nthree\n");
        let mut rest = Vec::new();
        LogFollower::from_tail(&log, 0).unwrap().copy_to(&mut rest).unwrap();
        assert!(rest.is_empty());
    }
}
