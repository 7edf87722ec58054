//! The kind of the file system that the store is on.

use std::path::Path;

use loom_base::filesystem::{FileSystemKind, number_of};

use super::check::DoctorCheck;

const NAME: &str = "file system";

/// The check of the file system that holds `folder`.
pub(super) fn check(folder: &Path) -> DoctorCheck {
    let Some(magic) = number_of(folder) else {
        return DoctorCheck::warning(NAME, "the system does not say which one it is");
    };
    of(magic)
}

fn of(magic: u64) -> DoctorCheck {
    match FileSystemKind::of_number(magic) {
        Some(FileSystemKind { name, is_network: true }) => DoctorCheck::warning(
            NAME,
            format!("{name}, a network file system: leases of other hosts may not be seen"),
        )
        .hint("put the store on a local disk: LOOM_CACHE_DIR"),
        Some(FileSystemKind { name: "tmpfs", .. }) => {
            DoctorCheck::warning(NAME, "tmpfs: the store is gone when the machine restarts")
                .hint("put the store on a disk: LOOM_CACHE_DIR")
        }
        Some(FileSystemKind { name, .. }) => DoctorCheck::ok(NAME, name),
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
