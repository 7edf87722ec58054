//! [`LastNotice`]: on which day the user was told of a newer version.

use serde::{Deserialize, Serialize};

use crate::state::{StateDir, StateError, StateFile};

/// `notice.json`: one for all products and projects of a user.
#[derive(Debug, Default, Serialize, Deserialize)]
struct LastNotice {
    /// The day, as `2026-11-22`, in UTC.
    day: String,
}

/// Whether the user was told of a newer version on this day.
///
/// # Errors
/// [`StateError`] where the file cannot be read.
pub fn was_told(state: &StateDir, day: &str) -> Result<bool, StateError> {
    let last: Option<LastNotice> = file(state).read_document()?;
    Ok(last.is_some_and(|last| last.day == day))
}

/// Remembers that the user is told on this day; returns whether that is the first time. Of several processes at the same time,
/// one is the first.
///
/// # Errors
/// [`StateError`] where the file cannot be locked, read or written.
pub fn take_notice(state: &StateDir, day: &str) -> Result<bool, StateError> {
    let _lock = file(state).lock(&mut || {})?;
    if was_told(state, day)? {
        return Ok(false);
    }
    file(state).write_document(&LastNotice { day: day.to_owned() })?;
    Ok(true)
}

fn file(state: &StateDir) -> StateFile {
    state.file("updates/notice.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_told_once_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::new(folder.path());
        assert!(!was_told(&state, "2026-11-22").unwrap());
        assert!(take_notice(&state, "2026-11-22").unwrap());
        assert!(was_told(&state, "2026-11-22").unwrap());
        assert!(!take_notice(&state, "2026-11-22").unwrap());
        assert!(take_notice(&state, "2026-11-23").unwrap());
    }
}
