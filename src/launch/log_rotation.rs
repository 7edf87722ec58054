//! Keeps the log of a running server small.
//!
//! The server writes into the file itself, so the file stays the same one: what it holds is copied to `log.1`, and then
//! the file is emptied. The server appends, so its next line is the first. A line that is written between the two steps
//! is lost.

use std::{
    fs::{self, File},
    io::{self, Seek, SeekFrom},
    path::{Path, PathBuf},
    time::Duration,
};

use super::log::{create, numbered, shift};

/// The size from which a log is rotated, in bytes. With the two previous files, an instance keeps about three times as
/// much.
const MAX_BYTES: u64 = 16 << 20;
/// How often the size is looked at.
const INTERVAL: Duration = Duration::from_secs(1);

/// Rotates `log` whenever it has grown beyond its limit, until the future is dropped.
pub(super) async fn limit(log: PathBuf) {
    loop {
        tokio::time::sleep(INTERVAL).await;
        let log = log.clone();
        // Where a rotation fails, the log keeps growing, and the next attempt follows.
        let _ = tokio::task::spawn_blocking(move || rotate_above(&log, MAX_BYTES)).await;
    }
}

/// Moves the content of `log` to `log.1`, and that of `log.1` to `log.2`, if it has more than `max_bytes`.
fn rotate_above(log: &Path, max_bytes: u64) -> io::Result<()> {
    if fs::metadata(log)?.len() <= max_bytes {
        return Ok(());
    }
    let mut file = File::options().read(true).write(true).open(log)?;
    shift(log)?;
    let mut kept = create(&numbered(log, 1))?;
    // The second pass takes what was written during the first, so that little can be written after it.
    for _ in 0..2 {
        let copied = kept.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(copied))?;
        io::copy(&mut file, &mut kept)?;
    }
    file.set_len(0)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::launch::{LogFollower, log};

    #[test]
    fn a_log_that_has_grown_is_emptied_and_kept_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut server = log::rotate(&path).unwrap();
        let mut seen = Vec::new();
        let mut follower = LogFollower::from_start(&path);
        for (line, kept) in [("one", ""), ("two", "one\n"), ("three", "two\n")] {
            writeln!(server, "{line}").unwrap();
            let before = fs::read_to_string(path.with_file_name("log.1")).unwrap_or_default();
            assert_eq!(before, kept);
            if line != "two" {
                follower.copy_to(&mut seen).unwrap();
            }
            rotate_above(&path, 100).unwrap();
            assert_ne!(fs::read_to_string(&path).unwrap(), "", "below the limit");
            rotate_above(&path, 2).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "");
        }
        writeln!(server, "four").unwrap();
        follower.copy_to(&mut seen).unwrap();
        assert_eq!(String::from_utf8(seen).unwrap(), "one\ntwo\nthree\nfour\n");
        assert_eq!(fs::read_to_string(path.with_file_name("log.2")).unwrap(), "two\n");
    }

    #[test]
    fn a_follower_reads_on_where_a_log_grew_again_beyond_what_it_had_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut server = log::rotate(&path).unwrap();
        writeln!(server, "1").unwrap();
        let mut seen = Vec::new();
        let mut follower = LogFollower::from_start(&path);
        follower.copy_to(&mut seen).unwrap();
        writeln!(server, "2").unwrap();
        rotate_above(&path, 0).unwrap();
        writeln!(server, "a longer line").unwrap();
        follower.copy_to(&mut seen).unwrap();
        assert_eq!(String::from_utf8(seen).unwrap(), "1\n2\na longer line\n");
    }

    #[test]
    fn a_file_that_was_truncated_is_read_from_its_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        fs::write(&path, "one\ntwo\n").unwrap();
        let mut seen = Vec::new();
        let mut follower = LogFollower::from_start(&path);
        follower.copy_to(&mut seen).unwrap();
        fs::write(&path, "new\n").unwrap();
        follower.copy_to(&mut seen).unwrap();
        assert_eq!(String::from_utf8(seen).unwrap(), "one\ntwo\nnew\n");
    }
}
