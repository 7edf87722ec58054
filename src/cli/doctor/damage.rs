//! Whether the store is damaged, as far as that can be seen without hashing.

use loom_runtime::store::{Damage, Store};

use super::check::DoctorCheck;
use crate::cli::{CommandError, writer_args::counted};

const NAME: &str = "damage";

/// How many damages are named.
const SHOWN: usize = 3;

/// The check of links, listings, records, verifications and missing files.
pub(super) fn check(store: &Store) -> DoctorCheck {
    let found = match store.verify_quickly() {
        Ok(report) => report.findings,
        Err(error) => return DoctorCheck::error(NAME, CommandError::from(error)),
    };
    if found.is_empty() {
        return DoctorCheck::ok(NAME, "none at first sight; `loom store verify` hashes everything");
    }
    let line = |damage: &Damage| format!("{}: {}", damage.path.display(), damage.what);
    let mut lines: Vec<String> = found.iter().take(SHOWN).map(line).collect();
    if found.len() > SHOWN {
        lines.push(format!("and {} more", found.len() - SHOWN));
    }
    let message = format!("{} in the store: {}", counted(found.len(), "problem"), lines.join("; "));
    DoctorCheck::failure(NAME, message).hint("run `loom store repair`")
}
