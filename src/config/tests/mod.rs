//! Which layer decides, which problems are found, and what a project may set before it is trusted.

use std::{collections::BTreeMap, path::PathBuf};

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::*;

mod access;
mod history;
mod layers;
mod machine;
mod policy;
mod problems;
mod reference;
mod secrets;
mod set;
mod untrusted;
mod update;
mod values;

const PROJECT: &str = "/p/loom.toml";
const USER: &str = "/h/.config/loom/config.toml";

/// Files and variables, and the configuration that they resolve to.
#[derive(Default)]
struct World {
    files: BTreeMap<PathBuf, String>,
    inputs: Inputs,
    /// Whether every project is trusted.
    trusts: bool,
}

impl World {
    fn new() -> Self {
        let inputs = Inputs { home: Some("/h".into()), cwd: "/p".into(), ..Inputs::default() };
        Self { inputs, ..Self::default() }.trusting()
    }

    fn file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.into(), text.to_owned());
        self
    }

    fn project(self, text: &str) -> Self {
        self.file(PROJECT, text)
    }

    fn user(self, text: &str) -> Self {
        self.file(USER, text)
    }

    /// Sets the environment; whether projects are trusted stays as it is.
    fn env(mut self, env: &[(&str, &str)]) -> Self {
        let trust = self.trusts.then_some(("LOOM_TRUST_PROJECT", "1"));
        self.inputs.env = trust.into_iter().chain(env.iter().copied()).collect();
        self
    }

    /// Trusts every project.
    fn trusting(self) -> Self {
        Self { trusts: true, ..self }.env(&[])
    }

    fn untrusting(self) -> Self {
        Self { trusts: false, ..self }.env(&[])
    }

    fn flags(mut self, flags: Flags) -> Self {
        self.inputs.flags = flags;
        self
    }

    #[track_caller]
    fn resolved(&self) -> Resolved {
        match resolve(&self.inputs, &self.files) {
            Ok(resolved) => resolved,
            Err(error) => panic!("{error}: {error:?}"),
        }
    }

    /// All settings, for display.
    fn shown(&self) -> Vec<EffectiveSetting> {
        effective(&self.inputs, &self.files).unwrap().1
    }

    /// The displayed value and origin of one setting.
    #[track_caller]
    fn setting(&self, key: &str) -> (Value, String) {
        let settings = self.shown();
        let setting = settings.iter().find(|setting| setting.key() == key);
        let setting = setting.unwrap_or_else(|| panic!("{key} is not shown"));
        (setting.value.json(false), setting.origin.to_string())
    }

    /// All settings in effect as JSON.
    fn tables(&self, secrets: bool) -> String {
        as_tables(&self.shown(), secrets).to_string()
    }

    fn report(&self) -> ConfigReport {
        check(&self.inputs, &self.files).unwrap()
    }

    fn problems(&self) -> Vec<String> {
        self.report().problems.iter().map(ToString::to_string).collect()
    }

    fn warnings(&self) -> Vec<String> {
        self.report().warnings.iter().map(ToString::to_string).collect()
    }
}

/// A file that sets a port.
fn port(port: u16) -> String {
    format!("[dashboard]\nport = {port}\n")
}
