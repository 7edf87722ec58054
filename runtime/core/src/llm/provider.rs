//! One service: where it is, its model, its limits.

use std::{fmt, time::Duration};

use secrecy::SecretString;
use serde_json::{Map, Value};
use url::{Host, Url};

/// `type` of services that speak OpenAI's chat completions over HTTP; the only kind there is.
const KINDS: [&str; 2] = ["http", "openai"];
/// What the last part of the address is.
const COMPLETIONS: &str = "chat/completions";

/// A language model service, as a table `[llm.<name>]` describes it.
#[derive(Clone)]
pub struct LlmProvider {
    /// Its name.
    pub name: String,
    /// `type`.
    pub kind: String,
    /// Sent as a bearer token.
    pub api_key: Option<SecretString>,
    /// The address of its API.
    pub api_base: Option<String>,
    /// The model, where a call names none.
    pub model: Option<String>,
    /// The longest answer that may be asked for, in tokens; asked for where a call says nothing.
    pub max_tokens: u32,
    /// 0 to 2, where a call says nothing.
    pub temperature: f64,
    /// How long a whole answer may take; of a streamed one, the longest silence.
    pub timeout: Duration,
    /// More fields for the request, as they stand.
    pub extra: Option<Value>,
}

impl LlmProvider {
    /// One with the defaults of `loom.toml`: 2048 tokens, temperature 0.7, 30 seconds.
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

    /// Where completions are asked for; else what is wrong with the table.
    ///
    /// A base without a path gets `/v1`, as all such services have it; one that names the endpoint stands.
    pub fn endpoint(&self) -> Result<Url, String> {
        if !KINDS.contains(&&*self.kind) {
            return Err(format!("its type is {:?}; known is \"http\"", self.kind));
        }
        let base = self.api_base.as_deref().ok_or("it has no api_base")?;
        let unusable = || "its api_base is no http(s) address".to_owned();
        let mut url = Url::parse(base.trim()).map_err(|_| unusable())?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(unusable());
        }
        let path = url.path().trim_end_matches('/').to_owned();
        if path.is_empty() {
            url.set_path(&format!("/v1/{COMPLETIONS}"));
        } else if !path.ends_with(COMPLETIONS) {
            url.set_path(&format!("{path}/{COMPLETIONS}"));
        }
        Ok(url)
    }

    /// The fields of `extra`; else what is wrong with the table.
    pub fn extra(&self) -> Result<Map<String, Value>, String> {
        match &self.extra {
            None | Some(Value::Null) => Ok(Map::new()),
            Some(Value::Object(fields)) => Ok(fields.clone()),
            Some(_) => Err("its extra is no table".to_owned()),
        }
    }

    /// What is wrong with the table, if anything.
    pub fn fault(&self) -> Option<String> {
        self.endpoint().err().or_else(|| self.extra().err())
    }
}

/// An address to be shown: without user, password and query.
pub fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Neither can fail on an http address with a host.
    _ = url.set_username("");
    _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

/// Whether an address can only be this machine's.
pub fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.to_canonical().is_loopback(),
        None => false,
    }
}

/// The address may hold a password and `extra` anything: neither is shown.
impl fmt::Debug for LlmProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (at, key) = (self.endpoint().map(|url| shown(&url)), self.api_key.is_some());
        f.debug_struct("Provider")
            .field("name", &self.name)
            .field("endpoint", &at)
            .field("has_key", &key)
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(base: &str) -> LlmProvider {
        LlmProvider { api_base: Some(base.to_owned()), ..LlmProvider::new("p") }
    }

    #[test]
    fn where_completions_are_asked_for() {
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
            assert_eq!(at(base).endpoint().unwrap().as_str(), endpoint, "{base}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(LlmProvider::new("p").fault().unwrap(), "it has no api_base");
        for base in ["", "localhost:8000", "ftp://h", "/v1"] {
            assert_eq!(at(base).fault().unwrap(), "its api_base is no http(s) address", "{base}");
        }
        let other = LlmProvider { kind: "grpc".to_owned(), ..at("http://h") };
        assert_eq!(other.fault().unwrap(), "its type is \"grpc\"; known is \"http\"");
        let extra = LlmProvider { extra: Some(Value::from(1)), ..at("http://h") };
        assert_eq!(extra.fault().unwrap(), "its extra is no table");
        assert_eq!(at("http://h").fault(), None);
    }

    #[test]
    fn secrets_are_never_shown() {
        let provider = LlmProvider {
            api_key: Some("hush-1".into()),
            extra: Some(serde_json::json!({"token": "hush-2"})),
            ..at("https://me:hush-3@h/v1?key=hush-4")
        };
        let url = provider.endpoint().unwrap();
        assert_eq!(shown(&url), "https://h/v1/chat/completions");
        assert!(!format!("{provider:?}").contains("hush"), "{provider:?}");
    }

    #[test]
    fn this_machine_is_loopback_and_nothing_else() {
        for (base, local) in [
            ("http://localhost:1", true),
            ("http://127.0.0.1:1", true),
            ("http://[::1]:1", true),
            ("http://10.0.0.1:1", false),
            ("https://localhost.example", false),
        ] {
            assert_eq!(is_local(&at(base).endpoint().unwrap()), local, "{base}");
        }
    }
}
