//! The output of a server: the newest in `log`, the two before it in `log.1` and `log.2`.
//!
//! The server writes into the file itself: its last lines are kept whichever process is killed, and its writes never
//! wait for the supervisor.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

/// Renames `log` to `log.1` and `log.1` to `log.2`, and opens a new `log`.
pub(super) fn rotate(log: &Path) -> io::Result<File> {
    shift(log)?;
    rename(log, &numbered(log, 1))?;
    reopen(log)
}

/// Renames `log.1` to `log.2`.
pub(super) fn shift(log: &Path) -> io::Result<()> {
    rename(&numbered(log, 1), &numbered(log, 2))
}

fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// Creates the file, which only this user can read.
pub(super) fn create(path: &Path) -> io::Result<File> {
    open(path, File::options().create(true).truncate(true).write(true))
}

/// Opens `log` to append to it.
pub(super) fn reopen(log: &Path) -> io::Result<File> {
    open(log, File::options().create(true).append(true))
}

fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.open(path)
}

/// The log before this one (1), and the one before that (2).
pub(super) fn numbered(log: &Path, n: u32) -> PathBuf {
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

#[cfg(test)]
mod tests {
    use std::io::Write;

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
}
