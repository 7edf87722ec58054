//! What registries and realms answer.

use loom_http::header::{self, HeaderMap, HeaderValue};
use url::Url;

use super::{challenge::AuthChallenge, next_page, refusal, token_request};

/// Reads the bytes as a challenge, as the link to the next page, as the response of a realm, and as a refusal.
pub fn responses(data: &[u8]) {
    if let Ok(value) = HeaderValue::from_bytes(data) {
        let headers: HeaderMap = [(header::WWW_AUTHENTICATE, value.clone()), (header::LINK, value)]
            .into_iter()
            .collect();
        if let Some(AuthChallenge::Bearer { realm, .. }) = AuthChallenge::of(&headers) {
            assert!(!realm.is_empty(), "a realm without a name");
        }
        if let Ok(url) = Url::parse("https://registry.example/v2/loom/tags/list?n=1000")
            && let Ok(Some(next)) = next_page::of(&headers, &url)
        {
            assert_eq!((next.origin(), next.path()), (url.origin(), url.path()), "elsewhere");
        }
    }
    if let Ok(read) = token_request::parse("the test", data) {
        assert!(HeaderValue::from_str(&read.token).is_ok(), "a token that is no header");
    }
    if let Some(code) = refusal::code(data) {
        assert!(!code.is_empty() && code.chars().all(|c| !c.is_control()), "{code:?}");
    }
}
