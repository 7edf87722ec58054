//! Whether the store is damaged. Trees are compared by their fingerprints; only those that were touched are hashed.

use loom_runtime::store::{Damage, QuickReport, Store};
use serde_json::{Value, json};

use super::check::DoctorCheck;
use crate::cli::{CommandError, path_text::shown, writer_args::counted};

const NAME: &str = "damage";

/// How many damages are named.
const SHOWN: usize = 3;

/// The check of links, listings, records, verifications and trees, and the report for JSON; `null` where the store cannot be
/// read.
pub(super) fn check(store: &Store) -> (DoctorCheck, Value) {
    match store.verify_quickly() {
        Ok(quick) => (of(&quick), document(&quick)),
        Err(error) => (DoctorCheck::error(NAME, CommandError::from(error)), Value::Null),
    }
}

fn of(quick: &QuickReport) -> DoctorCheck {
    let found = &quick.report.findings;
    if found.is_empty() {
        return DoctorCheck::ok(NAME, format!("none: {}", extent(quick)));
    }
    let line = |damage: &Damage| format!("{}: {}", damage.path.display(), damage.what);
    let mut lines: Vec<String> = found.iter().take(SHOWN).map(line).collect();
    if found.len() > SHOWN {
        lines.push(format!("and {} more", found.len() - SHOWN));
    }
    let message = format!("{} in the store: {}", counted(found.len(), "problem"), lines.join("; "));
    DoctorCheck::failure(NAME, message).hint("run `loom store repair`")
}

/// What was looked at and what was not, such as `2 trees compared by fingerprint; \`loom store verify\` hashes all`.
fn extent(quick: &QuickReport) -> String {
    let QuickReport { hashed, compared, .. } = quick;
    let hashed = match hashed {
        0 => String::new(),
        count => format!(", {count} hashed because they were touched or have none"),
    };
    let compared = counted(*compared, "tree");
    format!("{compared} compared by fingerprint{hashed}; `loom store verify` hashes all")
}

fn document(quick: &QuickReport) -> Value {
    let QuickReport { report, hashed, compared } = quick;
    let damage = |it: &Damage| json!({"path": shown(&it.path), "what": it.what, "cure": it.fix});
    json!({
        "trees_compared": compared, "trees_hashed": hashed, "bytes_hashed": report.bytes,
        "damages": report.findings.iter().map(damage).collect::<Vec<_>>(),
    })
}
