//! Keys outside of tables: the project.

use std::path::{Path, PathBuf};

use crate::config::{Setting, any_key::keys, key::SettingKey, key_row::KeyFiles, layers::Layers};

keys! {
    /// The name of the project.
    NAME: Option<String> = SettingKey::new(&["name"], || None)
        .files(KeyFiles::Project)
        .example("\"my-agent-project\"")
        .starter();

    /// The version of the project itself, in any form.
    VERSION: Option<String> = SettingKey::new(&["version"], || None)
        .files(KeyFiles::Project)
        .example("\"0.1.0\"")
        .starter();

    /// What the project is about.
    DESCRIPTION: Option<String> = SettingKey::new(&["description"], || None)
        .files(KeyFiles::Project)
        .example("\"My first Loom project\"")
        .starter();
}

/// A project: the folder of the nearest `loom.toml`, else the current folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The folder of the project.
    pub root: PathBuf,
    /// The project's `loom.toml`; `None` if there is none.
    pub file: Option<PathBuf>,
    /// `name`
    pub name: Option<Setting<String>>,
    /// `version`: any text.
    pub version: Option<Setting<String>>,
    /// `description`
    pub description: Option<Setting<String>>,
}

impl Project {
    /// The project whose `loom.toml` is `file`.
    pub(crate) fn resolve(layers: &mut Layers<'_>, file: Option<&Path>) -> Self {
        let root = file.and_then(Path::parent).unwrap_or(&layers.inputs.cwd);
        Self {
            root: root.to_owned(),
            file: file.map(Path::to_owned),
            name: NAME.resolve(layers, &[]).transpose(),
            version: VERSION.resolve(layers, &[]).transpose(),
            description: DESCRIPTION.resolve(layers, &[]).transpose(),
        }
    }
}
