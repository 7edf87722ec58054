//! From a [`LockDocument`] to text. Comments stay, and what has not changed keeps its bytes.

use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value};

use super::{LockDocument, LockError, LockedBinary, LockedEvidence, LockedPlatform, read::SCHEMA};
use crate::trust::LockedArchive;

/// The first lines of a new file.
const HEAD: &str = "# The versions that this project uses, and the digests of their files. `loom lock` writes this file, \
                    `loom update` moves\n# it to newer versions. Commit it.\n";

/// The text of a new file.
pub(super) fn new_text(lock: &LockDocument) -> Result<String, LockError> {
    edited(&format!("{HEAD}schema = \"{SCHEMA}\"\n"), lock)
}

/// `text` with the values of `lock`.
pub(super) fn edited(text: &str, lock: &LockDocument) -> Result<String, LockError> {
    let malformed = |why: String| LockError::Malformed(why);
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error: toml_edit::TomlError| malformed(error.message().to_owned()))?;
    let binaries = document.entry("binary").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    let binaries = binaries
        .as_array_of_tables_mut()
        .ok_or_else(|| malformed("binary: expected [[binary]]".to_owned()))?;
    binaries.retain(|table| lock.binaries.iter().any(|binary| names(table, binary)));
    for binary in &lock.binaries {
        if !binaries.iter().any(|table| names(table, binary)) {
            let mut table = Table::new();
            table.decor_mut().set_prefix("\n");
            table.insert("name", binary.name.as_ref().into());
            table.insert("authority", binary.authority.as_ref().into());
            binaries.push(table);
        }
        if let Some(table) = binaries.iter_mut().find(|table| names(table, binary)) {
            write_binary(table, binary)?;
        }
    }
    let text = document.to_string();
    // What was written is what is meant, or nothing is written.
    match LockDocument::parse(&text)? == *lock {
        true => Ok(text),
        false => Err(malformed("the file cannot be edited; remove it and lock again".to_owned())),
    }
}

fn names(table: &Table, binary: &LockedBinary) -> bool {
    let text = |key| table.get(key).and_then(Item::as_str);
    text("name") == Some(binary.name.as_ref())
        && text("authority") == Some(binary.authority.as_ref())
}

fn write_binary(table: &mut Table, binary: &LockedBinary) -> Result<(), LockError> {
    set(table, "requested", binary.requested.to_string().into());
    set(table, "version", binary.version.to_string().into());
    match &binary.oci {
        Some(image) => set(table, "oci", image.to_string().into()),
        None => drop(table.remove("oci")),
    }
    let platforms = table.entry("platform").or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    let platforms = platforms
        .as_table_mut()
        .ok_or_else(|| LockError::Malformed("platform: expected a table".to_owned()))?;
    platforms.retain(|name, _| binary.platforms.keys().any(|platform| platform.as_str() == name));
    for (platform, locked) in &binary.platforms {
        let entry = platforms.entry(platform.as_str()).or_insert_with(|| {
            let mut table = Table::new();
            table.decor_mut().set_prefix("\n");
            Item::Table(table)
        });
        let entry = entry
            .as_table_mut()
            .ok_or_else(|| LockError::Malformed(format!("{platform}: expected a table")))?;
        write_platform(entry, locked);
    }
    Ok(())
}

fn write_platform(table: &mut Table, locked: &LockedPlatform) {
    let LockedPlatform { tree, statement, archives, evidence } = locked;
    for (key, digest) in [("tree", tree), ("statement", statement)] {
        match digest {
            Some(digest) => set(table, key, digest.to_string().into()),
            None => drop(table.remove(key)),
        }
    }
    set_list(table, "archives", archives.iter().map(archive));
    set_list(table, "evidence", evidence.iter().map(vouched));
    let place = |key: &str| ORDER.iter().position(|known| *known == key);
    if !table.iter().map(|(key, _)| place(key)).is_sorted() {
        table.sort_values_by(|a, _, b, _| place(a.get()).cmp(&place(b.get())));
    }
}

/// The order of the keys of a platform.
const ORDER: [&str; 4] = ["tree", "statement", "archives", "evidence"];

fn archive(archive: &LockedArchive) -> InlineTable {
    let mut table = InlineTable::new();
    table.insert("file", archive.file.as_str().into());
    table.insert("sha256", archive.sha256.to_string().into());
    // TOML's integers have 63 bits; a larger size is left out.
    if let Some(size) = archive.size.and_then(|size| i64::try_from(size).ok()) {
        table.insert("size", size.into());
    }
    table
}

fn vouched(evidence: &LockedEvidence) -> InlineTable {
    let word = |value: serde_json::Result<serde_json::Value>| -> Value {
        value.ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default().into()
    };
    let mut table = InlineTable::new();
    table.insert("of", evidence.of.as_str().into());
    table.insert("by", word(serde_json::to_value(evidence.by)));
    table.insert("at", evidence.at.as_str().into());
    table.insert("grade", word(serde_json::to_value(evidence.grade)));
    if let Some(signature) = &evidence.signature {
        table.insert("signature", signature.as_str().into());
    }
    table
}

/// Sets a value, unless it has this value already; the comment behind it stays.
fn set(table: &mut Table, key: &str, value: Value) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) if text(old) == text(&value) => {}
        Some(old) => {
            let mut value = value;
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        None => drop(table.insert(key, Item::Value(value))),
    }
}

/// Sets a list with one item per line, unless it has these items already.
fn set_list(table: &mut Table, key: &str, items: impl Iterator<Item = InlineTable>) {
    let mut list = Array::new();
    for mut item in items {
        item.fmt();
        let mut value = Value::InlineTable(item);
        value.decor_mut().set_prefix("\n    ");
        list.push_formatted(value);
    }
    if list.is_empty() {
        table.remove(key);
        return;
    }
    list.set_trailing_comma(true);
    list.set_trailing("\n");
    match table.get(key).and_then(Item::as_array) {
        Some(known) if same_items(known, &list) => {}
        _ => set(table, key, Value::Array(list)),
    }
}

fn same_items(a: &Array, b: &Array) -> bool {
    let texts = |list: &Array| list.iter().map(text).collect::<Vec<_>>();
    texts(a) == texts(b)
}

/// A value without the blanks and comments around it and in it.
fn text(value: &Value) -> String {
    let mut value = value.clone();
    value.decor_mut().clear();
    if let Some(table) = value.as_inline_table_mut() {
        table.fmt();
        for (_, value) in table.iter_mut() {
            value.decor_mut().clear();
        }
    }
    value.to_string()
}

#[cfg(test)]
mod tests {
    use loom_source::{Digest, Platform};

    use super::*;
    use crate::trust::{DigestSubject, Grade, Voucher};

    fn platform(of: &str) -> LockedPlatform {
        LockedPlatform {
            tree: Some(Digest::of(of.as_bytes())),
            statement: None,
            archives: vec![LockedArchive {
                file: format!("{of}.tar.gz"),
                sha256: Digest::of(of.as_bytes()),
                size: Some(7),
            }],
            evidence: vec![LockedEvidence {
                of: DigestSubject::Archive,
                by: Voucher::FirstSeen,
                at: "here".to_owned(),
                grade: Grade::Identity,
                signature: Some("minisign 0123".to_owned()),
            }],
        }
    }

    fn binary(name: &str, version: &str, platforms: &[Platform]) -> LockedBinary {
        LockedBinary {
            name: name.parse().unwrap(),
            authority: "loom-os".parse().unwrap(),
            requested: "^0.2".parse().unwrap(),
            version: version.parse().unwrap(),
            oci: None,
            platforms: platforms.iter().map(|p| (*p, platform(p.as_str()))).collect(),
        }
    }

    #[test]
    fn a_new_file_has_a_stable_order() {
        let lock = LockDocument {
            binaries: vec![binary("b", "0.2.0", &[Platform::WindowsX86_64, Platform::LinuxX86_64])],
        };
        insta::assert_snapshot!("new_lock", new_text(&lock).unwrap());
    }

    #[test]
    fn comments_stay_and_what_has_not_changed_keeps_its_bytes() {
        let lock = LockDocument { binaries: vec![binary("b", "0.2.0", &[Platform::LinuxX86_64])] };
        let text = new_text(&lock).unwrap();
        let text = text
            .replace("version = \"0.2.0\"", "version   = \"0.2.0\"   # held until May")
            .replace("[[binary]]", "# why\n[[binary]]")
            .replace("    { file", "    # the small one\n    {file");
        assert_eq!(edited(&text, &lock).unwrap(), text);

        let mut lock = lock;
        lock.put(binary("c", "1.0.0", &[]));
        lock.put(binary("b", "0.2.1", &[Platform::LinuxX86_64, Platform::MacosAarch64]));
        let after = edited(&text, &lock).unwrap();
        for kept in
            ["# why\n[[binary]]", "version   = \"0.2.1\"   # held until May", "# the small one"]
        {
            assert!(after.contains(kept), "{after}");
        }
        assert_eq!(LockDocument::parse(&after).unwrap(), lock);

        lock.binaries.remove(1);
        lock.put(binary("b", "0.2.1", &[]));
        let after = edited(&after, &lock).unwrap();
        assert_eq!(LockDocument::parse(&after).unwrap(), lock, "{after}");
    }
}
