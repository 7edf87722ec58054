//! When a version was last used: the modification time of its verification.
//!
//! A command that hands a version out sets this time, at most once an hour, and then reads the link again. The collection
//! removes the link first and then looks at the time again. So either the command sees that the link is gone, or
//! the collection sees that the version is in use.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use loom_source::{Release, Slot};

use super::{Installed, Store, StoreError};

/// How old the noted time of a use may be before it is noted again.
pub(super) const REFRESH: Duration = Duration::from_secs(60 * 60);

impl Store {
    /// Notes that an installed version is used, unless that was noted in the last hour. Returns whether the version is
    /// still the installed one: `false` means that it has to be looked up, or fetched, again.
    ///
    /// In a store that this user cannot write nothing is noted: its owner's collection does not see the use. Development
    /// builds are kept by their root.
    ///
    /// # Errors
    /// [`StoreError::Io`] where the link cannot be read.
    pub fn note_use(&self, installed: &Installed) -> Result<bool, StoreError> {
        let release = &installed.release;
        if release.slot == Slot::Dev {
            return Ok(true);
        }
        let path = self.verification_path(release);
        let Ok(meta) = fs::metadata(&path) else { return self.is_still(installed) };
        let age = meta.modified().ok().map(|at| at.elapsed().unwrap_or_default());
        if age.is_some_and(|age| age < REFRESH) {
            return Ok(true);
        }
        // What a link leads to is not the store's.
        if self.refuse_links_to(&path).is_err() || set_now(&path).is_err() {
            return Ok(true);
        }
        self.is_still(installed)
    }

    fn is_still(&self, installed: &Installed) -> Result<bool, StoreError> {
        let now = self.find(&installed.release)?;
        Ok(now.is_some_and(|now| now.tree == installed.tree))
    }

    /// When an installed version was last used, to the hour; `None` for a development build, or where the version has
    /// no verification.
    pub fn last_use(&self, release: &Release) -> Option<SystemTime> {
        fs::metadata(self.verification_path(release)).ok()?.modified().ok()
    }
}

/// Sets the modification time of a file to now. That needs a file that this user can write, and opens none.
#[cfg(unix)]
fn set_now(path: &std::path::Path) -> std::io::Result<()> {
    use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, utimensat};
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    let times = Timestamps { last_access: now, last_modification: now };
    Ok(utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW)?)
}

#[cfg(not(unix))]
fn set_now(path: &std::path::Path) -> std::io::Result<()> {
    fs::File::options().append(true).open(path)?.set_modified(SystemTime::now())
}
