//! The settings that a runtime was started with, kept so that a second `up` can tell whether it requests the same.
//!
//! Addresses and versions are kept as they are; values of environment variables only as salted digests, because a
//! variable may hold a secret and the file outlives the process.

use std::collections::{BTreeMap, BTreeSet};

use loom_base::HostPort;
use loom_environment::{ServerVariable, names, otlp_names};
use loom_source::Digest;

use super::{Difference, Launch, RuntimePort};

/// The settings of a request, as far as they are known before its program is at hand.
#[derive(Debug, Clone, Copy)]
pub struct RequestedSettings<'a> {
    /// The version; `None` where the request allows several.
    pub version: Option<&'a str>,
    /// As [`Launch::bridge`].
    pub bridge: &'a HostPort,
    /// As [`Launch::dashboard`].
    pub dashboard: Option<&'a HostPort>,
    /// As [`Launch::env`].
    pub env: &'a [ServerVariable],
}

/// Settings by name: `version`, `tree`, `bridge`, `dashboard`, and `$NAME` for the digest of a variable.
pub(super) type Settings = BTreeMap<String, String>;

/// The variables that repeat `bridge` and `dashboard`, and those of agents that a server does not get.
const OF_ADDRESSES: [&str; 7] = [
    names::BRIDGE_ADDR,
    names::DASHBOARD,
    names::DASHBOARD_HOST,
    names::DASHBOARD_PORT,
    otlp_names::COMMON.endpoint,
    otlp_names::COMMON.protocol,
    otlp_names::COMMON.headers,
];

/// The value of `dashboard` where there is none.
const OFF: &str = "off";

/// The settings of `launch` by name.
pub(super) fn of(launch: &Launch, salt: &str) -> Settings {
    let requested = RequestedSettings {
        version: Some(&launch.version),
        bridge: &launch.bridge,
        dashboard: launch.dashboard.as_ref(),
        env: &launch.env,
    };
    let mut settings = requested_settings(&requested, salt);
    set_release(&mut settings, &launch.version, launch.tree.as_deref());
    settings
}

/// Puts the release that runs into `settings`.
pub(super) fn set_release(settings: &mut Settings, version: &str, tree: Option<&str>) {
    settings.insert("version".to_owned(), version.to_owned());
    settings.insert("tree".to_owned(), tree.unwrap_or("none").to_owned());
}

/// The settings of a request by name, without those that are not known yet.
pub(super) fn requested_settings(requested: &RequestedSettings<'_>, salt: &str) -> Settings {
    let dashboard = requested.dashboard.map_or(OFF.to_owned(), HostPort::to_string);
    let mut settings = Settings::from([
        ("bridge".to_owned(), requested.bridge.to_string()),
        ("dashboard".to_owned(), dashboard),
    ]);
    settings.extend(requested.version.map(|version| ("version".to_owned(), version.to_owned())));
    for (name, value) in requested.env.iter().map(ServerVariable::expose) {
        let digest = Digest::of(format!("{salt}\n{name}\n{value}").as_bytes());
        settings.insert(format!("${name}"), digest.to_string());
    }
    settings
}

/// The settings in which `requested` differs from `running`; both must have been made with the same salt. A setting
/// that `requested` does not have differs in nothing.
pub(super) fn differences(running: &Settings, requested: &Settings) -> Vec<Difference> {
    let pair = |name: &str| {
        let (running, requested) = (running.get(name)?, requested.get(name)?);
        (running != requested).then(|| (running.clone(), requested.clone()))
    };
    let mut found = Vec::new();
    match (pair("version"), pair("tree")) {
        (Some((running, requested)), _) => found.push(Difference::Version { running, requested }),
        (None, Some(_)) => found.push(Difference::Build),
        (None, None) => {}
    }
    found.extend(pair("bridge").map(|pair| address(RuntimePort::Bridge, pair)));
    found.extend(pair("dashboard").map(|(running, requested)| {
        match (running.as_str(), requested.as_str()) {
            (OFF, _) => Difference::DashboardOn { requested },
            (_, OFF) => Difference::DashboardOff,
            _ => address(RuntimePort::Dashboard, (running, requested)),
        }
    }));
    let names = variables(running, requested).into_iter();
    found.extend(names.map(|name| Difference::Variable(name.to_owned())));
    found
}

fn address(port: RuntimePort, (running, requested): (String, String)) -> Difference {
    Difference::Address { port, running, requested }
}

/// The names of the variables that differ, without those that repeat a setting compared above.
fn variables<'a>(running: &'a Settings, requested: &'a Settings) -> Vec<&'a str> {
    let keys: BTreeSet<&String> = running.keys().chain(requested.keys()).collect();
    let mut differing: Vec<&str> = keys
        .into_iter()
        .filter(|name| running.get(*name) != requested.get(*name))
        .filter_map(|name| name.strip_prefix('$'))
        .filter(|name| !OF_ADDRESSES.contains(name))
        .filter(|name| *name != names::HISTORY || both_have_history(running, requested))
        .collect();
    // The variable with all providers also holds the default one, which has variables of its own.
    let of_default = [names::LLM_API_KEY, names::LLM_API_BASE, names::LLM_MODEL];
    if differing.iter().any(|name| of_default.contains(name)) {
        differing.retain(|name| *name != names::LLM_PROVIDERS);
    }
    differing
}

/// Whether both have a history: where one has no dashboard, it has no file of the history either.
fn both_have_history(running: &Settings, requested: &Settings) -> bool {
    let has = |settings: &Settings| settings.contains_key(&format!("${}", names::HISTORY));
    has(running) && has(requested)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Settings {
        let pairs = text.split_whitespace().filter_map(|pair| pair.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn each_difference_is_named_once_and_as_users_configure_it() {
        for (running, requested, expected) in [
            ("version=1 tree=a", "version=1 tree=a", ""),
            ("version=1 tree=a", "bridge=a:1", ""),
            ("version=1 tree=a", "version=2 tree=b", "version is 1, requested 2"),
            ("version=1 tree=a", "version=1 tree=b", "the build of this version differs"),
            ("bridge=h:0", "bridge=h:7", "bridge port is 0 (any free port), requested 7"),
            ("bridge=h:7", "bridge=i:7", "bridge address is h:7, requested i:7"),
            ("bridge=h:7", "bridge=i:8", "bridge address is h:7, requested i:8"),
            (
                "dashboard=off $LOOM_DASHBOARD=x",
                "dashboard=h:0 $LOOM_DASHBOARD=y",
                "mode is bridge-only, requested full",
            ),
            ("dashboard=h:1", "dashboard=off", "mode is full, requested bridge-only"),
            ("dashboard=h:1", "dashboard=h:2", "dashboard port is 1, requested 2"),
            (
                "$LOOM_LLM_MODEL=x $LOOM_LLM_PROVIDERS=x",
                "$LOOM_LLM_MODEL=y $LOOM_LLM_PROVIDERS=y",
                "LOOM_LLM_MODEL differs",
            ),
            (
                "$LOOM_DASHBOARD_ALLOWED_HOSTS=x",
                "$LOOM_DASHBOARD_ALLOWED_HOSTS=y",
                "LOOM_DASHBOARD_ALLOWED_HOSTS differs",
            ),
            ("$LOOM_HISTORY=x", "$LOOM_HISTORY=y", "LOOM_HISTORY differs"),
            ("$LOOM_HISTORY=x", "bridge=a:1", ""),
            ("$LOOM_AGENTS=x", "$LOOM_AGENTS=y", "[agents] of loom.toml differs"),
        ] {
            let found = differences(&settings(running), &settings(requested));
            let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
            assert_eq!(texts.join("; "), expected, "{running} / {requested}");
        }
    }
}
