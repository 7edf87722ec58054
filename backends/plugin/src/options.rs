//! [`PluginOptions`]: the options with which a plugin is opened.

use std::{cmp::Reverse, ffi::OsString, fmt, path::PathBuf, time::Duration};

use serde_json::Value;

/// The length from which a text of the options counts as a secret, in bytes. Shorter texts (`true`, `eu-1`) would
/// remove too much from messages.
const MIN_SECRET_LEN: usize = 6;

/// The program of a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PluginProgram {
    /// The path of the program.
    Found(PathBuf),
    /// The reason why there is no program that can be used. Every request fails with it.
    Missing(String),
}

/// The options with which a plugin is opened.
#[derive(Clone)]
pub struct PluginOptions {
    /// The name of the plugin; its program is called `loom-source-<name>`.
    pub name: String,
    /// The program.
    pub program: PluginProgram,
    /// The plugin's own options, sent with the hello. May hold secrets.
    pub options: Value,
    /// The whole environment of the process.
    pub environment: Vec<(OsString, OsString)>,
    /// The longest time without progress: for a response, and between two pieces of a body.
    pub timeout: Duration,
    /// The longest time for one request with its whole body; `None` where there is no limit.
    pub total_timeout: Option<Duration>,
    /// Whether network access is disabled. The plugin is then not started, since it may use the network.
    pub offline: bool,
}

impl PluginOptions {
    /// The name under which messages mention the plugin: `plugin:<name>`.
    pub(crate) fn label(&self) -> String {
        format!("plugin:{}", self.name)
    }

    /// The texts of the plugin's options that are long enough to be secrets, the longest first: a secret may be part of
    /// a longer one.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let mut secrets = Vec::new();
        collect_texts(&self.options, &mut secrets);
        secrets.retain(|text| text.len() >= MIN_SECRET_LEN);
        secrets.sort_by_key(|secret| Reverse(secret.len()));
        secrets
    }
}

fn collect_texts(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect_texts(item, texts)),
        Value::Object(fields) => fields.values().for_each(|item| collect_texts(item, texts)),
        _ => {}
    }
}

/// Without the values of options and environment variables, which may be secrets.
impl fmt::Debug for PluginOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, program, timeout, total_timeout, offline, .. } = self;
        f.debug_struct("PluginOptions")
            .field("name", name)
            .field("program", program)
            .field("timeout", timeout)
            .field("total_timeout", total_timeout)
            .field("offline", offline)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn long_texts_of_the_options_are_secrets() {
        let options = PluginOptions {
            name: "x".to_owned(),
            program: PluginProgram::Missing(String::new()),
            options: json!({"a": "s3cret", "b": ["eu-1", "s3cret-longer"], "c": {"d": 1234567}}),
            environment: vec![("TOKEN".into(), "in-environment".into())],
            timeout: Duration::from_secs(1),
            total_timeout: None,
            offline: false,
        };
        assert_eq!(options.secrets(), ["s3cret-longer", "s3cret"]);
        let debug = format!("{options:?}");
        assert!(!debug.contains("s3cret") && !debug.contains("in-environment"), "{debug}");
    }
}
