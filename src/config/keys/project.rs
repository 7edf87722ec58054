//! Keys outside of tables: the project.

use std::path::{Path, PathBuf};

use loom_source::Digest;

use crate::config::{Setting, any_key::keys, key::SettingKey, key_row::KeyFiles, layers::Layers};

/// The name of the lock file beside a project's file.
const LOCK_NAME: &str = "loom.lock";

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
    /// Which content of the project's lock file is trusted.
    pub lock_trust: LockTrust,
    /// `name`
    pub name: Option<Setting<String>>,
    /// `version`: any text.
    pub version: Option<Setting<String>>,
    /// `description`
    pub description: Option<Setting<String>>,
}

/// Which content of a lock file is trusted: until it is, a lock only refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockTrust {
    /// Any content: the project is trusted whatever its files hold.
    Any,
    /// The content with this digest; `None` where there is none.
    Digest(Option<Digest>),
}

impl LockTrust {
    /// Whether the content with this digest is trusted.
    pub fn covers(&self, digest: &Digest) -> bool {
        match self {
            Self::Any => true,
            Self::Digest(trusted) => trusted.as_ref() == Some(digest),
        }
    }
}

/// The path of the lock file of the project with this file.
pub fn lock_file(project: &Path) -> PathBuf {
    project.with_file_name(LOCK_NAME)
}

impl Project {
    /// The path of the project's lock file; `None` without a project.
    pub fn lock_file(&self) -> Option<PathBuf> {
        self.file.as_deref().map(lock_file)
    }

    /// The project whose `loom.toml` is `file`.
    pub(crate) fn resolve(
        layers: &mut Layers<'_>,
        file: Option<&Path>,
        lock_trust: LockTrust,
    ) -> Self {
        let root = file.and_then(Path::parent).unwrap_or(&layers.inputs.cwd);
        Self {
            root: root.to_owned(),
            file: file.map(Path::to_owned),
            lock_trust,
            name: NAME.resolve(layers, &[]).transpose(),
            version: VERSION.resolve(layers, &[]).transpose(),
            description: DESCRIPTION.resolve(layers, &[]).transpose(),
        }
    }
}
