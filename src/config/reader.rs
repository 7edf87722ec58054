//! [`ValueReader`]: reads values of one file and collects the problems found.

use std::path::{Path, PathBuf};

use super::{
    ConfigLocation, Diagnostic, Problem,
    expand::{Unexpandable, expand, has_variables},
    key_path::KeyPath,
    tree::{TomlNode, TomlValue},
};

/// The layer that a file belongs to, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Layer {
    Machine,
    User,
    Project,
}

/// Reads values of one file and collects the problems found.
pub(crate) struct ValueReader<'a> {
    pub(crate) file: &'a Path,
    pub(crate) layer: Layer,
    /// The value of a variable, for `${…}`.
    pub(crate) variables: &'a dyn Fn(&str) -> Option<String>,
    pub(crate) problems: Vec<Diagnostic>,
}

impl ValueReader<'_> {
    /// Records a problem of the key at `path`.
    pub(crate) fn problem(&mut self, path: &KeyPath, line: usize, problem: Problem) {
        let location = ConfigLocation::key(self.file, line, path);
        self.problems.push(Diagnostic::new(location, problem));
    }

    pub(crate) fn wrong_type(&mut self, path: &KeyPath, node: &TomlNode, expected: &str) {
        let problem = Problem::WrongType { expected: expected.to_owned(), got: node.value.kind() };
        self.problem(path, node.line, problem);
    }

    /// The folder of the file: relative paths in a file begin there.
    pub(crate) fn folder(&self) -> PathBuf {
        self.file.parent().map(Path::to_owned).unwrap_or_default()
    }

    /// The text of a node, with its variables expanded.
    pub(crate) fn text(
        &mut self,
        node: &TomlNode,
        path: &KeyPath,
        expected: &str,
    ) -> Option<String> {
        let TomlValue::Text(text) = &node.value else {
            self.wrong_type(path, node, expected);
            return None;
        };
        expand(text, self.variables)
            .map_err(|error| {
                let problem = match error {
                    Unexpandable::Missing(name) => Problem::UnsetVariable(name),
                    Unexpandable::Malformed => Problem::BadExpansion,
                };
                self.problem(path, node.line, problem);
            })
            .ok()
    }

    /// The text of a node in which variables are not allowed: URLs and paths of sources.
    pub(crate) fn literal(
        &mut self,
        node: &TomlNode,
        path: &KeyPath,
        expected: &str,
    ) -> Option<String> {
        match &node.value {
            TomlValue::Text(text) if has_variables(text) => {
                self.problem(path, node.line, Problem::NotExpanded);
                None
            }
            TomlValue::Text(text) => Some(text.clone()),
            _ => {
                self.wrong_type(path, node, expected);
                None
            }
        }
    }

    /// Records a key that is not one of `known`.
    pub(crate) fn unknown(
        &mut self,
        path: &KeyPath,
        line: usize,
        key: &str,
        known: Vec<&'static str>,
    ) {
        let nearest = nearest(key, &known);
        self.problem(&path.key(key), line, Problem::UnknownKey { nearest, known });
    }
}

/// The known word that is spelt most like `word`, if it is close enough to be what was meant.
pub(crate) fn nearest(word: &str, known: &[&'static str]) -> Option<&'static str> {
    let word = word.to_ascii_lowercase().replace('-', "_");
    known
        .iter()
        .map(|k| (strsim::damerau_levenshtein(&word, k), *k))
        .filter(|(distance, k)| *distance <= 1 + k.len().min(word.len()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, k)| k)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found() {
        let known = ["address", "mode", "version", "timeout_sec", "api_key"];
        for (word, expected) in [
            ("adress", Some("address")),
            ("Version", Some("version")),
            ("timeout-sec", Some("timeout_sec")),
            ("timeout_secs", Some("timeout_sec")),
            ("apikey", Some("api_key")),
            ("mdoe", Some("mode")),
            ("port", None),
            ("x", None),
        ] {
            assert_eq!(nearest(word, &known), expected, "{word}");
        }
    }
}
