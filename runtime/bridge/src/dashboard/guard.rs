//! The check of every request. The dashboard has no login: every client that can reach it may read it, except the pages
//! of other sites.
//!
//! The responses carry no CORS headers, so that a page of another site cannot read them, unless its own name resolves
//! to the dashboard's address (DNS rebinding). Such a request carries that name in `Host`, so unknown names are refused.
//!
//! A request that changes something must come from the dashboard's own page or from a program that is no browser, and
//! carry the token, if there is one.

use std::net::IpAddr;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use loom_environment::names;

use super::context::DashboardContext;
use crate::token::BearerToken;

/// Headers of every response: the page loads its own files only and cannot be framed.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::CACHE_CONTROL, "no-store"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Refuses requests that are not allowed, and adds headers to all responses.
pub async fn check(
    State(context): State<DashboardContext>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = match refuse(&request, &context) {
        Some(response) => response,
        None => next.run(request).await,
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The response to a request that is not allowed.
fn refuse(request: &Request, context: &DashboardContext) -> Option<Response> {
    let headers = request.headers();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    if !host.is_some_and(|host| is_own_host(host, &context.host)) {
        let message = format!(
            "unknown host: this dashboard is served at localhost, at IP addresses and at {}\n",
            names::DASHBOARD_HOST
        );
        return Some((StatusCode::FORBIDDEN, message).into_response());
    }
    if request.method().is_safe() {
        return None;
    }
    if !is_same_origin(headers) {
        let message = "requests of other sites must not change anything\n";
        return Some((StatusCode::FORBIDDEN, message).into_response());
    }
    if !has_token(headers, context.token.as_ref()) {
        let message = "changes require `authorization: Bearer <token>`\n";
        let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
        return Some((StatusCode::UNAUTHORIZED, challenge, message).into_response());
    }
    None
}

/// Whether a request comes from the dashboard's page, or from a program that is no browser. Browsers send the origin.
fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or("?"));
    let site = text(HeaderName::from_static("sec-fetch-site"));
    let origin = text(header::ORIGIN).map(|origin| origin.strip_prefix("http://"));
    site.is_none_or(|site| site == "same-origin")
        && origin.is_none_or(|authority| authority == text(header::HOST))
}

/// Whether a request carries the token, if there is one.
fn has_token(headers: &HeaderMap, token: Option<&BearerToken>) -> bool {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    token.is_none_or(|token| token.accepts(header))
}

/// Whether a `Host` header names this dashboard: any IP address (rebinding needs a name), `localhost` and names below
/// it, or the configured host.
fn is_own_host(header: &str, configured: &str) -> bool {
    let name = match header.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _port)) => address,
        None => header.rsplit_once(':').map_or(header, |(name, _port)| name),
    };
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name.parse::<IpAddr>().is_ok()
        || name == "localhost"
        || name.ends_with(".localhost")
        || name == configured.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(all: &[(&str, &str)]) -> HeaderMap {
        all.iter().map(|(k, v)| (k.parse().unwrap(), HeaderValue::from_str(v).unwrap())).collect()
    }

    #[test]
    fn pages_of_other_sites_must_not_change_anything() {
        let host = ("host", "localhost:3030");
        let table: [(&[(&str, &str)], bool); 7] = [
            (&[host], true),
            (&[host, ("origin", "http://localhost:3030")], true),
            (&[host, ("origin", "http://localhost:3030"), ("sec-fetch-site", "same-origin")], true),
            (&[host, ("origin", "http://localhost:4000")], false),
            (&[host, ("origin", "http://evil.example")], false),
            (&[host, ("origin", "null")], false),
            (&[host, ("sec-fetch-site", "same-site")], false),
        ];
        for (all, expected) in table {
            assert_eq!(is_same_origin(&headers(all)), expected, "{all:?}");
        }
    }

    #[test]
    fn changes_require_the_token() {
        let token = "s3cret".parse().unwrap();
        for (header, expected) in
            [("Bearer s3cret", true), ("Bearer s3cre", false), ("s3cret", false)]
        {
            let headers = headers(&[("authorization", header)]);
            assert_eq!(has_token(&headers, Some(&token)), expected, "{header}");
        }
        assert!(!has_token(&HeaderMap::new(), Some(&token)));
        assert!(has_token(&HeaderMap::new(), None));
    }

    #[test]
    fn own_hosts_are_addresses_localhost_and_the_configured_one() {
        let table = [
            ("127.0.0.1:3030", true),
            ("127.0.0.1", true),
            ("[::1]:3030", true),
            ("[::1]", true),
            ("localhost:3030", true),
            ("LOCALHOST", true),
            ("loom.localhost:3030", true),
            ("192.168.1.7:3030", true),
            ("box.lan:3030", true),
            ("evil.example:3030", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("evillocalhost", false),
            ("", false),
        ];
        for (host, expected) in table {
            assert_eq!(is_own_host(host, "Box.lan"), expected, "{host}");
        }
    }
}
