//! How much is free where the store lies, and whether programs may be run from there.

use std::path::Path;

use indicatif::HumanBytes;
use rustix::fs::{StatVfsMountFlags, statvfs};

use super::check::DoctorCheck;

/// A release with its archive needs some hundred megabytes while it is unpacked.
const TIGHT: u64 = 1 << 30;

/// Nothing can be fetched with less.
const FULL: u64 = 64 << 20;

/// What the system says of the file system under `folder`.
pub(super) fn of(folder: &Path) -> Vec<DoctorCheck> {
    let stat = match statvfs(folder) {
        Ok(stat) => stat,
        Err(e) => return vec![DoctorCheck::warning("space", format!("how much is free: {e}"))],
    };
    let mut checks = vec![free(stat.f_bavail.saturating_mul(stat.f_frsize))];
    if stat.f_flag.contains(StatVfsMountFlags::NOEXEC) {
        let said =
            "the cache lies on a file system mounted noexec: no runtime can be started from it";
        checks.push(
            DoctorCheck::failure("programs", said).hint("set LOOM_CACHE_DIR to another disk"),
        );
    }
    checks
}

fn free(bytes: u64) -> DoctorCheck {
    let said = format!("{} are free for the cache", HumanBytes(bytes));
    let hint = "`loom remove` takes releases away, `loom store du` says what takes room";
    match bytes {
        ..FULL => DoctorCheck::failure("space", said).hint(hint),
        FULL..TIGHT => DoctorCheck::warning("space", said).hint(hint),
        _ => DoctorCheck::well("space", said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::check::CheckGrade;

    #[test]
    fn room_that_is_too_little_is_wrong_and_little_room_is_worth_a_note() {
        let grades =
            [(0, CheckGrade::Failure), (FULL, CheckGrade::Warning), (TIGHT, CheckGrade::Well)];
        for (bytes, grade) in grades {
            assert_eq!(free(bytes).grade, grade, "{bytes}");
        }
    }
}
