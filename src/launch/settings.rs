//! How a runtime was asked for, kept so that a second `up` can tell whether it asks for the same.
//!
//! Addresses and versions are kept as they are; values of variables only as salted digests, because a variable may
//! hold a secret and the file outlives the process.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{BuildHasher, Hasher, RandomState},
};

use loom_environment::{ServerVariable, names};
use loom_source::Digest;

use super::{Endpoint, Launch};

/// What is known of a wish before its program is at hand.
#[derive(Debug, Clone, Copy)]
pub struct RequestedSettings<'a> {
    /// The version, where only one can be meant.
    pub version: Option<&'a str>,
    /// See [`Launch::bridge`].
    pub bridge: &'a Endpoint,
    /// See [`Launch::dashboard`].
    pub dashboard: Option<&'a Endpoint>,
    /// See [`Launch::env`].
    pub env: &'a [ServerVariable],
}

pub(super) type Settings = BTreeMap<String, String>;

const OFF: &str = "off";

/// 128 bits that nobody can guess, in hexadecimal: the hash keys come from the system's random source.
pub(super) fn random_token() -> String {
    let half = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", half(), half())
}

/// The settings of `launch` by name.
pub(super) fn of(launch: &Launch, salt: &str) -> Settings {
    let wanted = RequestedSettings {
        version: Some(&launch.version),
        bridge: &launch.bridge,
        dashboard: launch.dashboard.as_ref(),
        env: &launch.env,
    };
    let mut settings = known(&wanted, salt);
    let tree = launch.tree.clone().unwrap_or_else(|| "none".to_owned());
    settings.insert("tree".to_owned(), tree);
    settings
}

/// The settings that are known of a wish, by name.
pub(super) fn known(wanted: &RequestedSettings<'_>, salt: &str) -> Settings {
    let dashboard = wanted.dashboard.map_or(OFF.to_owned(), Endpoint::to_string);
    let mut settings = Settings::from([
        ("bridge".to_owned(), wanted.bridge.to_string()),
        ("dashboard".to_owned(), dashboard),
    ]);
    settings.extend(wanted.version.map(|version| ("version".to_owned(), version.to_owned())));
    for (name, value) in wanted.env.iter().map(ServerVariable::expose) {
        let digest = Digest::of(format!("{salt}\n{name}\n{value}").as_bytes());
        settings.insert(format!("${name}"), digest.to_string());
    }
    settings
}

/// One setting in which the running runtime differs from the one asked for, in its users' words. Values of variables
/// are not told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Such as `bridge port` or `LOOM_LLM_MODEL`.
    pub setting: String,
    /// What runs.
    pub running: Option<String>,
    /// What was asked for.
    pub asked: Option<String>,
    /// The options of `restart` that change over to it; empty where the configuration alone says so.
    pub options: String,
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

impl Difference {
    fn between(setting: &str, running: &str, asked: &str) -> Self {
        Self {
            setting: setting.to_owned(),
            running: Some(running.to_owned()),
            asked: Some(asked.to_owned()),
            options: String::new(),
        }
    }

    fn with(self, options: String) -> Self {
        Self { options, ..self }
    }
}

/// Where `asked` differs from `running`, each difference once; both must have been made with the same salt. What is
/// not known of `asked` differs in nothing.
pub(super) fn differences(running: &Settings, asked: &Settings) -> Vec<Difference> {
    let pair = |name: &str| {
        let (running, asked) = (running.get(name)?, asked.get(name)?);
        (running != asked).then_some((running.as_str(), asked.as_str()))
    };
    let mut found = Vec::new();
    match (pair("version"), pair("tree")) {
        (Some((is, wanted)), _) => {
            let version = Difference::between("version", is, wanted);
            found.push(version.with(format!("--version {wanted}")));
        }
        (None, Some(_)) => found.push(differs("the build of this version")),
        (None, None) => {}
    }
    found.extend(pair("bridge").map(|(is, wanted)| address("bridge", is, wanted)));
    found.extend(pair("dashboard").map(|(is, wanted)| dashboard(is, wanted)));
    found.extend(variables(running, asked).iter().map(|name| differs(&in_the_file(name))));
    found
}

fn differs(setting: &str) -> Difference {
    Difference { setting: setting.to_owned(), running: None, asked: None, options: String::new() }
}

fn dashboard(is: &str, wanted: &str) -> Difference {
    match (is, wanted) {
        (OFF, _) => {
            let port = Endpoint::parse(wanted).map(|e| format!(" --dashboard-port {}", e.port));
            let mode = Difference::between("mode", "bridge-only", "full");
            mode.with(format!("--mode full{}", port.unwrap_or_default()))
        }
        (_, OFF) => {
            Difference::between("mode", "full", "bridge-only").with("--mode bridge-only".to_owned())
        }
        _ => address("dashboard", is, wanted),
    }
}

/// The port alone, where the host is the same.
fn address(what: &str, is: &str, wanted: &str) -> Difference {
    let option = |port: u16| format!("--{what}-port {port}");
    match (Endpoint::parse(is), Endpoint::parse(wanted)) {
        (Some(is), Some(wanted)) if is.host == wanted.host => {
            Difference::between(&format!("{what} port"), &port(is.port), &port(wanted.port))
                .with(option(wanted.port))
        }
        (Some(was), Some(now)) if was.port != now.port => {
            Difference::between(&format!("{what} address"), is, wanted).with(option(now.port))
        }
        _ => Difference::between(&format!("{what} address"), is, wanted),
    }
}

fn port(port: u16) -> String {
    match port {
        0 => "0 (any free one)".to_owned(),
        port => port.to_string(),
    }
}

/// The variables that differ, but those that say again what is compared by itself.
fn variables<'a>(running: &'a Settings, asked: &'a Settings) -> Vec<&'a str> {
    let keys: BTreeSet<&String> = running.keys().chain(asked.keys()).collect();
    let mut differing: Vec<&str> = keys
        .into_iter()
        .filter(|name| running.get(*name) != asked.get(*name))
        .filter_map(|name| name.strip_prefix('$'))
        .filter(|name| *name != names::BRIDGE_ADDR && !name.starts_with(names::DASHBOARD))
        .collect();
    // It says of all providers what other variables say of the default one.
    let of_default = [names::LLM_API_KEY, names::LLM_API_BASE, names::LLM_MODEL];
    if differing.iter().any(|name| of_default.contains(name)) {
        differing.retain(|name| *name != names::LLM_PROVIDERS);
    }
    differing
}

/// The name under which a user has set what the runtime is told in the variable `name`.
fn in_the_file(name: &str) -> String {
    match name {
        names::LLM_PROVIDERS => "[llm] of loom.toml".to_owned(),
        names::MCP_SERVERS => "[mcp] of loom.toml".to_owned(),
        names::AGENTS => "[agents] of loom.toml".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Settings {
        let pairs = text.split_whitespace().filter_map(|pair| pair.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn differences_are_told_once_in_the_words_of_the_options_and_of_the_configuration() {
        for (running, asked, said, options) in [
            ("version=1 tree=a", "version=1 tree=a", "", ""),
            ("version=1 tree=a", "bridge=a:1", "", ""),
            ("version=1 tree=a", "version=2 tree=b", "version is 1, asked for 2", "--version 2"),
            ("version=1 tree=a", "version=1 tree=b", "the build of this version differs", ""),
            (
                "bridge=h:0",
                "bridge=h:7",
                "bridge port is 0 (any free one), asked for 7",
                "--bridge-port 7",
            ),
            ("bridge=h:7", "bridge=i:7", "bridge address is h:7, asked for i:7", ""),
            ("bridge=h:7", "bridge=i:8", "bridge address is h:7, asked for i:8", "--bridge-port 8"),
            (
                "dashboard=off $LOOM_DASHBOARD=x",
                "dashboard=h:0 $LOOM_DASHBOARD=y",
                "mode is bridge-only, asked for full",
                "--mode full --dashboard-port 0",
            ),
            (
                "dashboard=h:1",
                "dashboard=off",
                "mode is full, asked for bridge-only",
                "--mode bridge-only",
            ),
            (
                "dashboard=h:1",
                "dashboard=h:2",
                "dashboard port is 1, asked for 2",
                "--dashboard-port 2",
            ),
            (
                "$LOOM_LLM_MODEL=x $LOOM_LLM_PROVIDERS=x",
                "$LOOM_LLM_MODEL=y $LOOM_LLM_PROVIDERS=y",
                "LOOM_LLM_MODEL differs",
                "",
            ),
            ("$LOOM_AGENTS=x", "$LOOM_AGENTS=y", "[agents] of loom.toml differs", ""),
        ] {
            let found = differences(&settings(running), &settings(asked));
            let told: Vec<String> = found.iter().map(ToString::to_string).collect();
            assert_eq!(told.join("; "), said, "{running} / {asked}");
            let taken: Vec<&str> = found.iter().map(|d| d.options.as_str()).collect();
            assert_eq!(taken.join(" "), options, "{running} / {asked}");
        }
    }

    #[test]
    fn no_two_salts_are_equal() {
        assert_ne!(random_token(), random_token());
        assert_eq!(random_token().len(), 32);
    }
}
