//! The layers of a configuration, and which of them decides.

use super::{
    ConfigLocation, Diagnostic, Inputs, Setting, SettingOrigin,
    load::{Loaded, ProjectFile},
    read::Spanned,
    tables::File,
};

/// Environment, project and user, highest first; flags are asked before, defaults after.
pub(crate) struct Layers<'a> {
    pub(crate) inputs: &'a Inputs,
    pub(crate) project: Option<ProjectFile>,
    pub(crate) user: Option<Loaded>,
    pub(crate) mistakes: Vec<Diagnostic>,
}

impl Layers<'_> {
    /// The files, highest first.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Loaded> {
        self.project.iter().map(|project| &project.loaded).chain(&self.user)
    }

    /// What the highest file says that says anything.
    pub(crate) fn file<T: Clone>(
        &self,
        pick: impl Fn(&File) -> Option<&Spanned<T>>,
    ) -> Option<Setting<T>> {
        self.files().find_map(|loaded| setting(loaded, pick(&loaded.tables)))
    }

    /// What an environment variable says.
    pub(crate) fn env<T>(
        &mut self,
        name: &str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<Setting<T>> {
        variable(self.inputs, name, expected, parse, &mut self.mistakes)
    }
}

/// A value of a file with its origin.
pub(crate) fn setting<T: Clone>(loaded: &Loaded, at: Option<&Spanned<T>>) -> Option<Setting<T>> {
    at.map(|at| Setting::new(at.value.clone(), loaded.origin(at.line)))
}

/// What an environment variable says; what it holds is not shown when it says nothing.
fn variable<T>(
    inputs: &Inputs,
    name: &str,
    expected: &str,
    parse: impl FnOnce(&str) -> Option<T>,
    mistakes: &mut Vec<Diagnostic>,
) -> Option<Setting<T>> {
    let text = match inputs.env.text(name) {
        Ok(text) => text?,
        Err(mistake) => {
            mistakes.push(mistake);
            return None;
        }
    };
    let parsed = parse(text);
    if parsed.is_none() {
        let place = ConfigLocation::Env(name.to_owned());
        mistakes.push(Diagnostic::new(place, format!("expected {expected}, got {text:?}")));
    }
    parsed.map(|value| Setting::new(value, SettingOrigin::Env(name.to_owned())))
}

/// Whether a variable says yes or no: true/1/yes/on, false/0/no/off, in any case.
pub(crate) fn switch(inputs: &Inputs, name: &str, mistakes: &mut Vec<Diagnostic>) -> Option<bool> {
    variable(inputs, name, SWITCH, yes_or_no, mistakes).map(|setting| setting.value)
}

pub(crate) const SWITCH: &str = "true or false (1 or 0, yes or no, on or off)";

pub(crate) fn yes_or_no(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}
