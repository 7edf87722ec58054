//! [`TrustRule`]: what the file of a project that is not trusted may set.

use std::path::Path;

use super::{
    key_path::KeyPath,
    reader::{Layer, ValueReader},
    setting_type::SettingType,
    tree::TomlNode,
};

/// What the file of a project that is not trusted may set. Values that name a variable always need trust: nothing is
/// expanded for such a project.
pub(crate) enum TrustRule<T> {
    /// Any value.
    Free,
    /// Values of keys that the function accepts by their names, where the user chooses the names.
    FreeKeys(fn(&str) -> bool),
    /// Addresses of loopback, as the function decides.
    Loopback(fn(&T) -> bool),
    /// Values that are tighter than those of the layers below.
    Tighter(Tightness<T>),
    /// No value.
    Trusted,
}

/// Which values are provably tighter than others.
pub(crate) struct Tightness<T> {
    /// What can be said of a value whatever the layers below are.
    pub(crate) alone: fn(&T) -> TrustVerdict,
    /// Whether the first value takes effect instead of the second one, which is that of the layers below.
    pub(crate) than: fn(&T, &T) -> bool,
}

/// Whether a value of a project's file needs trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TrustVerdict {
    /// The value takes effect.
    Free,
    /// The value takes effect where it is tighter than that of the layers below.
    Tighter,
    /// The value has no effect until the project is trusted.
    Withheld,
}

impl TrustVerdict {
    /// Free where the condition holds, else withheld.
    fn free_if(holds: bool) -> Self {
        if holds { Self::Free } else { Self::Withheld }
    }
}

impl<T: SettingType> TrustRule<T> {
    /// The rule in a word, for the reference: `free`, `partly`, `loopback`, `tighter` or `trusted`.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::FreeKeys(_) => "partly",
            Self::Loopback(_) => "loopback",
            Self::Tighter(_) => "tighter",
            Self::Trusted => "trusted",
        }
    }

    /// Whether this value of `key` needs trust. It is judged as written.
    pub(crate) fn verdict(&self, key: &str, node: &TomlNode) -> TrustVerdict {
        if node.value.has_variables() {
            return TrustVerdict::Withheld;
        }
        match self {
            Self::Free => TrustVerdict::Free,
            Self::FreeKeys(is_free) => TrustVerdict::free_if(is_free(key)),
            Self::Loopback(is_loopback) => {
                TrustVerdict::free_if(value(node).is_some_and(|value| is_loopback(&value)))
            }
            Self::Tighter(Tightness { alone, .. }) => {
                value(node).map_or(TrustVerdict::Tighter, |value| alone(&value))
            }
            Self::Trusted => TrustVerdict::Withheld,
        }
    }
}

/// The value, if it is valid.
fn value<T: SettingType>(node: &TomlNode) -> Option<T> {
    let variables = |_: &str| None;
    let file = Path::new("");
    let mut reader =
        ValueReader { file, layer: Layer::Project, variables: &variables, problems: Vec::new() };
    T::read(node, &KeyPath::default(), &mut reader)
}
