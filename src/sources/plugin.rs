//! Opens sources of type `plugin`: programs that serve releases.

use std::{ffi::OsString, path::PathBuf};

use loom_plugin::{Plugin, PluginOptions};

use super::{Candidate, Opener, Reach, SourceClass, plugin_program};
use crate::{
    config::{Env, PluginSource, SourceSpec},
    trust::Channel,
};

/// The variables that a plugin receives besides `PATH`: home and temporary folders, language, proxies and certificates.
/// None of them holds a token or a key: a plugin that needs one gets it through its options or from files of its own.
const PASSED: [&str; 24] = [
    "ALL_PROXY",
    "APPDATA",
    "HOME",
    "HTTPS_PROXY",
    "LANG",
    "LC_ALL",
    "LOCALAPPDATA",
    "LOGNAME",
    "NO_PROXY",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "TMPDIR",
    "TZ",
    "USER",
    "USERPROFILE",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// Opens the plugin without starting its program. A program that is missing or not safe to run is an error of the
/// first request.
pub(super) fn open(opener: &Opener, spec: &SourceSpec, plugin: &PluginSource) -> Candidate {
    let folders = folders(&opener.env);
    let options = plugin.options.as_ref().map(|options| options.value.clone());
    let plugin = Plugin::open(PluginOptions {
        name: plugin.name.clone(),
        program: plugin_program::find(&plugin.name, &folders),
        options: options.unwrap_or_else(|| serde_json::json!({})),
        environment: environment(&opener.env, &folders),
        timeout: spec.timeout,
        total_timeout: spec.total_timeout,
        offline: opener.network.offline,
    });
    // Every plugin may use the network, so none is started offline.
    let (class, channel) = (SourceClass::Plugin, Channel::Authenticated);
    let address = spec.kind.to_string();
    Candidate::of(spec, address, class, channel, Reach::Network, Box::new(plugin))
}

/// The absolute folders of `PATH`.
fn folders(env: &Env) -> Vec<PathBuf> {
    let path = env.path("PATH").unwrap_or_default();
    std::env::split_paths(&path).filter(|folder| folder.is_absolute()).collect()
}

fn environment(env: &Env, folders: &[PathBuf]) -> Vec<(OsString, OsString)> {
    let passed = PASSED.iter().filter_map(|name| Some(((*name).into(), env.path(name)?.into())));
    let path = std::env::join_paths(folders).ok().map(|path| ("PATH".into(), path));
    passed.chain(path).collect()
}
