//! Finds the program of a plugin: `loom-source-<name>` in the absolute folders of `PATH` that other users cannot write.

use std::path::{Path, PathBuf};

use loom_plugin::PluginProgram;

/// The first program of this name that no other user can have put there.
pub(super) fn find(name: &str, folders: &[PathBuf]) -> PluginProgram {
    let file = format!("loom-source-{name}{}", std::env::consts::EXE_SUFFIX);
    let mut refused = Vec::new();
    for folder in folders {
        let program = folder.join(&file);
        if !program.is_file() {
            continue;
        }
        match safe::check(&program) {
            Ok(program) => return PluginProgram::Found(program),
            Err(why) => refused.push(why),
        }
    }
    let missing = format!("there is no program {file} in the absolute folders of PATH");
    PluginProgram::Missing(if refused.is_empty() {
        missing
    } else {
        format!("{missing}: {}", refused.join("; "))
    })
}

#[cfg(unix)]
mod safe {
    use std::{fs, os::unix::fs::MetadataExt as _};

    use super::{Path, PathBuf};

    const STICKY: u32 = 0o1000;

    /// The canonical path of an executable program, if other users can write neither the program nor a folder above
    /// it, along both the path given and the canonical one.
    pub(super) fn check(program: &Path) -> Result<PathBuf, String> {
        let unreadable = |e| format!("cannot read {}: {e}", program.display());
        let real = program.canonicalize().map_err(unreadable)?;
        if fs::metadata(&real).map_err(unreadable)?.mode() & 0o111 == 0 {
            return Err(format!("{} is not executable", program.display()));
        }
        for path in program.ancestors().skip(1).chain(real.ancestors()) {
            let metadata = fs::metadata(path).map_err(unreadable)?;
            if let Err(why) = judge(metadata.mode(), metadata.uid(), metadata.gid(), path == real) {
                return Err(format!("{} is not used: {} {why}", program.display(), path.display()));
            }
        }
        Ok(real)
    }

    /// Whether other users may change a file or folder with this mode and owner. In a sticky folder they cannot rename
    /// files of this user.
    fn judge(mode: u32, owner: u32, group: u32, program: bool) -> Result<(), &'static str> {
        let me = rustix::process::geteuid().as_raw();
        let ours = [0, rustix::process::getegid().as_raw()];
        if owner != 0 && owner != me {
            return Err("belongs to another user");
        }
        let by_others = mode & 0o002 != 0 || mode & 0o020 != 0 && !ours.contains(&group);
        if by_others && (program || mode & STICKY == 0) {
            return Err("can be written by others");
        }
        Ok(())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn programs_that_other_users_can_write_are_refused() {
            let me = rustix::process::geteuid().as_raw();
            let my_group = rustix::process::getegid().as_raw();
            for (mode, owner, group, program, safe) in [
                (0o755, me, my_group, false, true),
                (0o755, 0, 0, true, true),
                (0o775, me, my_group, true, true),
                (0o775, me, my_group + 1, true, false),
                (0o777, me, my_group, false, false),
                (0o1777, 0, 0, false, true),
                (0o1777, me, my_group, true, false),
                (0o755, me + 1, my_group, true, false),
            ] {
                let judged = judge(mode, owner, group, program);
                assert_eq!(judged.is_ok(), safe, "{mode:o} {owner} {group} {program}");
            }
        }
    }
}

#[cfg(not(unix))]
mod safe {
    use super::{Path, PathBuf};

    /// No check: elsewhere than on Unix, the permissions of a folder are not examined.
    pub(super) fn check(program: &Path) -> Result<PathBuf, String> {
        Ok(program.to_owned())
    }
}
