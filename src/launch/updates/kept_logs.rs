//! Keeps the logs of versions that did not become ready: the logs of an instance are replaced at each start.

use std::{
    fs::{self, File},
    io::{self, Seek, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use loom_base::private_folder;

use crate::launch::log;

/// The end of a log that is kept, in bytes.
const MAX_BYTES: u64 = 1 << 20;
/// The number of logs that are kept; older ones are removed.
const MAX_LOGS: usize = 32;

/// Copies the end of the log of `version`, and of the log of the version before it, into `folder`; returns the paths of
/// the copies. A log that cannot be copied is left out.
pub(in crate::launch) fn keep_logs(
    folder: &Path,
    version: &str,
    log: &Path,
    previous: &Path,
) -> (Option<String>, Option<String>) {
    let keep = |from: &Path, name: String| {
        let to = folder.join(name);
        keep_end(from, &to).ok().map(|()| to.display().to_string())
    };
    let kept = keep(log, format!("{version}.log"));
    let before = keep(previous, format!("{version}.previous.log"));
    let _ = remove_oldest(folder);
    (kept, before)
}

/// Copies the log of a version that did not become ready into `folder`, or writes its last lines there where the log is
/// gone; returns the path, `None` where that cannot be written.
pub(in crate::launch) fn keep_failed_log(
    folder: &Path,
    version: &str,
    (log, tail): (&str, &[String]),
) -> Option<String> {
    let to = folder.join(format!("{version}.log"));
    let write_tail = || -> io::Result<()> {
        private_folder::create(folder)?;
        log::create(&to)?.write_all(format!("{}\n", tail.join("\n")).as_bytes())
    };
    keep_end(Path::new(log), &to).or_else(|_| write_tail()).ok()?;
    let _ = remove_oldest(folder);
    Some(to.display().to_string())
}

fn keep_end(from: &Path, to: &Path) -> io::Result<()> {
    let mut from = File::open(from)?;
    let surplus = from.metadata()?.len().saturating_sub(MAX_BYTES);
    from.seek(SeekFrom::Start(surplus))?;
    if let Some(folder) = to.parent() {
        private_folder::create(folder)?;
    }
    io::copy(&mut io::Read::take(from, MAX_BYTES), &mut log::create(to)?)?;
    Ok(())
}

fn remove_oldest(folder: &Path) -> io::Result<()> {
    let mut logs: Vec<(std::time::SystemTime, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        logs.push((entry.metadata()?.modified()?, entry.path()));
    }
    logs.sort();
    let surplus = logs.len().saturating_sub(MAX_LOGS);
    logs.into_iter().take(surplus).try_for_each(|(_, path)| fs::remove_file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_both_logs_are_kept_and_old_ones_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (log, previous) = (folder.path().join("log"), folder.path().join("log.1"));
        let kept = folder.path().join("updates");
        fs::write(&log, vec![b'x'; 2 * MAX_BYTES as usize]).unwrap();
        let (newer, before) = keep_logs(&kept, "0.2.1", &log, &previous);
        assert_eq!(fs::metadata(newer.unwrap()).unwrap().len(), MAX_BYTES);
        assert_eq!(before, None);
        fs::write(&log, "new\n").unwrap();
        fs::write(&previous, "old\n").unwrap();
        for patch in 0..MAX_LOGS {
            let (newer, before) = keep_logs(&kept, &format!("0.3.{patch}"), &log, &previous);
            assert_eq!(fs::read_to_string(newer.unwrap()).unwrap(), "new\n");
            assert_eq!(fs::read_to_string(before.unwrap()).unwrap(), "old\n");
        }
        assert_eq!(fs::read_dir(&kept).unwrap().count(), MAX_LOGS);
    }
}
