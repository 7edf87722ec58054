//! Finds the setting that a key on the command line names.

use super::{
    ConfigError, EffectiveSetting,
    any_key::AnyKey,
    candidates::{Candidates, KeyMatch},
    key_path::KeyPath,
    reader::nearest,
};

/// A setting that a key names.
pub(crate) struct FoundSetting {
    pub(crate) key: &'static dyn AnyKey,
    /// The parts of the key.
    pub(crate) path: Vec<String>,
}

/// The setting that `key` names, as TOML writes it: `bridge.address`, `llm."my.model".api_key`.
///
/// # Errors
/// If there is no such setting.
pub(crate) fn find(key: &str) -> Result<FoundSetting, ConfigError> {
    let path = parse(key)?;
    let mut candidates = Candidates::all();
    let mut parts = path.iter();
    while let Some(part) = parts.next() {
        match candidates.step(part) {
            KeyMatch::Setting(key) if parts.len() == 0 => return Ok(FoundSetting { key, path }),
            KeyMatch::Setting(_) => return Err(unknown(key, Vec::new())),
            KeyMatch::Table(inner) => candidates = inner,
            KeyMatch::Unknown(known) => {
                let nearest = nearest(part, &known);
                let similar = nearest.map_or(known, |nearest| vec![nearest]);
                let table = &path[..path.len() - parts.len() - 1];
                return Err(unknown(key, below(table, &similar)));
            }
        }
    }
    Err(unknown(key, below(&path, &candidates.known())))
}

/// What a key names.
#[derive(Debug, Clone)]
pub enum SettingLookup<'s> {
    /// One setting.
    Setting(&'s EffectiveSetting),
    /// A table, with its settings.
    Table(Vec<&'s EffectiveSetting>),
    /// A setting or table that no layer sets, and that has no default.
    NotSet,
}

/// Looks up `key`, as TOML writes it, among the settings in effect.
///
/// # Errors
/// If there is no such setting or table.
///
/// # Examples
/// ```
/// use loom_runtime::config::{Inputs, SettingLookup, effective, get};
/// use std::{collections::BTreeMap, path::PathBuf};
///
/// let files = BTreeMap::<PathBuf, String>::new();
/// let inputs = Inputs { cwd: "/p".into(), home: Some("/home/u".into()), ..Inputs::default() };
/// let (_, settings) = effective(&inputs, &files)?;
/// let SettingLookup::Setting(port) = get(&settings, "dashboard.port")? else { panic!() };
/// assert_eq!(port.value.json(false), 3030);
/// assert!(matches!(get(&settings, "name")?, SettingLookup::NotSet));
/// # Ok::<(), loom_runtime::config::ConfigError>(())
/// ```
pub fn get<'s>(
    settings: &'s [EffectiveSetting],
    key: &str,
) -> Result<SettingLookup<'s>, ConfigError> {
    let path = parse(key)?;
    let found: Vec<_> = settings.iter().filter(|setting| setting.path.starts_with(&path)).collect();
    match found[..] {
        [setting] if setting.path == path => Ok(SettingLookup::Setting(setting)),
        [] => find(key).map(|_| SettingLookup::NotSet),
        _ => Ok(SettingLookup::Table(found)),
    }
}

fn parse(key: &str) -> Result<Vec<String>, ConfigError> {
    let parts = toml_edit::Key::parse(key).map_err(|_| unknown(key, Vec::new()))?;
    Ok(parts.into_iter().map(|part| part.get().to_owned()).collect())
}

/// Keys of the table at `path`.
fn below(path: &[String], keys: &[&str]) -> Vec<String> {
    let table = KeyPath::of(path.iter().map(String::as_str));
    keys.iter().map(|key| table.key(key).to_string()).collect()
}

fn unknown(key: &str, similar: Vec<String>) -> ConfigError {
    ConfigError::UnknownKey { key: key.to_owned(), similar }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn similar(key: &str) -> Vec<String> {
        match find(key) {
            Err(ConfigError::UnknownKey { similar, .. }) => similar,
            Err(error) => panic!("{key}: {error}"),
            Ok(_) => panic!("{key} is known"),
        }
    }

    #[test]
    fn a_key_names_a_setting() {
        for (key, pattern) in [
            ("bridge.address", "bridge.address"),
            ("llm.\"my.model\".api_key", "llm.<name>.api_key"),
            ("llm.default", "llm.default"),
            ("mcp.m.env.KEY", "mcp.<name>.env.<variable>"),
            ("offline", "offline"),
        ] {
            assert_eq!(find(key).unwrap().key.row().path.join("."), pattern);
        }
    }

    #[test]
    fn an_unknown_key_comes_with_similar_ones() {
        assert_eq!(similar("bridge.adress"), ["bridge.address"]);
        assert!(similar("update").contains(&"update.check_interval".to_owned()));
        assert_eq!(similar("dashbord.port"), ["dashboard"]);
        assert!(similar("a..b").is_empty());
    }
}
