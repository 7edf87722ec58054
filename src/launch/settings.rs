//! How a runtime was asked for, kept so that a second `up` can tell whether it asks for the same.
//!
//! Addresses and versions are kept as they are; values of variables only as salted digests, because a variable may
//! hold a secret and the file outlives the process.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher, Hasher, RandomState},
};

use loom_source::Digest;
use serde::Serialize;

use super::{Endpoint, Launch};

/// One setting in which the running runtime differs from the one asked for. Values of variables are not told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Such as `bridge` or `LOOM_LLM_MODEL`.
    pub setting: String,
    /// What runs.
    pub running: Option<String>,
    /// What was asked for.
    pub asked: Option<String>,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.running, &self.asked) {
            (Some(running), Some(asked)) => {
                write!(f, "{} is {running}, asked for {asked}", self.setting)
            }
            _ => write!(f, "{} differs", self.setting),
        }
    }
}

/// 128 bits that nobody can guess, in hexadecimal: the hash keys come from the system's random source.
pub(super) fn unguessable() -> String {
    let half = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", half(), half())
}

/// The settings of `launch` by name.
pub(super) fn of(launch: &Launch, salt: &str) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::from([
        ("bridge".to_owned(), launch.bridge.to_string()),
        (
            "dashboard".to_owned(),
            launch.dashboard.as_ref().map_or("off".to_owned(), Endpoint::to_string),
        ),
        ("version".to_owned(), launch.version.clone()),
        ("tree".to_owned(), launch.tree.clone().unwrap_or_else(|| "none".to_owned())),
    ]);
    for (name, value) in launch.env.iter().map(|variable| variable.exposed()) {
        let digest = Digest::of(format!("{salt}\n{name}\n{value}").as_bytes());
        settings.insert(format!("${name}"), digest.to_string());
    }
    settings
}

/// Where `asked` differs from `running`; both must have been made with the same salt.
pub(super) fn differences(
    running: &BTreeMap<String, String>,
    asked: &BTreeMap<String, String>,
) -> Vec<Difference> {
    let names: std::collections::BTreeSet<&String> = running.keys().chain(asked.keys()).collect();
    names
        .into_iter()
        .filter(|name| running.get(*name) != asked.get(*name))
        .map(|name| match name.strip_prefix('$') {
            Some(variable) => {
                Difference { setting: variable.to_owned(), running: None, asked: None }
            }
            None => Difference {
                setting: name.clone(),
                running: running.get(name).cloned(),
                asked: asked.get(name).cloned(),
            },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_name_the_setting_and_keep_values_of_variables() {
        let map = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect::<BTreeMap<_, _>>()
        };
        let running = map(&[("bridge", "a:1"), ("dashboard", "off"), ("$KEY", "d1")]);
        assert_eq!(differences(&running, &running), []);
        let asked = map(&[("bridge", "a:2"), ("dashboard", "off"), ("$KEY", "d2"), ("$NEW", "d")]);
        let said: Vec<String> =
            differences(&running, &asked).iter().map(ToString::to_string).collect();
        assert_eq!(said, ["KEY differs", "NEW differs", "bridge is a:1, asked for a:2"]);
    }

    #[test]
    fn no_two_salts_are_equal() {
        assert_ne!(unguessable(), unguessable());
        assert_eq!(unguessable().len(), 32);
    }
}
