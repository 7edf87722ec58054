//! One LLM provider: address, model, limits.

use std::{fmt, time::Duration};

use loom_base::{loopback, redact};
use secrecy::SecretString;
use serde_json::{Map, Value};
use url::{Host, Url};

/// The supported values of `type`; both stand for OpenAI's chat completions over HTTP.
const KINDS: [&str; 2] = ["http", "openai"];
/// The end of the path of the endpoint.
const COMPLETIONS: &str = "chat/completions";

/// An LLM provider, as the table `[llm.<name>]` describes it.
#[derive(Clone)]
pub struct LlmProvider {
    /// The provider's name.
    pub name: String,
    /// The kind of API; the key is `type`.
    pub kind: String,
    /// The API key, sent as a bearer token.
    pub api_key: Option<SecretString>,
    /// The base URL of the API.
    pub api_base: Option<String>,
    /// The model of calls that name none.
    pub model: Option<String>,
    /// Upper limit of the tokens of one completion, and the default of calls that set none.
    pub max_tokens: u32,
    /// Sampling temperature of calls that set none, 0 to 2.
    pub temperature: f64,
    /// How long a complete response may take; of a streamed one, the longest time without a chunk.
    pub timeout: Duration,
    /// Additional fields of the request body.
    pub extra: Option<Value>,
}

impl LlmProvider {
    /// A provider with the defaults of `loom.toml`: 2048 tokens, temperature 0.7, 30 seconds.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: "http".to_owned(),
            api_key: None,
            api_base: None,
            model: None,
            max_tokens: 2048,
            temperature: 0.7,
            timeout: Duration::from_secs(30),
            extra: None,
        }
    }

    /// The URL for completions. A base URL without a path gets `/v1`, where such services have their API; one that
    /// already names the endpoint is not changed.
    ///
    /// # Errors
    /// What is wrong with `type` or `api_base`; the message shows no URL, which may hold a password.
    pub fn endpoint(&self) -> Result<Url, String> {
        if !KINDS.contains(&&*self.kind) {
            return Err("unsupported type; expected \"http\"".to_owned());
        }
        let base = self.api_base.as_deref().ok_or("api_base is missing")?;
        let invalid = || "api_base is no http or https URL".to_owned();
        let mut url = Url::parse(base.trim()).map_err(|_| invalid())?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(invalid());
        }
        let path = url.path().trim_end_matches('/').to_owned();
        if path.is_empty() {
            url.set_path(&format!("/v1/{COMPLETIONS}"));
        } else if !path.ends_with(COMPLETIONS) {
            url.set_path(&format!("{path}/{COMPLETIONS}"));
        }
        Ok(url)
    }

    /// The fields of `extra`.
    ///
    /// # Errors
    /// If `extra` is no table.
    pub fn extra(&self) -> Result<Map<String, Value>, String> {
        match &self.extra {
            None | Some(Value::Null) => Ok(Map::new()),
            Some(Value::Object(fields)) => Ok(fields.clone()),
            Some(_) => Err("extra is no table".to_owned()),
        }
    }

    /// Checks the table before the first call.
    ///
    /// # Errors
    /// What is wrong with `type`, `api_base` or `extra`.
    pub fn check(&self) -> Result<(), String> {
        self.endpoint()?;
        self.extra()?;
        Ok(())
    }
}

/// Whether requests to `url` stay on this machine; they need no proxy. A name below `localhost` counts too (RFC 6761).
pub(super) fn is_local(url: &Url) -> bool {
    let is_below_localhost = |name: &str| name.ends_with(".localhost");
    loopback::is_loopback_url(url)
        || matches!(url.host(), Some(Host::Domain(name)) if is_below_localhost(name))
}

/// Shows neither key, password nor `extra`.
impl fmt::Debug for LlmProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LlmProvider")
            .field("name", &self.name)
            .field("endpoint", &self.endpoint().map(|url| redact::url(&url)))
            .field("has_key", &self.api_key.is_some())
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_base(base: &str) -> LlmProvider {
        LlmProvider { api_base: Some(base.to_owned()), ..LlmProvider::new("p") }
    }

    #[test]
    fn the_endpoint_follows_from_the_base_url() {
        for (base, endpoint) in [
            ("https://api.deepseek.com", "https://api.deepseek.com/v1/chat/completions"),
            ("http://localhost:8000", "http://localhost:8000/v1/chat/completions"),
            ("http://localhost:8000/", "http://localhost:8000/v1/chat/completions"),
            ("http://localhost:8000/v1", "http://localhost:8000/v1/chat/completions"),
            ("http://localhost:8000/v1/", "http://localhost:8000/v1/chat/completions"),
            ("https://h/api/v1", "https://h/api/v1/chat/completions"),
            ("https://h/v1/chat/completions", "https://h/v1/chat/completions"),
            ("https://h/d?api-version=1", "https://h/d/chat/completions?api-version=1"),
        ] {
            assert_eq!(with_base(base).endpoint().unwrap().as_str(), endpoint, "{base}");
        }
    }

    #[test]
    fn invalid_tables_are_described() {
        assert_eq!(LlmProvider::new("p").check().unwrap_err(), "api_base is missing");
        for base in ["", "localhost:8000", "ftp://h", "/v1"] {
            let error = with_base(base).check().unwrap_err();
            assert_eq!(error, "api_base is no http or https URL", "{base}");
        }
        let other = LlmProvider { kind: "grpc".to_owned(), ..with_base("http://h") };
        assert_eq!(other.check().unwrap_err(), "unsupported type; expected \"http\"");
        let extra = LlmProvider { extra: Some(Value::from(1)), ..with_base("http://h") };
        assert_eq!(extra.check().unwrap_err(), "extra is no table");
        assert_eq!(with_base("http://h").check(), Ok(()));
    }

    #[test]
    fn debug_shows_no_secret() {
        let provider = LlmProvider {
            api_key: Some("hush-1".into()),
            extra: Some(serde_json::json!({"token": "hush-2"})),
            ..with_base("https://me:hush-3@h/v1?key=hush-4")
        };
        let shown = format!("{provider:?}");
        assert!(shown.contains("https://h/v1/chat/completions"), "{shown}");
        assert!(!shown.contains("hush"), "{shown}");
    }

    #[test]
    fn local_urls_are_loopback_addresses_and_localhost() {
        for (base, expected) in [
            ("http://localhost:1", true),
            ("http://a.localhost:1", true),
            ("http://127.0.0.1:1", true),
            ("http://[::1]:1", true),
            ("http://10.0.0.1:1", false),
            ("https://localhost.example", false),
        ] {
            assert_eq!(is_local(&with_base(base).endpoint().unwrap()), expected, "{base}");
        }
    }
}
