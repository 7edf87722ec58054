//! [`TokenRequest`]: exchanges a login for a token at the realm that a registry names.

use std::time::Duration;

use bytes::Bytes;
use loom_base::{loopback::is_loopback_url, redact};
use loom_http::{
    Client, HttpCall, Method,
    header::{self, HeaderMap, HeaderValue},
};
use loom_source::{AccessDenied, SourceError, SourceErrorKind, process_clock};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use tokio::time::Instant;
use url::{Url, form_urlencoded};

use super::{authorization::basic, call_text};
use crate::credentials::RegistryLogin;

/// How long a token is used whose end the realm does not state.
const DEFAULT_LIFE: u64 = 60;

/// The longest life of a token that is believed, in seconds.
const MAX_LIFE: u64 = 24 * 3600;

/// The name of this client at a realm.
const CLIENT_ID: &str = "loom";

/// A request for a token, as a challenge describes it.
pub(super) struct TokenRequest<'a> {
    /// The root URL of the registry that named the realm.
    pub(super) registry: &'a Url,
    pub(super) realm: &'a str,
    pub(super) service: Option<&'a str>,
    pub(super) scope: Option<&'a str>,
}

/// A token of a realm.
pub(super) struct RealmToken {
    pub(super) token: String,
    pub(super) expires: Instant,
}

/// The response of a realm.
#[derive(Deserialize)]
struct RealmResponse {
    #[serde(default)]
    token: String,
    #[serde(default)]
    access_token: String,
    #[serde(default)]
    expires_in: Option<u64>,
}

impl TokenRequest<'_> {
    /// Requests a token, anonymously without a login.
    pub(super) async fn send(
        &self,
        client: &Client,
        login: Option<&RegistryLogin>,
    ) -> Result<RealmToken, SourceError> {
        let realm = self.checked_realm(login.is_some())?;
        let call = match login {
            Some(RegistryLogin::Identity(token)) => self.post(realm.clone(), token.expose_secret()),
            login => self.get(realm.clone(), login),
        };
        let response = client.call(&call.document()).await?;
        let at = redact::url(&realm);
        let status = response.status.as_u16();
        match status {
            200 => parse(&at, &call_text::read(&at, response).await?),
            400 | 401 | 403 => {
                let denial = AccessDenied::by_server(status);
                Err(SourceError::denied(at, denial.because("the realm gives no token")))
            }
            _ => {
                let kind = SourceErrorKind::HttpStatus { status, retry_after: None };
                Err(SourceError::new(at, kind))
            }
        }
    }

    /// The realm's URL. A login is sent over https, or to a realm that is protected as well as the registry itself; and no
    /// registry beyond this machine can name a realm on it.
    fn checked_realm(&self, with_login: bool) -> Result<Url, SourceError> {
        let registry = self.registry;
        let at = redact::url(registry);
        let refuse = |why: String| Err(SourceError::malformed(at.clone(), why));
        let shown = || redact::unusable(self.realm);
        let Ok(realm) = Url::parse(self.realm) else {
            return refuse(format!("its realm is not a URL: {:?}", shown()));
        };
        let has_login = !realm.username().is_empty() || realm.password().is_some();
        if !matches!(realm.scheme(), "http" | "https") || has_login {
            return refuse(format!("its realm is not an http URL: {:?}", shown()));
        }
        let shown = redact::url(&realm);
        if is_loopback_url(&realm) && !is_loopback_url(registry) {
            return refuse(format!(
                "it names a realm on this machine, which is not asked: {shown}"
            ));
        }
        let is_own = realm.origin() == registry.origin();
        let protected = realm.scheme() == "https" || is_loopback_url(&realm) || is_own;
        if with_login && !protected {
            return refuse(format!("its realm {shown} is not encrypted; it gets no login"));
        }
        Ok(realm)
    }

    /// `GET realm?service=…&scope=…`, with `Basic` for a password.
    fn get(&self, mut realm: Url, login: Option<&RegistryLogin>) -> HttpCall {
        {
            let mut query = realm.query_pairs_mut();
            for (name, value) in [("service", self.service), ("scope", self.scope)] {
                if let Some(value) = value {
                    query.append_pair(name, value);
                }
            }
        }
        let mut headers = HeaderMap::new();
        if let Some(value) = login.and_then(basic) {
            headers.insert(header::AUTHORIZATION, value);
        }
        HttpCall::new(Method::GET, realm, headers, Bytes::new())
    }

    /// `POST realm` with a refresh token (RFC 6749, section 6).
    fn post(&self, realm: Url, refresh_token: &str) -> HttpCall {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "refresh_token");
        form.append_pair("client_id", CLIENT_ID);
        form.append_pair("refresh_token", refresh_token);
        for (name, value) in [("service", self.service), ("scope", self.scope)] {
            if let Some(value) = value {
                form.append_pair(name, value);
            }
        }
        let mut headers = HeaderMap::new();
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(header::CONTENT_TYPE, form_type);
        HttpCall::new(Method::POST, realm, headers, form.finish().into())
    }
}

/// The token of a response. None of its text is shown.
pub(super) fn parse(at: &str, bytes: &[u8]) -> Result<RealmToken, SourceError> {
    let malformed = |why: &str| SourceError::malformed(at, why);
    let response: RealmResponse =
        serde_json::from_slice(bytes).map_err(|_| malformed("not the response of a realm"))?;
    let token = if response.token.is_empty() { response.access_token } else { response.token };
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(malformed("it has no token"));
    }
    let life = response.expires_in.unwrap_or(DEFAULT_LIFE).min(MAX_LIFE);
    Ok(RealmToken { token, expires: process_clock::now() + Duration::from_secs(life) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn realm(registry: &str, realm: &str, with_login: bool) -> Result<String, String> {
        let registry = registry.parse().unwrap();
        let request = TokenRequest { registry: &registry, realm, service: None, scope: None };
        let checked = request.checked_realm(with_login);
        checked.map(|url| url.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_login_goes_to_protected_realms_only() {
        for (registry, named, with_login, asked) in [
            ("https://h/", "https://auth/token", true, true),
            ("https://h/", "http://auth/token", true, false),
            ("https://h/", "http://auth/token", false, true),
            ("https://h/", "http://h/token", true, false),
            ("http://h/", "http://h/token", true, true),
            ("http://h/", "http://auth/token", true, false),
            ("http://127.0.0.1:1/", "http://127.0.0.1:2/token", true, true),
            ("https://h/", "http://127.0.0.1/token", false, false),
            ("https://h/", "https://localhost/token", false, false),
            ("https://h/", "https://u:p@auth/token", false, false),
            ("https://h/", "file:///etc/passwd", false, false),
            ("https://h/", "token", false, false),
        ] {
            assert_eq!(realm(registry, named, with_login).is_ok(), asked, "{registry} {named}");
        }
    }

    #[test]
    fn a_response_has_a_token() {
        let token = |text: &str| parse("at", text.as_bytes()).map(|token| token.token);
        assert_eq!(token(r#"{"token":"t","expires_in":300}"#).unwrap(), "t");
        assert_eq!(token(r#"{"access_token":"a"}"#).unwrap(), "a");
        for bad in ["", "{}", r#"{"token":"a b"}"#, r#"{"token":"secret"#, r#"{"token":"é"}"#] {
            let error = token(bad).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
