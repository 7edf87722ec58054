//! The environment variables of the process, as a value.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fmt,
    path::PathBuf,
    sync::Arc,
};

/// Environment variables, without white space around their values. A variable whose value is empty then counts as not
/// set. Clones share the variables.
///
/// # Examples
/// ```
/// use loom_runtime::config::Env;
///
/// let env: Env = [("LOOM_VERSION", " 0.2.0\n"), ("LOOM_OFFLINE", " ")].into_iter().collect();
/// assert_eq!(env.get("LOOM_VERSION"), Some("0.2.0"));
/// assert_eq!(env.get("LOOM_OFFLINE"), None);
/// assert!(env.is_empty("LOOM_OFFLINE"));
/// ```
#[derive(Clone, Default)]
pub struct Env(Arc<BTreeMap<String, OsString>>);

impl Env {
    /// The given variables, except those whose names are not valid Unicode.
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let named = variables.into_iter().filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            // Windows does not distinguish Path and PATH.
            let name = if cfg!(windows) { name.to_ascii_uppercase() } else { name };
            Some((name, trimmed(value)))
        });
        Self(Arc::new(named.collect()))
    }

    /// The value of a variable.
    pub fn os(&self, name: &str) -> Option<&OsStr> {
        self.0.get(name).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// The value of a variable as a path.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.os(name).map(PathBuf::from)
    }

    /// The value of a variable; `None` if it is not set or not valid UTF-8.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.os(name)?.to_str()
    }

    /// The names of all variables, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether a variable is set to nothing, or to white space.
    pub fn is_empty(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| value.is_empty())
    }
}

/// The value without white space around it; a value that is not UTF-8 stays as it is.
fn trimmed(value: OsString) -> OsString {
    match value.to_str() {
        Some(text) if text.trim().len() < text.len() => text.trim().into(),
        _ => value,
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Env {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self::new(variables.into_iter().map(|(name, value)| (name.into(), value.into())))
    }
}

impl fmt::Debug for Env {
    /// The names only: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
