//! The `loom.toml` that `loom init` writes, from the table of settings.

use std::path::{Path, PathBuf};

use loom_base::atomic_file;

use super::{
    ConfigError,
    any_key::AnyKey,
    document::is_name,
    key_row::TableRow,
    keys::{project, source_keys::KEYS as SOURCE_KEYS, sources},
    table::{TABLES, file_keys},
};

/// The longest line of the template, in characters.
const WIDTH: usize = 110;

const HEAD: &str = "\
# Settings of this Loom project. `loom config show` prints the effective configuration and where each value comes
# from, `loom config check` finds mistakes. Options and environment variables take precedence over this file.
";

/// A commented `loom.toml` for a project of this name. It sets the name; other settings are shown with their defaults or
/// an example, commented out.
pub fn template(name: &str) -> String {
    let mut template = Template(HEAD.to_owned());
    template.0.push('\n');
    // A JSON string is a TOML basic string as well.
    template.0.push_str(&format!("name = {}\n", serde_json::Value::from(name)));
    let name_row = project::NAME.row().path;
    for (name, key) in starters(&[]).filter(|(_, key)| key.row().path != name_row) {
        template.key(name, key);
    }
    for table in &TABLES {
        template.table(table);
    }
    template.0
}

/// Writes the template as `loom.toml` into `folder`.
///
/// # Errors
/// If a file is already there, or if it cannot be written.
pub fn init(folder: &Path, name: &str) -> Result<PathBuf, ConfigError> {
    let file = folder.join("loom.toml");
    match atomic_file::create(&file, template(name).as_bytes()) {
        Ok(()) => Ok(file),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(ConfigError::Exists { file })
        }
        Err(source) => Err(ConfigError::Write { file, source }),
    }
}

/// The keys for the template in the table at `path`, with the names that they have there.
fn starters(path: &[&str]) -> impl Iterator<Item = (&'static str, &'static dyn AnyKey)> {
    file_keys().filter_map(move |key| {
        let (_, table) = key.row().path.split_last()?;
        Some((key.row().starter.filter(|_| table == path)?, key))
    })
}

struct Template(String);

impl Template {
    /// A table, if it has keys for the template. Tables whose name the user chooses are commented out.
    fn table(&mut self, table: &TableRow) {
        let is_list = table.path == sources::TABLE.path;
        if !is_list && !starters(table.path).any(|_| true) {
            return;
        }
        self.0.push('\n');
        self.comment(table.description);
        if is_list {
            self.line("[[sources]]", true);
            self.sources();
            return;
        }
        let name = table.example_name.unwrap_or_default();
        let header = table.path.iter().map(|part| if is_name(part) { name } else { *part });
        let header = format!("[{}]", header.collect::<Vec<_>>().join("."));
        self.line(&header, table.example_name.is_some());
        starters(table.path).for_each(|(name, key)| self.key(name, key));
    }

    /// A key, commented out: its description and how else it can be set, then its example or default.
    fn key(&mut self, name: &str, key: &dyn AnyKey) {
        self.gap();
        let row = key.row();
        let variables = row.variables.iter().map(|variable| variable.name());
        let others: Vec<String> = variables.chain(key.flag().map(str::to_owned)).collect();
        let description = row.description.trim();
        if others.is_empty() {
            self.comment(description);
        } else {
            self.comment(&format!("{description} ({})", others.join(", ")));
        }
        let value = row.example.map(str::to_owned);
        // JSON values other than objects are TOML values as well.
        let value = value.unwrap_or_else(|| key.default().json(false).to_string());
        self.line(&format!("{name} = {value}"), true);
    }

    fn sources(&mut self) {
        for row in SOURCE_KEYS.iter().map(|key| key.row()).filter(|row| row.starter) {
            self.gap();
            self.comment(row.description.trim());
            self.line(&format!("{} = {}", row.key, row.example), true);
        }
    }

    /// An empty line before a key, unless it is the first of its table.
    fn gap(&mut self) {
        if !self.0.ends_with("]\n") {
            self.0.push('\n');
        }
    }

    fn line(&mut self, text: &str, commented: bool) {
        self.0.push_str(if commented { "# " } else { "" });
        self.0.push_str(text);
        self.0.push('\n');
    }

    /// A comment, in lines that are not too long.
    fn comment(&mut self, text: &str) {
        let mut line = String::from("#");
        for word in text.split_whitespace() {
            if line.chars().count() + 1 + word.chars().count() > WIDTH {
                self.0.push_str(&line);
                self.0.push('\n');
                line = String::from("#");
            }
            line.push(' ');
            line.push_str(word);
        }
        self.0.push_str(&line);
        self.0.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_existing_file_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let file = init(folder.path(), "one").unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(matches!(init(folder.path(), "two"), Err(ConfigError::Exists { .. })));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
