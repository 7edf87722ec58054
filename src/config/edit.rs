//! Changes one setting in a configuration file, and keeps everything else in it as it is.

use std::{
    io,
    path::{Path, PathBuf},
};

use toml_edit::{DocumentMut, Item, Table, TableLike, Value};

use super::{
    ConfigError, ConfigLocation, Diagnostic, Files, Inputs, Problem, ProtectedFile, TrustScope,
    any_key::{AnyKey, FileValue},
    check,
    document::{ConfigDocument, DocumentOrigin},
    find_project::find_project,
    key_path::KeyPath,
    key_row::KeyFiles,
    keys::dirs,
    lookup::{self, FoundSetting},
    project_settings,
    reader::{Layer, ValueReader},
    resolve::ConfigReport,
    tree::{self, TomlNode, TomlValue},
};

/// The file in which a setting is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditedFile {
    /// The user's `config.toml`, which is created if there is none.
    User,
    /// The `loom.toml` of the project.
    Project,
}

/// The new text of a configuration file. Nothing has been written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigEdit {
    /// The file.
    pub file: PathBuf,
    /// The new text.
    pub text: String,
}

/// Sets `key` to `value` in the text of a file. The value is TOML, or text where that is no value that the setting
/// accepts: both `"0.2"` and `0.2` set a version.
///
/// # Errors
/// If there is no such setting, if files do not have it, if the value is not valid, or if the configuration would have a
/// problem that it does not have now.
///
/// # Examples
/// ```
/// use loom_runtime::config::{EditedFile, Inputs, set};
/// use std::{collections::BTreeMap, path::PathBuf};
///
/// let text = "[bridge]\nmode = \"full\"  # for now\n".to_owned();
/// let files = BTreeMap::from([(PathBuf::from("/p/loom.toml"), text)]);
/// let inputs = Inputs { cwd: "/p".into(), home: Some("/home/u".into()), ..Inputs::default() };
/// let edit = set(&inputs, &files, EditedFile::Project, "bridge.mode", "bridge-only")?;
/// assert_eq!(edit.text, "[bridge]\nmode = \"bridge-only\"  # for now\n");
/// # Ok::<(), loom_runtime::config::ConfigError>(())
/// ```
pub fn set(
    inputs: &Inputs,
    files: &impl Files,
    target: EditedFile,
    key: &str,
    value: &str,
) -> Result<ConfigEdit, ConfigError> {
    let setting = lookup::find(key)?;
    check_target(&setting, target, key)?;
    let (file, text) = text(inputs, files, target)?;
    let value = accepted(&setting, &file, value).map_err(|problem| ConfigError::Value {
        key: key.to_owned(),
        problem: Box::new(problem),
    })?;
    let mut document: DocumentMut = text.parse().map_err(|error| not_toml(&file, &text, &error))?;
    insert(document.as_table_mut(), &setting.path, value).ok_or_else(|| {
        let problem = Problem::WrongType { expected: "a table".to_owned(), got: "another value" };
        ConfigError::Value { key: key.to_owned(), problem: Box::new(problem) }
    })?;
    let edit = ConfigEdit { file, text: document.to_string() };
    let before = all_problems(check(inputs, files)?);
    let after = all_problems(check(inputs, &EditedFiles { files, edit: &edit })?);
    let is_new = |problem: &Diagnostic| !before.iter().any(|known| is_same(known, problem));
    match ConfigError::of(after.into_iter().filter(is_new).collect()) {
        Some(error) => Err(error),
        None => Ok(edit),
    }
}

/// The problems, and values that have no effect because the administrator fixed them.
fn all_problems(report: ConfigReport) -> Vec<Diagnostic> {
    let ConfigReport { mut problems, warnings } = report;
    let is_fixed = |warning: &Diagnostic| matches!(warning.problem, Problem::Fixed { .. });
    problems.extend(warnings.into_iter().filter(is_fixed));
    problems
}

impl ConfigEdit {
    /// What the trust of the project covers once this is written: the text of the edit counts, not what the file holds by
    /// then.
    ///
    /// # Errors
    /// As for [`project_settings`].
    pub fn trust_scope(
        &self,
        inputs: &Inputs,
        files: &impl Files,
    ) -> Result<Option<TrustScope>, ConfigError> {
        project_settings(inputs, &EditedFiles { files, edit: self })
    }
}

fn check_target(setting: &FoundSetting, target: EditedFile, key: &str) -> Result<(), ConfigError> {
    let row = setting.key.row();
    match (row.files, target) {
        (KeyFiles::None, _) => {
            let variables = row.variables.iter().map(|variable| variable.name());
            let set_by = variables.chain(setting.key.flag().map(str::to_owned)).collect();
            Err(ConfigError::NotInFiles { key: key.to_owned(), set_by })
        }
        (KeyFiles::Machine, _) => {
            Err(ConfigError::Value { key: key.to_owned(), problem: Box::new(Problem::MachineOnly) })
        }
        (KeyFiles::Project, EditedFile::User) => {
            let problem = Box::new(Problem::ProjectOnly);
            Err(ConfigError::Value { key: key.to_owned(), problem })
        }
        (KeyFiles::User, EditedFile::Project) => {
            let problem = Box::new(Problem::UserOnly);
            Err(ConfigError::Value { key: key.to_owned(), problem })
        }
        _ => Ok(()),
    }
}

/// The file, and its text; the text is empty if the user has no file.
fn text(
    inputs: &Inputs,
    files: &impl Files,
    target: EditedFile,
) -> Result<(PathBuf, String), ConfigError> {
    match target {
        EditedFile::Project => {
            let project = find_project(inputs, files)?;
            let project = project.ok_or(ConfigError::NoProject { folder: inputs.cwd.clone() })?;
            Ok((project.file, project.text))
        }
        EditedFile::User => {
            let missing =
                ConfigError::NoHome { what: "configuration", variable: "XDG_CONFIG_HOME" };
            let file = dirs::user_config(inputs).ok_or(missing)?;
            let text = files.read(&file);
            let text = text.map_err(|source| ConfigError::Read { file: file.clone(), source })?;
            Ok((file, text.unwrap_or_default()))
        }
    }
}

/// The value in the first form that the setting accepts: as TOML, then as text.
fn accepted(setting: &FoundSetting, file: &Path, text: &str) -> Result<Value, Problem> {
    let as_toml = as_toml(text).map(|(node, value)| (problem(setting.key, file, &node), value));
    let as_text = || {
        let node = TomlNode { line: 1, value: TomlValue::Text(text.to_owned()) };
        (problem(setting.key, file, &node), Value::from(text))
    };
    match as_toml {
        Some((None, value)) => Ok(value),
        Some((Some(problem), _)) => match as_text() {
            (None, value) => Ok(value),
            // That of the form which was written.
            _ => Err(problem),
        },
        None => match as_text() {
            (None, value) => Ok(value),
            (Some(problem), _) => Err(problem),
        },
    }
}

/// The text as a TOML value, if it is exactly one.
fn as_toml(text: &str) -> Option<(TomlNode, Value)> {
    let value: Value = text.trim().parse().ok()?;
    let mut table = tree::parse(&format!("value = {}", text.trim())).ok()?;
    let entry = table.0.pop().filter(|_| table.0.is_empty())?;
    Some((entry.node, value))
}

/// What is wrong with a value of the setting. Variables count as set: which ones are is checked in the file.
fn problem(key: &dyn AnyKey, file: &Path, node: &TomlNode) -> Option<Problem> {
    let variables = |name: &str| Some(format!("${{{name}}}"));
    let layer = Layer::User;
    let mut reader = ValueReader { file, layer, variables: &variables, problems: Vec::new() };
    let mut document = ConfigDocument::new(DocumentOrigin::File(file.to_owned(), layer));
    let value = FileValue { node, path: &KeyPath::default(), line: 1, names: &[] };
    key.read(value, &mut reader, &mut document);
    reader.problems.into_iter().next().map(|diagnostic| diagnostic.problem)
}

/// Puts the value at `path`; `None` if a part of the path is no table. The comment behind a value is kept.
fn insert(table: &mut dyn TableLike, path: &[String], mut value: Value) -> Option<()> {
    let (first, rest) = path.split_first()?;
    if rest.is_empty() {
        match table.get_mut(first).and_then(Item::as_value_mut) {
            Some(old) => {
                *value.decor_mut() = old.decor().clone();
                *old = value;
            }
            None => drop(table.insert(first, Item::Value(value))),
        }
        return Some(());
    }
    let inner = table.entry(first).or_insert_with(|| {
        let mut table = Table::new();
        // Only the innermost table gets a header: `[llm.deepseek]` without `[llm]`.
        table.set_implicit(rest.len() > 1);
        Item::Table(table)
    });
    insert(inner.as_table_like_mut()?, rest, value)
}

fn not_toml(file: &Path, text: &str, error: &toml_edit::TomlError) -> ConfigError {
    let start = error.span().map_or(0, |span| span.start);
    let line = 1 + text.get(..start).unwrap_or(text).matches('\n').count();
    let location = ConfigLocation::key(file, line, &KeyPath::default());
    let problem = Problem::Syntax(error.message().trim_end().replace('\n', ", "));
    ConfigError::Problems { first: Box::new(Diagnostic::new(location, problem)), rest: Vec::new() }
}

/// Whether two problems are the same, though lines may have moved.
fn is_same(a: &Diagnostic, b: &Diagnostic) -> bool {
    let location = match (&a.location, &b.location) {
        (
            ConfigLocation::File { file, key, .. },
            ConfigLocation::File { file: other_file, key: other_key, .. },
        ) => file == other_file && key == other_key,
        (a, b) => a == b,
    };
    location && a.problem == b.problem
}

/// The files as they will be after the edit.
struct EditedFiles<'e, F> {
    files: &'e F,
    edit: &'e ConfigEdit,
}

impl<F: Files> Files for EditedFiles<'_, F> {
    fn read(&self, file: &Path) -> io::Result<Option<String>> {
        if file == self.edit.file {
            Ok(Some(self.edit.text.clone()))
        } else {
            self.files.read(file)
        }
    }

    fn canonical(&self, folder: &Path) -> PathBuf {
        self.files.canonical(folder)
    }

    fn changed_by_others(&self, file: &Path) -> Option<String> {
        self.files.changed_by_others(file)
    }

    fn read_protected(&self, file: &Path) -> ProtectedFile {
        self.files.read_protected(file)
    }
}
