//! Reads a TOML document by the table of settings.

use std::path::Path;

use super::{
    ConfigLocation, Diagnostic, Problem,
    any_key::FileValue,
    candidates::{Candidates, KeyMatch},
    document::{ConfigDocument, DocumentOrigin},
    key_companion::KeyCompanion,
    key_path::KeyPath,
    key_row::KeyFiles,
    reader::{Layer, ValueReader},
    tree::{TomlEntry, TomlTable, TomlValue},
};

/// A document that was read, and what was found on the way.
pub(crate) struct DocumentReading {
    pub(crate) document: ConfigDocument,
    pub(crate) problems: Vec<Diagnostic>,
    pub(crate) warnings: Vec<Diagnostic>,
}

/// Reads the tables of a file. Values with problems are left out.
pub(crate) fn read(
    file: &Path,
    layer: Layer,
    root: &TomlTable,
    variables: &dyn Fn(&str) -> Option<String>,
) -> DocumentReading {
    let origin = DocumentOrigin::File(file.to_owned(), layer);
    let mut walk = DocumentWalk {
        reader: ValueReader { file, layer, variables, problems: Vec::new() },
        document: ConfigDocument::new(origin),
        warnings: Vec::new(),
    };
    walk.table(root, &Candidates::of_files(), &KeyPath::default(), &[]);
    let DocumentWalk { reader, document, warnings } = walk;
    DocumentReading { document, problems: reader.problems, warnings }
}

struct DocumentWalk<'a> {
    reader: ValueReader<'a>,
    document: ConfigDocument,
    warnings: Vec<Diagnostic>,
}

/// Why a key has no effect in the file of this layer.
fn misplaced(files: KeyFiles, layer: Layer) -> Option<Problem> {
    match files {
        KeyFiles::Project if layer != Layer::Project => Some(Problem::ProjectOnly),
        KeyFiles::User if layer == Layer::Project => Some(Problem::UserOnly),
        _ => None,
    }
}

/// Why a key has no meaning in its table: it belongs to another key than the one that the table has.
fn misused(step: &KeyMatch, table: &TomlTable) -> Option<KeyCompanion> {
    let key = match step {
        KeyMatch::Setting(key) => *key,
        KeyMatch::Table(candidates) => candidates.direct().next()?,
        KeyMatch::Unknown(_) => return None,
    };
    let KeyCompanion { of, not_of } = key.row().companion?;
    let has = |key| table.entry(key).is_some();
    (has(not_of) && !has(of)).then_some(KeyCompanion { of, not_of })
}

impl DocumentWalk<'_> {
    fn table(
        &mut self,
        table: &TomlTable,
        candidates: &Candidates,
        path: &KeyPath,
        names: &[&str],
    ) {
        for entry in &table.0 {
            let inner = path.key(&entry.key);
            let step = candidates.step(&entry.key);
            if let Some(companion) = misused(&step, table) {
                self.reader.problem(&inner, entry.line, Problem::OtherKey(companion));
                continue;
            }
            match step {
                KeyMatch::Unknown(known) => {
                    self.reader.unknown(path, entry.line, &entry.key, known);
                }
                KeyMatch::Table(candidates) => self.inner_table(entry, &candidates, &inner, names),
                KeyMatch::Setting(key) => {
                    if key.row().files == KeyFiles::Machine && self.reader.layer != Layer::Machine {
                        self.reader.problem(&inner, entry.line, Problem::MachineOnly);
                        continue;
                    }
                    if let Some(problem) = misplaced(key.row().files, self.reader.layer) {
                        let location = ConfigLocation::key(self.reader.file, entry.line, &inner);
                        self.warnings.push(Diagnostic::new(location, problem));
                        continue;
                    }
                    let is_named = key.row().path.last() != Some(&entry.key.as_str());
                    let names = with(names, is_named.then_some(&entry.key));
                    let value = FileValue {
                        node: &entry.node,
                        path: &inner,
                        line: entry.line,
                        names: &names,
                    };
                    key.read(value, &mut self.reader, &mut self.document);
                }
            }
        }
    }

    fn inner_table(
        &mut self,
        entry: &TomlEntry,
        candidates: &Candidates,
        path: &KeyPath,
        names: &[&str],
    ) {
        let TomlValue::Table(table) = &entry.node.value else {
            self.reader.wrong_type(path, &entry.node, "a table");
            return;
        };
        if candidates.is_named() {
            self.document.add_table(candidates.pattern(), &entry.key, entry.line);
        }
        for key in candidates.direct() {
            let Some(other) = key.row().alternative else { continue };
            let keys = [key.row().path.last().copied().unwrap_or_default(), other];
            match keys.map(|key| table.entry(key).is_some()) {
                [true, true] => {
                    self.reader.problem(path, entry.line, Problem::ExclusiveKeys(keys));
                }
                [false, false] => self.reader.problem(path, entry.line, Problem::MissingKeys(keys)),
                _ => {}
            }
        }
        let names = with(names, candidates.is_named().then_some(&entry.key));
        self.table(table, candidates, path, &names);
    }
}

/// The names, with one more.
fn with<'n>(names: &[&'n str], name: Option<&'n String>) -> Vec<&'n str> {
    names.iter().copied().chain(name.map(String::as_str)).collect()
}
