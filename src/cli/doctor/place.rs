//! The folders of cache and state: whether they can be written, locked, linked in and run from.

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use indicatif::HumanBytes;

use super::check::Check;
use crate::{cli::Failure, store::Store};

/// A release with its archive needs some hundred megabytes while it is unpacked.
const TIGHT: u64 = 1 << 30;

/// Nothing can be fetched with less.
const FULL: u64 = 64 << 20;

/// All that is worth knowing about both folders.
pub(super) fn all(cache: &Path, state: &Path) -> Vec<Check> {
    let mut checks = vec![store(cache)];
    match existing(cache).map(|folder| (tempfile::tempdir_in(&folder), folder)) {
        Some((Ok(scratch), _)) => {
            checks.push(Check::well("cache", format!("{} can be written", cache.display())));
            checks.extend([locks(scratch.path()), links(scratch.path())]);
            checks.extend(space(scratch.path()));
        }
        Some((Err(e), _)) => checks.push(unwritable("cache", cache, &e, "LOOM_CACHE_DIR")),
        None => checks
            .push(Check::failure("cache", format!("{} has no folder above it", cache.display()))),
    }
    checks.push(match existing(state).map(tempfile::tempdir_in) {
        Some(Err(e)) => unwritable("state", state, &e, "LOOM_STATE_DIR"),
        _ => Check::well("state", format!("{} can be written", state.display())),
    });
    checks
}

/// The folder, or the nearest one above it that is there: looking around creates nothing that stays.
fn existing(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().find(|path| path.is_dir()).map(Path::to_owned)
}

fn unwritable(name: &'static str, folder: &Path, error: &io::Error, variable: &str) -> Check {
    Check::failure(name, format!("{} cannot be written: {error}", folder.display()))
        .hint(format!("make it writable for you, or set {variable} to a folder that is"))
}

fn store(cache: &Path) -> Check {
    let listed = Store::open(cache).and_then(|store| Ok((store.exists(), store.list()?.len())));
    match listed {
        Err(error) => Check::failed("store", Failure::from(error)),
        Ok((false, _)) => Check::well("store", "empty: nothing has been fetched yet"),
        Ok((true, 1)) => Check::well("store", "holds one release"),
        Ok((true, count)) => Check::well("store", format!("holds {count} releases")),
    }
}

/// A lock that is held must be refused to others: some network file systems grant it to everybody.
fn locks(folder: &Path) -> Check {
    let path = folder.join("lock");
    let tried = File::create(&path).and_then(|held| {
        held.try_lock()?;
        let other = File::open(&path)?;
        Ok(matches!(other.try_lock(), Err(TryLockError::WouldBlock)))
    });
    let hint = "put the store on a local disk: LOOM_CACHE_DIR";
    match tried {
        Ok(true) => Check::well("locks", "work on this file system"),
        Ok(false) => Check::failure("locks", "are granted twice on this file system").hint(hint),
        Err(e) => {
            Check::failure("locks", format!("do not work on this file system: {e}")).hint(hint)
        }
    }
}

fn links(folder: &Path) -> Check {
    let linked = symlink(folder).and_then(|link| std::fs::read(link));
    match linked {
        Ok(_) => Check::well("links", "symbolic links work on this file system"),
        Err(e) => Check::warning("links", format!("symbolic links cannot be made here: {e}"))
            .hint("copies stand in for them; on Windows, developer mode allows them"),
    }
}

fn symlink(folder: &Path) -> io::Result<PathBuf> {
    let (file, link) = (folder.join("file"), folder.join("link"));
    std::fs::write(&file, "x")?;
    #[cfg(unix)]
    std::os::unix::fs::symlink("file", &link)?;
    #[cfg(windows)]
    std::os::windows::fs::symlink_file("file", &link)?;
    Ok(link)
}

/// How much is free, and whether programs may be run there, where the system says so.
#[cfg(unix)]
fn space(folder: &Path) -> Vec<Check> {
    use rustix::fs::{StatVfsMountFlags, statvfs};
    let stat = match statvfs(folder) {
        Ok(stat) => stat,
        Err(e) => return vec![Check::warning("space", format!("how much is free: {e}"))],
    };
    let mut checks = vec![free(stat.f_bavail.saturating_mul(stat.f_frsize))];
    if stat.f_flag.contains(StatVfsMountFlags::NOEXEC) {
        let said =
            "the file system of the cache is mounted noexec: no runtime can be started from it";
        checks.push(Check::failure("programs", said).hint("set LOOM_CACHE_DIR to another disk"));
    }
    checks
}

#[cfg(not(unix))]
fn space(_: &Path) -> Vec<Check> {
    Vec::new()
}

#[cfg(unix)]
fn free(bytes: u64) -> Check {
    let said = format!("{} are free for the cache", HumanBytes(bytes));
    let hint = "`loom remove` takes releases away, `loom store du` says what takes room";
    match bytes {
        ..FULL => Check::failure("space", said).hint(hint),
        FULL..TIGHT => Check::warning("space", said).hint(hint),
        _ => Check::well("space", said),
    }
}
