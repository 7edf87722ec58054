//! Reads `[policy] locked` of the machine-wide file.

use super::{
    ConfigLocation, Diagnostic, Problem, SettingOrigin,
    any_key::AnyKey,
    document::{KeyPattern, is_name},
    key_path::KeyPath,
    key_row::KeyFiles,
    keys::{invocation::ALLOW_UNVERIFIED, policy::LOCKED, trust::CHECKSUM},
    layers::Layers,
    policy_lock::PolicyLocks,
    table,
};

/// The keys that the machine-wide file fixes. An unknown key is a problem: it would not be fixed.
pub(crate) fn read_locks(layers: &Layers<'_>) -> (PolicyLocks, Vec<Diagnostic>) {
    let (mut locks, mut problems) = (PolicyLocks::default(), Vec::new());
    let row = LOCKED.row();
    let documents = layers.documents.iter();
    for (keys, origin) in documents.filter_map(|one| one.get::<Vec<String>>(row.path, &[])) {
        let SettingOrigin::Machine { file, line } = &origin else { continue };
        locks.location = origin.to_string();
        for text in keys {
            let patterns = named(&text);
            if patterns.is_empty() {
                let path = KeyPath::of(row.path.iter().copied());
                let location = ConfigLocation::key(file, *line, &path);
                let problem = Problem::invalid("a key or a table that can be locked", &text);
                problems.push(Diagnostic::new(location, problem));
            }
            locks.patterns.extend(patterns);
        }
    }
    if locks.patterns.contains(&CHECKSUM.row().path) {
        locks.implied.push((ALLOW_UNVERIFIED.row().path, CHECKSUM.row().path));
    }
    (locks, problems)
}

/// The rows that a text names: a key, or all keys of a table.
fn named(text: &str) -> Vec<KeyPattern> {
    let parts: Vec<&str> = text.split('.').collect();
    let rows = table::file_keys().filter(|key| can_be_locked(*key));
    rows.map(|key| key.row().path).filter(|path| path.starts_with(&parts)).collect()
}

/// Whether a key can be fixed: files have it, and its name is not one that the user chooses.
fn can_be_locked(key: &dyn AnyKey) -> bool {
    let row = key.row();
    let is_of_files = matches!(row.files, KeyFiles::All | KeyFiles::User);
    is_of_files && !row.path.iter().any(|part| is_name(part))
}
