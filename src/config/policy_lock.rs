//! [`PolicyLocks`]: the keys that the machine-wide file fixes for all users.

use super::{
    ConfigLocation, SettingOrigin, document::KeyPattern, key_path::KeyPath, key_row::KeyRow,
};

/// The keys that the machine-wide file fixes, and where it says so.
#[derive(Debug, Default)]
pub(crate) struct PolicyLocks {
    /// The keys that are named.
    pub(crate) patterns: Vec<KeyPattern>,
    /// Keys of one invocation that would change what is named, each with the named key.
    pub(crate) implied: Vec<(KeyPattern, KeyPattern)>,
    /// `/etc/loom/config.toml:3`
    pub(crate) location: String,
}

impl PolicyLocks {
    /// Whether the machine-wide file fixes the key.
    pub(crate) fn fixes(&self, row: &KeyRow) -> bool {
        self.fixed_key(row).is_some()
    }

    /// The key that is fixed, where the machine-wide file fixes this one: mostly the same.
    pub(crate) fn fixed_key(&self, row: &KeyRow) -> Option<KeyPattern> {
        let named = self.patterns.iter().map(|path| (path, path));
        let implied = self.implied.iter().map(|(path, named)| (path, named));
        let mut fixed = named.chain(implied);
        fixed.find_map(|(path, named)| (*path == row.path).then_some(*named))
    }

    /// The keys, as TOML writes them.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.patterns.iter().map(|path| KeyPath::of(path.iter().copied()).to_string()).collect()
    }
}

/// Where a value comes from that has no effect; `None` for the machine-wide file and the default.
pub(crate) fn attempt(row: &KeyRow, origin: &SettingOrigin) -> Option<ConfigLocation> {
    match origin {
        SettingOrigin::Machine { .. } => None,
        origin => location(row, origin),
    }
}

/// Where a value comes from; `None` for the default.
pub(crate) fn location(row: &KeyRow, origin: &SettingOrigin) -> Option<ConfigLocation> {
    Some(match origin {
        SettingOrigin::Default => return None,
        SettingOrigin::Env(name) => ConfigLocation::Env(name.clone()),
        SettingOrigin::Flag(name) => ConfigLocation::Flag(name),
        SettingOrigin::DotEnv { file, line, name } => {
            ConfigLocation::key(file, *line, &KeyPath::of([name.as_str()]))
        }
        SettingOrigin::Machine { file, line }
        | SettingOrigin::User { file, line }
        | SettingOrigin::Project { file, line } => {
            ConfigLocation::key(file, *line, &KeyPath::of(row.path.iter().copied()))
        }
    })
}
