//! What commands that only show something say of the lock file.

use loom_base::error_chain;
use serde_json::{Value, json};

use super::{context::Context, locked, path_text::shown};
use loom_runtime::{
    config::Resolved,
    lock::{LockFile, LockedBinary},
};

/// The lock file of a project, for display.
pub(crate) struct LockSummary {
    file: LockFile,
    entry: Option<LockedBinary>,
    trusted: bool,
    /// Why it does not agree with the project's file.
    conflict: Option<String>,
}

/// The lock file of the project: its state, or why it cannot be read. `None` without one.
pub(crate) fn of(context: &Context, resolved: &Resolved) -> Option<Result<LockSummary, String>> {
    let path = resolved.project.lock_file()?;
    let file = match LockFile::read(&path) {
        Ok(None) => return None,
        Ok(Some(file)) => file,
        Err(error) => return Some(Err(error_chain(&error))),
    };
    let product = context.line(resolved).ok()?;
    let entry = file.lock.binary(&product.authority, &product.binary).cloned();
    let (requested, by) = locked::project_request(resolved);
    let conflict = entry.as_ref().and_then(|entry| {
        let checked = entry.check_request(&requested, &by);
        checked.and_then(|()| entry.check_platform(product.platform)).err()
    });
    let trusted = locked::is_trusted(resolved, &file, None);
    let conflict = conflict.map(|conflict| conflict.to_string());
    Some(Ok(LockSummary { file, entry, trusted, conflict }))
}

/// The summary as JSON; `null` without a lock file.
pub(crate) fn json(summary: Option<&Result<LockSummary, String>>) -> Value {
    match summary {
        None => Value::Null,
        Some(Err(why)) => json!({"error": why}),
        Some(Ok(summary)) => {
            let entry = summary.entry.as_ref();
            json!({
                "file": shown(&summary.file.path), "sha256": summary.file.digest(),
                "trusted": summary.trusted, "agrees": entry.is_some() && summary.conflict.is_none(),
                "version": entry.map(|entry| entry.version.to_string()),
                "requested": entry.map(|entry| entry.requested.to_string()),
                "platforms": entry.map(|entry| entry.platforms.keys().collect::<Vec<_>>()),
            })
        }
    }
}

/// The summary in one line.
pub(crate) fn line(summary: &Result<LockSummary, String>) -> String {
    let summary = match summary {
        Ok(summary) => summary,
        Err(why) => return why.clone(),
    };
    let file = summary.file.path.display();
    let Some(entry) = &summary.entry else { return format!("{file}: does not have the binary") };
    let trusted = if summary.trusted { "" } else { ", not trusted" };
    let conflict = summary.conflict.as_ref();
    let conflict = conflict.map(|why| format!(", does not agree: {why}")).unwrap_or_default();
    format!("{file}: {} for \"{}\"{trusted}{conflict}", entry.version, entry.requested)
}
