//! Who may ask. The page has no login: it is open to whoever sits at this machine, not to the sites they visit.
//!
//! A site cannot read our answers, for we send no CORS headers, unless it makes its own name resolve to our address
//! (DNS rebinding). Then the request carries that name, so unknown names are refused.
//!
//! A request that changes something must come from this page or from no page at all, and bring the token, if there
//! is one.

use std::net::IpAddr;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::Dashboard;
use crate::token::BearerToken;

/// Sent with every answer: the page loads its own files only and is shown in no other page.
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

/// Refuses requests for names that are not ours, and dresses the answers.
pub async fn check(State(dashboard): State<Dashboard>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let ours = host.is_some_and(|host| is_ours(host, &dashboard.host));
    let changes = !request.method().is_safe();
    let mut response = if !ours {
        let why =
            "this dashboard answers to localhost, to IP addresses and to LOOM_DASHBOARD_HOST\n";
        (StatusCode::FORBIDDEN, why).into_response()
    } else if changes && !is_from_here(request.headers()) {
        (StatusCode::FORBIDDEN, "pages of other sites may change nothing here\n").into_response()
    } else if changes && !knows(request.headers(), dashboard.token.as_ref()) {
        let why = "changing something here takes `authorization: Bearer <token>`\n";
        let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
        (StatusCode::UNAUTHORIZED, challenge, why).into_response()
    } else {
        next.run(request).await
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Whether a request comes from our page, or from a program that is no browser. Browsers say where it comes from.
fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or("?"));
    let site = text(HeaderName::from_static("sec-fetch-site"));
    let origin = text(header::ORIGIN).map(|origin| origin.strip_prefix("http://"));
    site.is_none_or(|site| site == "same-origin")
        && origin.is_none_or(|it| it == text(header::HOST))
}

/// Whether a request brings the token.
fn knows(headers: &HeaderMap, token: Option<&BearerToken>) -> bool {
    let offered = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = offered.and_then(|offered| offered.split_once(' '));
    let is_it = |token: &BearerToken| {
        bearer.is_some_and(|(scheme, offered)| {
            scheme.eq_ignore_ascii_case("bearer") && token.is(offered.trim())
        })
    };
    token.is_none_or(is_it)
}

/// Whether a `Host` header means us: any IP address (rebinding needs a name), `localhost` and names below it, or the
/// configured host.
fn is_ours(header: &str, configured: &str) -> bool {
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
    fn pages_of_other_sites_change_nothing() {
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
        for (all, fine) in table {
            assert_eq!(is_from_here(&headers(all)), fine, "{all:?}");
        }
    }

    #[test]
    fn a_change_takes_the_token() {
        let token = "s3cret".parse().unwrap();
        for (header, fine) in [("Bearer s3cret", true), ("Bearer s3cre", false), ("s3cret", false)]
        {
            assert_eq!(
                knows(&headers(&[("authorization", header)]), Some(&token)),
                fine,
                "{header}"
            );
        }
        assert!(!knows(&HeaderMap::new(), Some(&token)) && knows(&HeaderMap::new(), None));
    }

    #[test]
    fn names_that_are_ours() {
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
        for (host, ours) in table {
            assert_eq!(is_ours(host, "Box.lan"), ours, "{host}");
        }
    }
}
