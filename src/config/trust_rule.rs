//! [`TrustRule`]: what the file of a project that is not trusted may set.

use std::path::Path;

use super::{
    expand::has_variables,
    key_path::KeyPath,
    reader::{Layer, ValueReader},
    setting_type::SettingType,
    tree::TomlNode,
};

/// What the file of a project that is not trusted may set.
pub(crate) enum TrustRule<T> {
    /// Any value.
    Free,
    /// Values that name no variable.
    WithoutVariables,
    /// Addresses of loopback, as the function decides.
    Loopback(fn(&T) -> bool),
    /// Values that are stricter than those of the layers below; the function returns how strict a value is. Nothing is
    /// stricter than `u64::MAX`.
    Stricter(fn(&T) -> u64),
    /// No value.
    Trusted,
}

/// Whether a value of a project's file needs trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TrustVerdict {
    /// The value takes effect.
    Free,
    /// The value takes effect where it is stricter than that of the layers below.
    Stricter,
    /// The value has no effect until the project is trusted.
    Withheld,
}

impl<T: SettingType> TrustRule<T> {
    /// The rule in a word, for the reference: `free`, `literal`, `loopback`, `stricter` or `trusted`.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::WithoutVariables => "literal",
            Self::Loopback(_) => "loopback",
            Self::Stricter(_) => "stricter",
            Self::Trusted => "trusted",
        }
    }

    /// Whether this value needs trust. It is judged as written: no variable is expanded.
    pub(crate) fn verdict(&self, node: &TomlNode) -> TrustVerdict {
        let free_if = |free| if free { TrustVerdict::Free } else { TrustVerdict::Withheld };
        match self {
            Self::Free => TrustVerdict::Free,
            Self::WithoutVariables => free_if(!asks(&node.value.json())),
            Self::Loopback(is_loopback) => {
                free_if(unexpanded(node).is_some_and(|value| is_loopback(&value)))
            }
            Self::Stricter(strictness) => {
                let strictest = |value| strictness(&value) == u64::MAX;
                if unexpanded(node).is_some_and(strictest) {
                    TrustVerdict::Free
                } else {
                    TrustVerdict::Stricter
                }
            }
            Self::Trusted => TrustVerdict::Withheld,
        }
    }
}

/// The value, if it names no variable and is valid.
fn unexpanded<T: SettingType>(node: &TomlNode) -> Option<T> {
    let variables = |_: &str| None;
    let file = Path::new("");
    let mut reader =
        ValueReader { file, layer: Layer::Project, variables: &variables, problems: Vec::new() };
    if asks(&node.value.json()) {
        return None;
    }
    T::read(node, &KeyPath::default(), &mut reader)
}

/// Whether any text in a value contains a variable.
pub(crate) fn asks(value: &serde_json::Value) -> bool {
    use serde_json::Value;
    match value {
        Value::String(text) => has_variables(text),
        Value::Array(items) => items.iter().any(asks),
        Value::Object(fields) => fields.values().any(asks),
        _ => false,
    }
}
