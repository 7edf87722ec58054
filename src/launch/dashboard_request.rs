//! Requests to the dashboard of a running runtime: its API answers what the dashboard shows.

use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Method, Request, StatusCode, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use loom_base::HostPort;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::document::DashboardAddress;

/// How long a request may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The largest response.
const MAX_BYTES: usize = 64 << 20;

/// Why a dashboard did not answer.
#[derive(Debug, thiserror::Error)]
pub enum DashboardError {
    /// The URL is not that of a dashboard.
    #[error("unusable address of a dashboard: {url}")]
    Address {
        /// The URL.
        url: String,
    },
    /// Nothing answers.
    #[error("the dashboard at {url} does not answer")]
    Unreachable {
        /// The URL.
        url: String,
        /// Why it does not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The answer did not come in time.
    #[error("the dashboard at {url} did not answer within {TIMEOUT:?}")]
    Timeout {
        /// The URL.
        url: String,
    },
    /// The dashboard refuses the request.
    #[error("the dashboard refused {path}: {reason}")]
    Refused {
        /// The path and the query.
        path: String,
        /// The status of the response.
        status: u16,
        /// What the dashboard says.
        reason: String,
    },
}

impl DashboardError {
    /// Whether there is nothing of what was asked for.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }

    /// Whether a parameter of the request is wrong.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Refused { status: 400, .. })
    }
}

/// Sends a request to a dashboard and returns the JSON of its answer. Logs in where the dashboard asks for it.
///
/// # Errors
/// If nothing answers, or the dashboard refuses the request.
pub fn ask(address: &DashboardAddress, method: &str, path: &str) -> Result<Value, DashboardError> {
    let unusable = || DashboardError::Address { url: address.url.clone() };
    let method = method.parse().map_err(|_| unusable())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| unreachable(address, error))?;
    runtime.block_on(async {
        let answer = tokio::time::timeout(TIMEOUT, answer(address, method, path)).await;
        answer.map_err(|_| DashboardError::Timeout { url: address.url.clone() })?
    })
}

async fn answer(
    address: &DashboardAddress,
    method: Method,
    path: &str,
) -> Result<Value, DashboardError> {
    let code = address.login_url.as_deref().and_then(|url| url.split_once("#code="));
    let session = match code {
        Some((_, code)) => {
            let body = json!({ "code": code }).to_string();
            let answer = send(address, Method::POST, "/api/login", None, body).await?;
            answer.get("session").and_then(Value::as_str).map(str::to_owned)
        }
        None => None,
    };
    send(address, method, path, session.as_deref(), String::new()).await
}

async fn send(
    address: &DashboardAddress,
    method: Method,
    path: &str,
    session: Option<&str>,
    body: String,
) -> Result<Value, DashboardError> {
    let unusable = || DashboardError::Address { url: address.url.clone() };
    let host = address.url.strip_prefix("http://").ok_or_else(unusable)?.trim_end_matches('/');
    let to: HostPort = host.parse().map_err(|_| unusable())?;
    let unreachable = |error| unreachable(address, error);
    let bare_host = to.host.trim_matches(['[', ']']);
    let stream = TcpStream::connect((bare_host, to.port)).await.map_err(unreachable)?;
    let failed = |error: hyper::Error| self::unreachable(address, error);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let driver = tokio::spawn(connection);
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, host)
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(session) = session {
        request = request.header(header::AUTHORIZATION, format!("Bearer {session}"));
    }
    let request = request.body(Full::new(Bytes::from(body))).map_err(|_| unusable())?;
    let response = sender.send_request(request).await.map_err(failed)?;
    let status = response.status();
    let body = Limited::new(response.into_body(), MAX_BYTES).collect().await;
    let body =
        body.map_err(|source| DashboardError::Unreachable { url: address.url.clone(), source })?;
    drop(sender);
    driver.abort();
    read(status, &body.to_bytes(), path)
}

fn read(status: StatusCode, body: &[u8], path: &str) -> Result<Value, DashboardError> {
    let json: Option<Value> = serde_json::from_slice(body).ok();
    match json {
        Some(json) if status.is_success() => Ok(json),
        json => {
            let said = json.as_ref().and_then(|json| json.get("error")).and_then(Value::as_str);
            let reason = said.map_or_else(|| status.to_string(), str::to_owned);
            Err(DashboardError::Refused { path: path.to_owned(), status: status.as_u16(), reason })
        }
    }
}

fn unreachable(
    address: &DashboardAddress,
    error: impl std::error::Error + Send + Sync + 'static,
) -> DashboardError {
    DashboardError::Unreachable { url: address.url.clone(), source: Box::new(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_the_dashboard_says() {
        let refused = |status, body: &str| {
            read(StatusCode::from_u16(status).unwrap(), body.as_bytes(), "/api/runs").unwrap_err()
        };
        let error = refused(404, r#"{"error": "the history is off"}"#);
        assert!(error.is_absent());
        assert_eq!(error.to_string(), "the dashboard refused /api/runs: the history is off");
        let error = refused(403, "no");
        assert_eq!(error.to_string(), "the dashboard refused /api/runs: 403 Forbidden");
        let error = refused(200, "<html>");
        assert_eq!(error.to_string(), "the dashboard refused /api/runs: 200 OK");
        assert_eq!(read(StatusCode::OK, b"[1]", "/").unwrap(), json!([1]));
    }

    #[test]
    fn what_is_no_dashboard_is_named() {
        let address = |url: &str| DashboardAddress { url: url.to_owned(), login_url: None };
        let error = ask(&address("https://x"), "GET", "/").unwrap_err();
        assert_eq!(error.to_string(), "unusable address of a dashboard: https://x");
        // The port of discarded data, on which nothing listens in a test.
        let error = ask(&address("http://127.0.0.1:9"), "GET", "/").unwrap_err();
        assert_eq!(error.to_string(), "the dashboard at http://127.0.0.1:9 does not answer");
    }
}
