//! One variable of the server's environment.

use secrecy::{ExposeSecret as _, SecretString};

/// A variable of the server's environment. The value is treated as a secret, whatever it is: it is never printed,
/// logged or written to disk.
#[derive(Debug, Clone)]
pub struct ServerVariable {
    /// The variable's name; see [`names`](crate::names).
    pub name: String,
    /// The variable's value.
    pub value: SecretString,
}

impl ServerVariable {
    /// The variable `name` with `value`.
    pub fn new(name: impl Into<String>, value: impl Into<SecretString>) -> Self {
        Self { name: name.into(), value: value.into() }
    }

    /// Name and value, for the environment of the server's process.
    pub fn expose(&self) -> (&str, &str) {
        (&self.name, self.value.expose_secret())
    }
}
