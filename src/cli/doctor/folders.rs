//! The folders of cache and state: whether they are writable, and whether locks and links work there.

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use super::check::DoctorCheck;
use crate::cli::CommandError;
use loom_runtime::store::Store;

/// The checks of both folders.
pub(super) fn all(cache: &Path, state: &Path) -> Vec<DoctorCheck> {
    let mut checks = vec![store(cache)];
    match existing(cache).map(|folder| (tempfile::tempdir_in(&folder), folder)) {
        Some((Ok(scratch), _)) => {
            checks.push(DoctorCheck::ok("cache", format!("{} is writable", cache.display())));
            checks.extend([locks(scratch.path()), links(scratch.path())]);
            #[cfg(unix)]
            checks.extend(super::space::of(scratch.path()));
            #[cfg(target_os = "linux")]
            checks.push(super::filesystem::check(scratch.path()));
        }
        Some((Err(e), folder)) if is_read_only(&e) && is_readable_store(cache) => {
            let message = format!(
                "the store {} is read-only: what is in it can be started, and nothing can be downloaded or repaired",
                cache.display()
            );
            checks.push(DoctorCheck::warning("cache", message).hint(
                "set LOOM_CACHE_DIR to a folder that can be written, if this one is not meant to be read-only",
            ));
            #[cfg(unix)]
            checks.extend(super::space::of_read_only(&folder));
            #[cfg(not(unix))]
            let _ = folder;
        }
        Some((Err(e), _)) => checks.push(unwritable("cache", cache, &e, "LOOM_CACHE_DIR")),
        None => checks.push(DoctorCheck::failure(
            "cache",
            format!("{} has no folder above it", cache.display()),
        )),
    }
    checks.push(match existing(state).map(tempfile::tempdir_in) {
        Some(Err(e)) => unwritable("state", state, &e, "LOOM_STATE_DIR"),
        _ => DoctorCheck::ok("state", format!("{} is writable", state.display())),
    });
    checks
}

/// The folder, or the nearest existing one above it: a check creates nothing that stays.
fn existing(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().find(|path| path.is_dir()).map(Path::to_owned)
}

fn is_read_only(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied)
}

/// Whether there is a store from which programs can be started.
fn is_readable_store(cache: &Path) -> bool {
    Store::open(cache).is_ok_and(|store| store.exists())
}

fn unwritable(name: &'static str, folder: &Path, error: &io::Error, variable: &str) -> DoctorCheck {
    use io::ErrorKind::{QuotaExceeded, StorageFull};
    let first = match error.kind() {
        StorageFull | QuotaExceeded => "free space or inodes of the disk",
        _ => "make it writable",
    };
    DoctorCheck::failure(name, format!("{} is not writable: {error}", folder.display()))
        .hint(format!("{first}, or set {variable} to a folder that is writable"))
}

fn store(cache: &Path) -> DoctorCheck {
    let opened = Store::open(cache);
    let has_remains = opened.as_ref().is_ok_and(|store| !store.exists() && store.has_remains());
    if has_remains {
        let what = format!("{} is half deleted: it has trees, but no file format", cache.display());
        return DoctorCheck::failure("store", what).hint("run `loom store repair`");
    }
    let listed = opened.and_then(|store| {
        store.refuse_foreign_folder()?;
        Ok((store.exists(), store.list()?.len()))
    });
    match listed {
        Err(error) => DoctorCheck::error("store", CommandError::from(error)),
        Ok((false, _)) => DoctorCheck::ok("store", "empty: no release is installed"),
        Ok((true, 1)) => DoctorCheck::ok("store", "1 release"),
        Ok((true, count)) => DoctorCheck::ok("store", format!("{count} releases")),
    }
}

/// A lock that is held must be refused to others: some network file systems grant it twice.
fn locks(folder: &Path) -> DoctorCheck {
    let path = folder.join("lock");
    let tried = File::create(&path).and_then(|held| {
        held.try_lock()?;
        let other = File::open(&path)?;
        Ok(matches!(other.try_lock(), Err(TryLockError::WouldBlock)))
    });
    let hint = "put the store on a local disk: LOOM_CACHE_DIR";
    match tried {
        Ok(true) => DoctorCheck::ok("locks", "work on this file system"),
        Ok(false) => {
            DoctorCheck::failure("locks", "this file system grants a lock twice").hint(hint)
        }
        Err(e) => {
            DoctorCheck::failure("locks", format!("this file system has no locks: {e}")).hint(hint)
        }
    }
}

fn links(folder: &Path) -> DoctorCheck {
    let linked = symlink(folder).and_then(std::fs::read);
    match linked {
        Ok(_) => DoctorCheck::ok("links", "symbolic links work on this file system"),
        Err(e) => DoctorCheck::warning("links", format!("symbolic links cannot be created: {e}"))
            .hint("copies are used instead; on Windows, developer mode allows symbolic links"),
    }
}

fn symlink(folder: &Path) -> io::Result<PathBuf> {
    let file = folder.join("file");
    let link = folder.join("link");
    std::fs::write(&file, "x")?;
    #[cfg(unix)]
    std::os::unix::fs::symlink("file", &link)?;
    #[cfg(windows)]
    std::os::windows::fs::symlink_file("file", &link)?;
    Ok(link)
}
