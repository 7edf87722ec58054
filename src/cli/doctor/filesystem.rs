//! The kind of the file system that the store is on.

use std::path::Path;

use super::check::DoctorCheck;

const NAME: &str = "file system";

/// File systems by the numbers that `statfs` reports (linux/magic.h), and whether other hosts can change their files.
const KINDS: [(u64, &str, bool); 18] = [
    (0xef53, "ext4", false),
    (0x5846_5342, "xfs", false),
    (0x9123_683e, "btrfs", false),
    (0x2fc1_2fc1, "zfs", false),
    (0x0102_1994, "tmpfs", false),
    (0x794c_7630, "overlay", false),
    (0xf2f5_2010, "f2fs", false),
    (0x4d44, "vfat", false),
    (0x2011_bab0, "exfat", false),
    (0x5346_544e, "ntfs", false),
    (0x6969, "nfs", true),
    (0xff53_4d42, "cifs", true),
    (0xfe53_4d42, "smb", true),
    (0x517b, "smb", true),
    (0x00c3_6400, "ceph", true),
    (0x0102_1997, "9p", true),
    (0x0bd0_0bd0, "lustre", true),
    (0x6573_5546, "fuse", false),
];

/// The check of the file system that holds `folder`.
pub(super) fn check(folder: &Path) -> DoctorCheck {
    let Ok(stat) = rustix::fs::statfs(folder) else {
        return DoctorCheck::warning(NAME, "the system does not say which one it is");
    };
    // A number of 32 bits, whatever the size and the sign of the field is.
    let magic = u64::from(stat.f_type as u32);
    of(magic)
}

fn of(magic: u64) -> DoctorCheck {
    match KINDS.iter().find(|(number, ..)| *number == magic) {
        Some((_, name, true)) => DoctorCheck::warning(
            NAME,
            format!("{name}, a network file system: leases of other hosts may not be seen"),
        )
        .hint("put the store on a local disk: LOOM_CACHE_DIR"),
        Some((_, "tmpfs", _)) => {
            DoctorCheck::warning(NAME, "tmpfs: the store is gone when the machine restarts")
                .hint("put the store on a disk: LOOM_CACHE_DIR")
        }
        Some((_, name, false)) => DoctorCheck::ok(NAME, *name),
        None => DoctorCheck::ok(NAME, format!("of an unknown kind ({magic:#x})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::check::CheckGrade;

    #[test]
    fn network_file_systems_and_memory_are_warnings() {
        for (magic, grade) in [
            (0xef53, CheckGrade::Ok),
            (0x6969, CheckGrade::Warning),
            (0xfe53_4d42, CheckGrade::Warning),
            (0x0102_1994, CheckGrade::Warning),
            (1, CheckGrade::Ok),
        ] {
            assert_eq!(of(magic).grade, grade, "{magic:#x}");
        }
    }
}
