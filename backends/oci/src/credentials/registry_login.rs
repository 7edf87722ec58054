//! [`RegistryLogin`]: a login for a registry.

use secrecy::SecretString;

/// A login for a registry.
#[derive(Debug, Clone)]
pub enum RegistryLogin {
    /// A user and a password: sent with `Basic`, or exchanged for a token at the registry's realm.
    Password {
        /// The user.
        user: String,
        /// The password.
        password: SecretString,
    },
    /// An identity token, which is exchanged for a token at the registry's realm (OAuth 2).
    Identity(SecretString),
    /// A token that is sent to the registry as it is.
    Bearer(SecretString),
}
