//! [`LogRange`]: a part of a log, by time and by number of lines.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Seek, SeekFrom},
    path::Path,
    time::SystemTime,
};

use loom_base::time::parse_rfc3339;

use super::{
    log::{lines_from, tail_offset},
    log_follower::LogFollower,
};

/// How far into a line its time is looked for, in bytes.
const SEARCHED: usize = 128;

/// The lines of a log from some time on, and of these the last ones.
///
/// A server begins its lines with a time (or has it in the field `timestamp` of a JSON object). A line without a time
/// belongs to the one before it; those before the first time belong to that.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogRange {
    /// Only lines with this time or a later one, and what follows them.
    pub since: Option<SystemTime>,
    /// Only so many lines at the end.
    pub last: Option<usize>,
}

impl LogRange {
    /// The lines of the range, without their line feeds; invalid UTF-8 is replaced.
    ///
    /// # Errors
    /// Whatever keeps the file from being read.
    pub fn lines(&self, log: &Path) -> io::Result<Vec<String>> {
        let mut file = File::open(log)?;
        let offset = self.offset(&mut file)?;
        lines_from(&mut file, offset)
    }

    /// A follower that begins with the range.
    ///
    /// # Errors
    /// Whatever keeps the file from being read.
    pub fn follow(&self, log: &Path) -> io::Result<LogFollower> {
        let mut file = File::open(log)?;
        let offset = self.offset(&mut file)?;
        LogFollower::from_offset(log, file, offset)
    }

    fn offset(&self, file: &mut File) -> io::Result<u64> {
        let since = self.since.map(|since| since_offset(file, since)).transpose()?.unwrap_or(0);
        let last = self.last.map(|count| tail_offset(file, count)).transpose()?.unwrap_or(0);
        Ok(since.max(last))
    }
}

/// Whether any line of a log has a time.
///
/// # Errors
/// Whatever keeps the file from being read.
pub fn has_times(log: &Path) -> io::Result<bool> {
    let mut reader = BufReader::new(File::open(log)?);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        if time_of(&line).is_some() {
            return Ok(true);
        }
        line.clear();
    }
    Ok(false)
}

/// The offset of the first line with the time `since` or a later one; 0 where no line before it has a time, the end of
/// the file where all lines are older.
fn since_offset(file: &mut File, since: SystemTime) -> io::Result<u64> {
    file.seek(SeekFrom::Start(0))?;
    let mut reader = BufReader::new(file);
    let mut offset = 0;
    let mut older = false;
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line)?;
        match time_of(&line) {
            Some(time) if time >= since => return Ok(if older { offset } else { 0 }),
            Some(_) => older = true,
            None if length == 0 => return Ok(if older { offset } else { 0 }),
            None => {}
        }
        offset += length as u64;
    }
}

/// The first time in RFC 3339 (UTC) at the beginning of a line.
fn time_of(line: &[u8]) -> Option<SystemTime> {
    let line = &line[..line.len().min(SEARCHED)];
    let date = |window: &[u8]| {
        window.iter().zip(b"0000-00-00T").all(|(byte, pattern)| match pattern {
            b'0' => byte.is_ascii_digit(),
            pattern => byte == pattern,
        })
    };
    let start = line.windows(11).position(date)?;
    let end = start + line[start..].iter().position(|byte| *byte == b'Z')?;
    parse_rfc3339(std::str::from_utf8(&line[start..=end]).ok()?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn time(text: &str) -> SystemTime {
        parse_rfc3339(text).unwrap()
    }

    #[test]
    fn the_time_of_a_line_is_found_in_every_format_of_the_server() {
        let expected = Some(time("2026-11-27T03:17:01.5Z"));
        for line in [
            "2026-11-27T03:17:01.500000Z  INFO loom_bridge: listening",
            "\x1b[2m2026-11-27T03:17:01.500000Z\x1b[0m \x1b[32m INFO\x1b[0m listening",
            r#"{"timestamp":"2026-11-27T03:17:01.500000Z","level":"INFO"}"#,
            "loom: loom-bridge-server 0.2.0 exited unexpectedly (signal 9) at 2026-11-27T03:17:01.5Z",
        ] {
            assert_eq!(time_of(line.as_bytes()), expected, "{line}");
        }
        for line in ["", "panicked at src/main.rs", "2026-11-27", "2026-13-27T03:17:01Z", "äöü"]
        {
            assert_eq!(time_of(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn a_range_is_cut_by_time_and_by_lines() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        fs::write(
            &log,
            "banner\n2026-11-27T03:00:00Z one\n  more of one\n2026-11-27T03:10:00Z two\nmore of two\n",
        )
        .unwrap();
        let all = [
            "banner",
            "2026-11-27T03:00:00Z one",
            "  more of one",
            "2026-11-27T03:10:00Z two",
            "more of two",
        ];
        for (since, last, expected) in [
            (None, None, &all[..]),
            (Some("2026-11-27T03:00:00Z"), None, &all),
            (Some("2026-11-27T03:00:01Z"), None, &all[3..]),
            (Some("2026-11-27T03:10:00Z"), None, &all[3..]),
            (Some("2026-11-27T03:10:01Z"), None, &[]),
            (Some("2026-11-27T03:00:00Z"), Some(1), &all[4..]),
            (Some("2026-11-27T03:10:00Z"), Some(9), &all[3..]),
        ] {
            let range = LogRange { since: since.map(time), last };
            assert_eq!(range.lines(&log).unwrap(), expected, "{since:?} {last:?}");
            let mut copied = Vec::new();
            range.follow(&log).unwrap().copy_to(&mut copied).unwrap();
            assert_eq!(String::from_utf8(copied).unwrap().lines().collect::<Vec<_>>(), expected);
        }
        assert!(has_times(&log).unwrap());
    }

    #[test]
    fn a_log_without_times_is_shown_whole() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        fs::write(&log, "one\ntwo\n").unwrap();
        let range = LogRange { since: Some(SystemTime::now()), last: None };
        assert_eq!(range.lines(&log).unwrap(), ["one", "two"]);
        assert!(!has_times(&log).unwrap());
    }
}
