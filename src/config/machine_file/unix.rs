//! Unix: the owner and the mode of a file.

use std::{fs, io, os::unix::fs::MetadataExt as _, path::Path};

use loom_base::bounded_file::{RegularFile, never_waiting};

/// Opens the file for reading; never waits for the writer of a FIFO.
pub(in crate::config) fn open(file: &Path) -> io::Result<fs::File> {
    never_waiting().read(true).open(file)
}

/// Checks the open file, the folder in which it was found and the folder that a symbolic link leads to.
///
/// # Errors
/// If root does not own one of them, or if another user can write one of them: in words.
pub(in crate::config) fn check(opened: &RegularFile, file: &Path) -> Result<(), String> {
    let in_words = |path: &Path, error: io::Error| format!("{}: {error}", path.display());
    let meta = opened.metadata();
    judge(meta.uid(), meta.mode()).map_err(|why| format!("{} {why}", file.display()))?;
    let real = fs::canonicalize(file).map_err(|error| in_words(file, error))?;
    for folder in [file.parent(), real.parent()].into_iter().flatten() {
        let meta = fs::metadata(folder).map_err(|error| in_words(folder, error))?;
        judge(meta.uid(), meta.mode()).map_err(|why| format!("{} {why}", folder.display()))?;
    }
    Ok(())
}

fn judge(owner: u32, mode: u32) -> Result<(), &'static str> {
    if owner != 0 {
        return Err("is not owned by root");
    }
    if mode & 0o022 != 0 {
        return Err("can be written by users other than root");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_root_may_own_and_write() {
        for (owner, mode, safe) in [
            (0, 0o100_644, true),
            (0, 0o040_755, true),
            (0, 0o100_664, false),
            (0, 0o100_646, false),
            (1000, 0o100_644, false),
        ] {
            assert_eq!(judge(owner, mode).is_ok(), safe, "{owner} {mode:o}");
        }
    }
}
