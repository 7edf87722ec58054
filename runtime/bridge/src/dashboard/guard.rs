//! Who may ask. The page has no login: it is open to whoever sits at this machine, not to the sites they visit.
//!
//! A site cannot read our answers, for we send no CORS headers, unless it makes its own name resolve to our address
//! (DNS rebinding). Then the request carries that name, so unknown names are refused.

use std::net::IpAddr;

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::Dashboard;

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
    let mut response = if host.is_some_and(|host| is_ours(host, &dashboard.host)) {
        next.run(request).await
    } else {
        let why =
            "this dashboard answers to localhost, to IP addresses and to LOOM_DASHBOARD_HOST\n";
        (StatusCode::FORBIDDEN, why).into_response()
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
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
