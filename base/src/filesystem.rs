//! The kind of the file system that a file is on.

use std::path::Path;

/// A kind of file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileSystemKind {
    /// Its name, such as `ext4`.
    pub name: &'static str,
    /// Whether other hosts can change its files: locks and shared memory may not hold.
    pub is_network: bool,
}

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

impl FileSystemKind {
    /// The kind with this number of `statfs`, if it is known.
    pub fn of_number(number: u64) -> Option<Self> {
        let (_, name, is_network) = KINDS.into_iter().find(|(each, ..)| *each == number)?;
        Some(Self { name, is_network })
    }

    /// The kind that holds a folder or file, if it exists and the kind is known; none elsewhere than on Linux.
    pub fn of(path: &Path) -> Option<Self> {
        number_of(path).and_then(Self::of_number)
    }
}

/// The number that `statfs` reports; none where the system does not tell, and elsewhere than on Linux.
#[cfg(target_os = "linux")]
pub fn number_of(path: &Path) -> Option<u64> {
    // A number of 32 bits, whatever the size and the sign of the field is.
    rustix::fs::statfs(path).ok().map(|stat| u64::from(stat.f_type as u32))
}

/// The number that `statfs` reports; none where the system does not tell, and elsewhere than on Linux.
#[cfg(not(target_os = "linux"))]
pub fn number_of(_path: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_told_apart() {
        for (number, is_network) in
            [(0xef53, Some(false)), (0x6969, Some(true)), (0xfe53_4d42, Some(true)), (1, None)]
        {
            let kind = FileSystemKind::of_number(number);
            assert_eq!(kind.map(|kind| kind.is_network), is_network, "{number:#x}");
        }
    }
}
