//! [`Layers`]: everything that the value of a setting may come from.

use std::path::PathBuf;

use serde_json::Value;

use super::{
    Diagnostic, Inputs, Problem, Setting, SettingOrigin,
    document::{ConfigDocument, KeyPattern},
    dotenv::DotEnv,
    key_path::KeyPath,
    key_row::KeyRow,
    policy_lock::{self, PolicyLocks},
    setting_type::SettingType,
};

/// Everything that the value of a setting may come from. Flags take precedence over the environment, the environment
/// over files, the project's file over the user's, and that over the machine-wide file.
pub(crate) struct Layers<'a> {
    pub(crate) inputs: &'a Inputs,
    /// The files, highest first.
    pub(crate) documents: Vec<ConfigDocument>,
    /// The project's `.env`.
    pub(crate) dotenv: DotEnv,
    pub(crate) dotenv_file: PathBuf,
    /// The provider that `LOOM_LLM_*` describe, once it is known.
    pub(crate) default_provider: Option<Setting<String>>,
    /// What the machine-wide file fixes for all users.
    pub(crate) locks: PolicyLocks,
    /// Values in files that have no effect, because the machine-wide file fixes them.
    pub(crate) warnings: Vec<Diagnostic>,
    /// The problems of variables and flags. Those of files were found when they were read.
    pub(crate) problems: Vec<Diagnostic>,
}

impl<'a> Layers<'a> {
    /// Flags and environment alone.
    pub(crate) fn new(inputs: &'a Inputs) -> Self {
        Self {
            inputs,
            documents: Vec::new(),
            dotenv: DotEnv::default(),
            dotenv_file: PathBuf::new(),
            default_provider: None,
            locks: PolicyLocks::default(),
            warnings: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// Records that a value has no effect, because the machine-wide file fixes the key: an error for what was asked for
    /// in this run, a warning for files.
    pub(crate) fn refuse_fixed(&mut self, row: &KeyRow, origin: &SettingOrigin) {
        let attempt = policy_lock::attempt(row, origin);
        let (Some(location), Some(path)) = (attempt, self.locks.fixed_key(row)) else { return };
        let key = KeyPath::of(path.iter().copied()).to_string();
        let by = self.locks.location.clone();
        let diagnostic = Diagnostic::new(location, Problem::Fixed { key, by });
        let of_run = matches!(origin, SettingOrigin::Flag(_) | SettingOrigin::Env(_));
        let list = if of_run { &mut self.problems } else { &mut self.warnings };
        if !list.contains(&diagnostic) {
            list.push(diagnostic);
        }
    }

    /// The value of an environment variable. A value that cannot be understood is recorded as a problem, and so is a
    /// secret that is set to nothing.
    pub(crate) fn variable<T: SettingType>(&mut self, name: &str) -> Option<Setting<T>> {
        let Some(value) = self.inputs.env.os(name) else {
            if T::IS_SECRET && self.inputs.env.is_empty(name) {
                self.problem(name, Problem::EmptySecret);
            }
            return None;
        };
        match T::from_variable(value, &self.inputs.cwd) {
            Ok(value) => Some(Setting::new(value, SettingOrigin::Env(name.to_owned()))),
            Err(problem) => {
                self.problem(name, problem);
                None
            }
        }
    }

    /// Records a problem of an environment variable, once.
    pub(crate) fn problem(&mut self, variable: &str, problem: Problem) {
        let diagnostic = Diagnostic::env(variable, problem);
        if !self.problems.contains(&diagnostic) {
            self.problems.push(diagnostic);
        }
    }

    /// The value of a variable in the project's `.env`, for a table that the project's own file has and is trusted to
    /// have: the author of a `.env` does not choose the keys of the user's tables.
    pub(crate) fn dotenv<T: SettingType>(
        &self,
        row: &KeyRow,
        names: &[&str],
        name: &str,
    ) -> Option<Setting<T>> {
        let is_own = |document: &ConfigDocument| {
            document.is_project() && !document.restricted && has_table(document, row, names)
        };
        self.documents.iter().find(|document| is_own(document))?;
        let (value, line) = self.dotenv.get(name)?;
        let value = Some(value.trim()).filter(|value| !value.is_empty())?;
        let value = T::parse(value, &self.inputs.cwd).ok()?;
        let file = self.dotenv_file.clone();
        Some(Setting::new(value, SettingOrigin::DotEnv { file, line, name: name.to_owned() }))
    }

    /// The value of a key as written, if it is the one of this origin and names variables.
    pub(crate) fn written(
        &self,
        row: &KeyRow,
        names: &[&str],
        origin: &SettingOrigin,
    ) -> Option<Value> {
        let mut written =
            self.documents.iter().filter_map(|document| document.written(row.path, names));
        written.find_map(|(value, of)| (of == *origin).then(|| value.clone()))
    }

    /// The documents that decide a key, highest first. Where one layer decides a table as a whole, this is the highest
    /// document that has the table, and that of an untrusted project only if no other has it.
    pub(crate) fn deciding(
        &self,
        row: &KeyRow,
        names: &[&str],
    ) -> impl Iterator<Item = &ConfigDocument> {
        let having = self.documents.iter().filter(|document| has_table(document, row, names));
        let whole = row.whole.then(|| having.min_by_key(|document| document.restricted));
        let (one, all) = match whole {
            Some(one) => (one, &[][..]),
            None => (None, &self.documents[..]),
        };
        one.into_iter().chain(all)
    }

    /// What the last part of a key's path is named where the earlier names are `names`, in the order of the documents.
    pub(crate) fn names_below(&self, row: &KeyRow, names: &[&str]) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for document in self.deciding(row, names) {
            for name in document.names_below(row.path, names) {
                if !found.iter().any(|known| known == name) {
                    found.push(name.to_owned());
                }
            }
        }
        found
    }

    /// The origin of the table `name` at `pattern` in the document that decides it as a whole.
    pub(crate) fn table_origin(&self, pattern: KeyPattern, name: &str) -> Option<SettingOrigin> {
        let tables = self.documents.iter().flat_map(|document| {
            document.tables(pattern).map(|(known, origin)| (document.restricted, known, origin))
        });
        let named = tables.filter(|(_, known, _)| *known == name);
        Some(named.min_by_key(|(restricted, ..)| *restricted)?.2)
    }

    /// The names of the tables at `pattern` in all documents: those of the highest document first, each in the order of
    /// its file.
    pub(crate) fn table_names(&self, pattern: KeyPattern) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (name, _) in self.documents.iter().flat_map(|document| document.tables(pattern)) {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        names
    }
}

/// Whether the document has the table that a key with these names is in.
fn has_table(document: &ConfigDocument, row: &KeyRow, names: &[&str]) -> bool {
    match (row.path, names) {
        ([table, name, ..], [first, ..]) => document.has_table([table, name], first),
        _ => false,
    }
}
