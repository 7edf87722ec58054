//! The environment variables of the process, as a value.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fmt,
    path::PathBuf,
    sync::Arc,
};

/// Environment variables. A variable whose value is empty counts as not set. Clones share the variables.
///
/// # Examples
/// ```
/// use loom_runtime::config::Env;
///
/// let env: Env = [("LOOM_VERSION", "0.2.0"), ("LOOM_OFFLINE", "")].into_iter().collect();
/// assert_eq!(env.get("LOOM_VERSION"), Some("0.2.0"));
/// assert_eq!(env.get("LOOM_OFFLINE"), None);
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
            Some((name, value))
        });
        Self(Arc::new(named.filter(|(_, value)| !value.is_empty()).collect()))
    }

    /// The value of a variable.
    pub fn os(&self, name: &str) -> Option<&OsStr> {
        self.0.get(name).map(OsString::as_os_str)
    }

    /// The value of a variable as a path.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.0.get(name).map(PathBuf::from)
    }

    /// The value of a variable; `None` if it is not set or not valid UTF-8.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str()
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
