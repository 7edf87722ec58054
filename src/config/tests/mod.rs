//! Which layer decides, told by tables; and what a project may say before it is trusted.

use std::{collections::BTreeMap, path::PathBuf};

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::*;

mod layers;
mod mistakes;
mod told;
mod untrusted;

const PROJECT: &str = "/p/loom.toml";
const USER: &str = "/h/.config/loom/config.toml";

/// A world of files and variables, and what it resolves to.
#[derive(Default)]
struct World {
    files: BTreeMap<PathBuf, String>,
    inputs: Inputs,
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

    fn env(mut self, env: &[(&str, &str)]) -> Self {
        self.inputs.env = env.iter().copied().collect();
        self
    }

    /// Every project is trusted.
    fn trusting(self) -> Self {
        self.env(&[("LOOM_TRUST_PROJECT", "1")])
    }

    fn untrusting(self) -> Self {
        self.env(&[])
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

    /// The value and the origin of one row.
    #[track_caller]
    fn row(&self, key: &str) -> (Value, String) {
        let rows = self.resolved().rows();
        let row = rows.iter().find(|row| row.key() == key);
        let row = row.unwrap_or_else(|| panic!("no row {key}"));
        (row.json(false), row.origin.to_string())
    }

    fn mistakes(&self) -> Vec<String> {
        check(&self.inputs, &self.files).unwrap().0.iter().map(ToString::to_string).collect()
    }

    fn warnings(&self) -> Vec<String> {
        check(&self.inputs, &self.files).unwrap().1.iter().map(ToString::to_string).collect()
    }
}

/// A port in a file.
fn port(port: u16) -> String {
    format!("[dashboard]\nport = {port}\n")
}
