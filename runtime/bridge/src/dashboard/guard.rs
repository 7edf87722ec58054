//! The check of every request.
//!
//! Where a token is set, a request carries it or a session's; the page itself can be loaded without, so that it can ask
//! for the login. Where no token is set, the connection must be admitted ([`crate::access`]). Probes are open to all.
//!
//! The responses carry no CORS headers, so that a page of another site cannot read them, unless its own name resolves
//! to the dashboard's address (DNS rebinding). Such a request carries that name in `Host`, so unknown names are refused.
//!
//! A request that changes something must come from the dashboard's own page or from a program that is no browser.

use std::net::IpAddr;

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use loom_environment::names;

use super::context::{DashboardAccess, DashboardContext};
use crate::connections::ConnectionState;

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
    let mut response = match refuse(&request, &context.access) {
        Some(response) => response,
        None => next.run(request).await,
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The response to a request that is not allowed.
fn refuse(request: &Request, access: &DashboardAccess) -> Option<Response> {
    let headers = request.headers();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    if !host.is_some_and(|host| is_own_host(host, &access.hosts)) {
        let message = format!(
            "unknown host: this dashboard is served at localhost, at IP addresses, at {} and at {}\n",
            names::DASHBOARD_HOST,
            names::DASHBOARD_ALLOWED_HOSTS
        );
        return Some((StatusCode::FORBIDDEN, message).into_response());
    }
    let path = request.uri().path();
    if is_probe(path) {
        return None;
    }
    if let Some(response) = refuse_caller(request, access) {
        return Some(response);
    }
    if !request.method().is_safe() && !is_same_origin(headers, &access.hosts) {
        let message = "requests of other sites must not change anything\n";
        return Some((StatusCode::FORBIDDEN, message).into_response());
    }
    None
}

/// The response to a request without a login, or, where no token is set, on a connection that is not admitted.
fn refuse_caller(request: &Request, access: &DashboardAccess) -> Option<Response> {
    let Some(sessions) = &access.sessions else {
        let state: Option<&ConnectInfo<ConnectionState>> = request.extensions().get();
        let Some(admission) = state.and_then(|ConnectInfo(state)| state.admission()) else {
            return Some(StatusCode::INTERNAL_SERVER_ERROR.into_response());
        };
        let response = |refusal| (StatusCode::FORBIDDEN, format!("{refusal}\n")).into_response();
        return admission.err().map(response);
    };
    let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if is_part_of_the_login(request.method(), request.uri().path()) || sessions.accepts(header) {
        return None;
    }
    let message = "log in on the page of this dashboard, or send `authorization: Bearer <token>`\n";
    let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
    Some((StatusCode::UNAUTHORIZED, challenge, message).into_response())
}

/// Whether this is a probe of the server's health, which everybody may send.
fn is_probe(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}

/// Whether a request is needed to log in: the page, its files, and the login itself.
fn is_part_of_the_login(method: &Method, path: &str) -> bool {
    match *method {
        Method::GET | Method::HEAD => path == "/" || path.starts_with("/static/"),
        Method::POST => path == "/api/login",
        _ => false,
    }
}

/// Whether a request comes from the dashboard's page, or from a program that is no browser. Browsers send the origin, and
/// where a page has it by https or from this machine also whether it is the same: behind a proxy only that is known.
fn is_same_origin(headers: &HeaderMap, hosts: &[String]) -> bool {
    let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or("?"));
    if let Some(site) = text(HeaderName::from_static("sec-fetch-site")) {
        return site == "same-origin";
    }
    let Some(origin) = text(header::ORIGIN) else { return true };
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    authority.is_some_and(|authority| {
        Some(authority) == text(header::HOST) || hosts.contains(&host_name(authority))
    })
}

/// Whether a `Host` header names this dashboard: any IP address (rebinding needs a name), `localhost` and names below
/// it, or a configured host.
fn is_own_host(header: &str, hosts: &[String]) -> bool {
    let name = host_name(header);
    name.parse::<IpAddr>().is_ok()
        || name == "localhost"
        || name.ends_with(".localhost")
        || hosts.contains(&name)
}

/// The host in `host:port`, in lower case, without brackets and without a dot at the end.
fn host_name(authority: &str) -> String {
    let name = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _port)) => address,
        None => authority.rsplit_once(':').map_or(authority, |(name, _port)| name),
    };
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
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
        let hosts = ["dash.example".to_owned()];
        let table: [(&[(&str, &str)], bool); 11] = [
            (&[host], true),
            (&[host, ("origin", "http://localhost:3030")], true),
            (&[host, ("origin", "https://localhost:3030")], true),
            (&[host, ("origin", "http://localhost:3030"), ("sec-fetch-site", "same-origin")], true),
            (&[host, ("origin", "https://proxy.lan"), ("sec-fetch-site", "same-origin")], true),
            (&[host, ("origin", "https://dash.example")], true),
            (&[host, ("origin", "http://localhost:4000")], false),
            (&[host, ("origin", "http://evil.example")], false),
            (&[host, ("origin", "null")], false),
            (&[host, ("sec-fetch-site", "same-site")], false),
            (&[host, ("sec-fetch-site", "none")], false),
        ];
        for (all, expected) in table {
            assert_eq!(is_same_origin(&headers(all), &hosts), expected, "{all:?}");
        }
    }

    #[test]
    fn only_the_page_and_the_login_need_no_login() {
        for (method, path, expected) in [
            (Method::GET, "/", true),
            (Method::GET, "/static/app.js", true),
            (Method::POST, "/api/login", true),
            (Method::POST, "/", false),
            (Method::PUT, "/api/login", false),
            (Method::GET, "/api/topology", false),
            (Method::GET, "/metrics", false),
            (Method::PUT, "/api/log-level", false),
        ] {
            assert_eq!(is_part_of_the_login(&method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn own_hosts_are_addresses_localhost_and_the_configured_ones() {
        let table = [
            ("127.0.0.1:3030", true),
            ("127.0.0.1", true),
            ("[::1]:3030", true),
            ("[::1]", true),
            ("localhost:3030", true),
            ("LOCALHOST", true),
            ("loom.localhost:3030", true),
            ("192.168.1.7:3030", true),
            ("Box.lan:3030", true),
            ("loom.:3030", true),
            ("evil.example:3030", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("evillocalhost", false),
            ("", false),
        ];
        let hosts = ["box.lan".to_owned(), "loom".to_owned()];
        for (host, expected) in table {
            assert_eq!(is_own_host(host, &hosts), expected, "{host}");
        }
    }
}
