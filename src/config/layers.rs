//! [`Layers`]: everything that the value of a setting may come from.

use std::path::PathBuf;

use super::{
    Diagnostic, Inputs, Problem, Setting, SettingOrigin,
    document::{ConfigDocument, KeyPattern},
    dotenv::DotEnv,
    key_row::KeyRow,
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
            problems: Vec::new(),
        }
    }

    /// The value of an environment variable. A value that cannot be understood is recorded as a problem.
    pub(crate) fn variable<T: SettingType>(&mut self, name: &str) -> Option<Setting<T>> {
        let value = self.inputs.env.os(name)?;
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

    /// The value of a variable in the project's `.env`.
    pub(crate) fn dotenv<T: SettingType>(&self, name: &str) -> Option<Setting<T>> {
        let (value, line) = self.dotenv.get(name).filter(|(value, _)| !value.is_empty())?;
        let value = T::parse(value, &self.inputs.cwd).ok()?;
        let file = self.dotenv_file.clone();
        Some(Setting::new(value, SettingOrigin::DotEnv { file, line, name: name.to_owned() }))
    }

    /// The documents that decide a key, highest first. Where one layer decides a table as a whole, this is the highest
    /// document that has the table.
    pub(crate) fn deciding(
        &self,
        row: &KeyRow,
        names: &[&str],
    ) -> impl Iterator<Item = &ConfigDocument> {
        let has_table = |document: &ConfigDocument| match (row.path, names) {
            ([table, name, ..], [first, ..]) => document.has_table([table, name], first),
            _ => false,
        };
        let whole = row.whole.then(|| self.documents.iter().find(|document| has_table(document)));
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

    /// The origin of the table `name` at `pattern` in the highest document that has it.
    pub(crate) fn table_origin(&self, pattern: KeyPattern, name: &str) -> Option<SettingOrigin> {
        let mut tables = self.documents.iter().flat_map(|document| document.tables(pattern));
        tables.find_map(|(known, origin)| (known == name).then_some(origin))
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
