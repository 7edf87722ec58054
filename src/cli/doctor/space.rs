//! Free space on the disk of the store, and whether programs can be executed there.

use std::path::Path;

use indicatif::HumanBytes;
use rustix::fs::{StatVfs, statvfs};

use super::check::DoctorCheck;

/// A release with its archive needs some hundred megabytes while it is unpacked.
const LITTLE: u64 = 1 << 30;

/// With less, no release can be downloaded.
const TOO_LITTLE: u64 = 64 << 20;

/// The checks of the file system that holds `folder`.
pub(super) fn of(folder: &Path) -> Vec<DoctorCheck> {
    let stat = match statvfs(folder) {
        Ok(stat) => stat,
        Err(e) => {
            return vec![DoctorCheck::warning(
                "space",
                format!("could not determine the free space: {e}"),
            )];
        }
    };
    let mut checks = vec![free(stat.f_bavail.saturating_mul(stat.f_frsize))];
    checks.extend(inodes(stat.f_files, stat.f_favail));
    checks.extend(programs(&stat));
    checks
}

/// The checks of a file system that is only read: free space is of no use there.
pub(super) fn of_read_only(folder: &Path) -> Option<DoctorCheck> {
    programs(&statvfs(folder).ok()?)
}

/// The check whether programs can be executed; `None` where they can.
fn programs(stat: &StatVfs) -> Option<DoctorCheck> {
    let message = "the cache is on a file system mounted with noexec: no runtime can be started";
    let check =
        DoctorCheck::failure("programs", message).hint("set LOOM_CACHE_DIR to another disk");
    is_noexec(stat).then_some(check)
}

/// A release has some files; a tree with the most that are unpacked has 20,000.
const FEW_INODES: u64 = 20_000;

/// With fewer, no release can be unpacked.
const TOO_FEW_INODES: u64 = 100;

/// The check of the number of files that can still be made; `None` on file systems without a limit.
fn inodes(all: u64, free: u64) -> Option<DoctorCheck> {
    if all == 0 {
        return None;
    }
    let message = format!("{free} more files can be created on the disk of the cache");
    let hint = "remove files that are not needed: `loom store gc` removes what no release needs";
    Some(match free {
        ..TOO_FEW_INODES => DoctorCheck::failure("inodes", message).hint(hint),
        TOO_FEW_INODES..FEW_INODES => DoctorCheck::warning("inodes", message).hint(hint),
        _ => DoctorCheck::ok("inodes", message),
    })
}

#[cfg(target_os = "linux")]
fn is_noexec(stat: &StatVfs) -> bool {
    stat.f_flag.contains(rustix::fs::StatVfsMountFlags::NOEXEC)
}

/// Elsewhere than on Linux, `statvfs` does not report the mount option.
#[cfg(not(target_os = "linux"))]
fn is_noexec(_: &StatVfs) -> bool {
    false
}

fn free(bytes: u64) -> DoctorCheck {
    let message = format!("{} free on the disk of the cache", HumanBytes(bytes));
    let hint = "`loom store du` shows the size of each release, `loom remove` removes one";
    match bytes {
        ..TOO_LITTLE => DoctorCheck::failure("space", message).hint(hint),
        TOO_LITTLE..LITTLE => DoctorCheck::warning("space", message).hint(hint),
        _ => DoctorCheck::ok("space", message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::check::CheckGrade;

    #[test]
    fn too_few_inodes_are_a_failure_where_they_are_limited() {
        assert!(inodes(0, 0).is_none());
        let grades =
            [(0, CheckGrade::Failure), (100, CheckGrade::Warning), (FEW_INODES, CheckGrade::Ok)];
        for (free, grade) in grades {
            assert_eq!(inodes(1_000_000, free).unwrap().grade, grade, "{free}");
        }
    }

    #[test]
    fn too_little_space_is_a_failure_and_little_space_a_warning() {
        let grades =
            [(0, CheckGrade::Failure), (TOO_LITTLE, CheckGrade::Warning), (LITTLE, CheckGrade::Ok)];
        for (bytes, grade) in grades {
            assert_eq!(free(bytes).grade, grade, "{bytes}");
        }
    }
}
