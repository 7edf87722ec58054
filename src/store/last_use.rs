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

/// What became of a version whose use is noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotedUse {
    /// It is not the installed one any more: it has to be looked up, or fetched, again.
    Gone,
    /// It is here, and its use was noted in the last hour, or cannot be noted.
    Known,
    /// It is here, and its use is noted now.
    Noted,
}

impl Store {
    /// Notes that an installed version is used, unless that was noted in the last hour.
    ///
    /// In a store that this user cannot write nothing is noted: its owner's collection does not see the use. Development
    /// builds are kept by their root.
    ///
    /// # Errors
    /// [`StoreError::Io`] where the link cannot be read.
    pub fn note_use(&self, installed: &Installed) -> Result<NotedUse, StoreError> {
        let release = &installed.release;
        if release.slot == Slot::Dev {
            return Ok(NotedUse::Known);
        }
        let path = self.verification_path(release);
        let Ok(meta) = fs::metadata(&path) else {
            return self.if_still(installed, NotedUse::Known);
        };
        let age = meta.modified().ok().map(|at| at.elapsed().unwrap_or_default());
        if age.is_some_and(|age| age < REFRESH) {
            return Ok(NotedUse::Known);
        }
        // What a link leads to is not the store's.
        if self.refuse_links_to(&path).is_err() || set_now(&path).is_err() {
            return Ok(NotedUse::Known);
        }
        self.if_still(installed, NotedUse::Noted)
    }

    /// `noted` where a version is still the installed one.
    fn if_still(&self, installed: &Installed, noted: NotedUse) -> Result<NotedUse, StoreError> {
        let now = self.find(&installed.release)?;
        let is_still = now.is_some_and(|now| now.tree == installed.tree);
        Ok(if is_still { noted } else { NotedUse::Gone })
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
