//! Whether users other than this one and the administrator can change what is in a project's folder.

use std::path::Path;

/// Why other users can change the file, its folder, the `.env` beside it, or a folder above them; `None` if they cannot.
#[cfg(unix)]
pub(super) fn changed_by_others(file: &Path) -> Option<String> {
    unix::changed_by_others(file)
}

/// Elsewhere than on Unix, the permissions of folders are not examined.
#[cfg(not(unix))]
pub(super) fn changed_by_others(_: &Path) -> Option<String> {
    None
}

#[cfg(unix)]
mod unix {
    use std::{
        fs, io,
        os::unix::fs::MetadataExt as _,
        path::{Path, PathBuf},
    };

    const STICKY: u32 = 0o1000;

    pub(super) fn changed_by_others(file: &Path) -> Option<String> {
        let folder = file.parent()?;
        let dotenv = folder.join(".env");
        let files = [file, &dotenv].into_iter().filter_map(|file| fs::canonicalize(file).ok());
        let folders: Vec<PathBuf> = files
            .clone()
            .flat_map(|file| file.ancestors().skip(1).map(Path::to_owned).collect::<Vec<_>>())
            .chain(folder.ancestors().map(Path::to_owned))
            .collect();
        // In a sticky folder, other users can add files but cannot replace those of this user. The project's own folder
        // must not be one: they could add a `.env` to it.
        let above = |path: &Path| path != folder;
        let files = files.map(|path| judge(&path, false));
        let folders = folders.iter().map(|path| judge(path, above(path)));
        files.chain(folders).find_map(Result::err)
    }

    fn judge(path: &Path, sticky_is_safe: bool) -> Result<(), String> {
        let in_words = |why: &str| format!("{} {why}", path.display());
        let meta = fs::metadata(path)
            .map_err(|error: io::Error| in_words(&format!("cannot be examined: {error}")))?;
        let me = rustix::process::geteuid().as_raw();
        of(meta.mode(), meta.uid(), meta.gid(), me, sticky_is_safe).map_err(in_words)
    }

    /// A group counts as that of one user if its number is the user's: many systems give each user such a group.
    fn of(
        mode: u32,
        owner: u32,
        group: u32,
        me: u32,
        sticky_is_safe: bool,
    ) -> Result<(), &'static str> {
        if owner != 0 && owner != me {
            return Err("belongs to another user");
        }
        let by_others = mode & 0o002 != 0 || mode & 0o020 != 0 && group != 0 && group != me;
        if by_others && !(sticky_is_safe && mode & STICKY != 0) {
            return Err("can be written by other users");
        }
        Ok(())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn only_this_user_and_root_may_own_and_write() {
            for (mode, owner, group, above, safe) in [
                (0o755, 7, 7, false, true),
                (0o755, 0, 0, false, true),
                (0o775, 7, 7, false, true),
                (0o775, 7, 100, false, false),
                (0o777, 7, 7, true, false),
                (0o1777, 0, 0, true, true),
                (0o1777, 7, 7, false, false),
                (0o755, 8, 7, true, false),
            ] {
                let judged = of(mode, owner, group, 7, above);
                assert_eq!(judged.is_ok(), safe, "{mode:o} {owner} {group} {above}");
            }
        }
    }
}
