//! The header `Authorization`.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use loom_http::header::HeaderValue;
use secrecy::ExposeSecret as _;

use crate::credentials::RegistryLogin;

/// `Basic …` with a user and password; `None` for tokens, which it cannot carry.
pub(super) fn basic(login: &RegistryLogin) -> Option<HeaderValue> {
    let RegistryLogin::Password { user, password } = login else { return None };
    let pair = format!("{user}:{}", password.expose_secret());
    sensitive(format!("Basic {}", BASE64_STANDARD.encode(pair)))
}

/// A header that is never shown.
pub(super) fn sensitive(text: String) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
