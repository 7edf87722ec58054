//! The dashboard of a running runtime: its API answers what the dashboard shows, and does what it offers.

use std::{collections::VecDeque, time::Duration};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    client::conn::http1,
    header,
};
use hyper_util::rt::TokioIo;
use loom_base::HostPort;
use serde_json::{Value, json};
use tokio::{net::TcpStream, runtime::Runtime, task::JoinHandle};

use super::{
    dashboard_error::DashboardError,
    document::DashboardAddress,
    server_sent_events::{EventParser, ServerSentEvent},
};

/// How long a request may take that says nothing else.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The largest response.
const MAX_BYTES: usize = 64 << 20;
/// How long a stream may be silent. The dashboard sends something every ten seconds.
const SILENCE: Duration = Duration::from_secs(30);

/// A request to a dashboard.
#[derive(Debug, Clone, Copy)]
pub struct DashboardRequest<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The path with its query.
    pub path: &'a str,
    /// The body.
    pub body: Option<&'a Value>,
    /// How long to wait for the answer.
    pub timeout: Duration,
}

impl<'a> DashboardRequest<'a> {
    /// A request without a body, which may take 30 seconds.
    pub fn new(method: &'a str, path: &'a str) -> Self {
        Self { method, path, body: None, timeout: TIMEOUT }
    }
}

/// The dashboard of a running runtime. It is logged in once, where the dashboard asks for it: the code that
/// [`running`](super::running) returns is valid once.
#[derive(Debug)]
pub struct DashboardClient {
    url: String,
    session: Option<String>,
    runtime: Runtime,
}

impl DashboardClient {
    /// Logs in where that is needed; connects to nothing where it is not.
    ///
    /// # Errors
    /// If nothing answers, or the login is refused.
    pub fn open(address: &DashboardAddress) -> Result<Self, DashboardError> {
        let url = address.url.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| unreachable(&url, error))?;
        let mut client = Self { url, session: None, runtime };
        if let Some((_, code)) =
            address.login_url.as_deref().and_then(|url| url.split_once("#code="))
        {
            let body = json!({ "code": code });
            let login = DashboardRequest {
                body: Some(&body),
                ..DashboardRequest::new("POST", "/api/login")
            };
            let answer = client.ask(login)?;
            client.session = answer.get("session").and_then(Value::as_str).map(str::to_owned);
        }
        Ok(client)
    }

    /// Sends a request and returns the JSON of its answer.
    ///
    /// # Errors
    /// If nothing answers, or the dashboard refuses the request.
    pub fn ask(&self, request: DashboardRequest<'_>) -> Result<Value, DashboardError> {
        self.runtime.block_on(async {
            let answer = async {
                let (response, _connection) = self.send(request).await?;
                let status = response.status();
                let body = Limited::new(response.into_body(), MAX_BYTES).collect().await;
                let body = body.map_err(|source| DashboardError::Unreachable {
                    url: self.url.clone(),
                    source,
                })?;
                read(status, &body.to_bytes(), request.path)
            };
            let answer = tokio::time::timeout(request.timeout, answer).await;
            answer.unwrap_or_else(|_| Err(self.silent(request.timeout)))
        })
    }

    /// Opens a stream of server-sent events.
    ///
    /// # Errors
    /// If nothing answers, or the dashboard refuses the request.
    pub fn stream(&self, path: &str) -> Result<DashboardStream<'_>, DashboardError> {
        let request = DashboardRequest::new("GET", path);
        let sent = self.runtime.block_on(async {
            let sent = tokio::time::timeout(request.timeout, self.send(request)).await;
            sent.unwrap_or_else(|_| Err(self.silent(request.timeout)))
        });
        let (response, connection) = sent?;
        let status = response.status();
        if !status.is_success() {
            return Err(read(status, b"", path).err().unwrap_or_else(|| self.unusable()));
        }
        let (parser, events) = (EventParser::default(), VecDeque::new());
        Ok(DashboardStream { client: self, body: response.into_body(), connection, parser, events })
    }

    async fn send(
        &self,
        request: DashboardRequest<'_>,
    ) -> Result<(Response<Incoming>, OpenConnection), DashboardError> {
        let host = self.url.strip_prefix("http://").ok_or_else(|| self.unusable())?;
        let host = host.trim_end_matches('/');
        let to: HostPort = host.parse().map_err(|_| self.unusable())?;
        let bare_host = to.host.trim_matches(['[', ']']);
        let stream = TcpStream::connect((bare_host, to.port)).await;
        let stream = stream.map_err(|error| unreachable(&self.url, error))?;
        let failed = |error: hyper::Error| unreachable(&self.url, error);
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
        let connection = OpenConnection(tokio::spawn(connection));
        let body = request.body.map(Value::to_string).unwrap_or_default();
        let mut message = Request::builder()
            .method(request.method)
            .uri(request.path)
            .header(header::HOST, host)
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(session) = &self.session {
            message = message.header(header::AUTHORIZATION, format!("Bearer {session}"));
        }
        let message = message.body(Full::new(Bytes::from(body))).map_err(|_| self.unusable())?;
        Ok((sender.send_request(message).await.map_err(failed)?, connection))
    }

    fn unusable(&self) -> DashboardError {
        DashboardError::Address { url: self.url.clone() }
    }

    fn silent(&self, limit: Duration) -> DashboardError {
        DashboardError::Timeout { url: self.url.clone(), limit }
    }
}

/// The task that moves the bytes of a connection; it ends with this value.
#[derive(Debug)]
struct OpenConnection(JoinHandle<hyper::Result<()>>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// An open stream of server-sent events.
#[derive(Debug)]
pub struct DashboardStream<'a> {
    client: &'a DashboardClient,
    body: Incoming,
    #[expect(dead_code, reason = "its end closes the connection")]
    connection: OpenConnection,
    parser: EventParser,
    events: VecDeque<ServerSentEvent>,
}

impl DashboardStream<'_> {
    /// Waits for the next event; `None` at the end of the stream.
    ///
    /// # Errors
    /// If the connection breaks, or nothing comes for 30 seconds.
    pub fn next_event(&mut self) -> Result<Option<ServerSentEvent>, DashboardError> {
        let client = self.client;
        while self.events.is_empty() {
            let frame = client
                .runtime
                .block_on(async { tokio::time::timeout(SILENCE, self.body.frame()).await });
            match frame.map_err(|_| client.silent(SILENCE))? {
                None => return Ok(None),
                Some(frame) => {
                    let frame = frame.map_err(|error| unreachable(&client.url, error))?;
                    self.events.extend(
                        frame.data_ref().map(|data| self.parser.push(data)).unwrap_or_default(),
                    );
                }
            }
        }
        Ok(self.events.pop_front())
    }
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

fn unreachable(url: &str, error: impl std::error::Error + Send + Sync + 'static) -> DashboardError {
    DashboardError::Unreachable { url: url.to_owned(), source: Box::new(error) }
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
        let ask = |url: &str| {
            let address = DashboardAddress { url: url.to_owned(), login_url: None };
            let client = DashboardClient::open(&address).unwrap();
            client.ask(DashboardRequest::new("GET", "/")).unwrap_err().to_string()
        };
        assert_eq!(ask("https://x"), "unusable address of a dashboard: https://x");
        // The port of discarded data, on which nothing listens in a test.
        let error = ask("http://127.0.0.1:9");
        assert_eq!(error, "the dashboard at http://127.0.0.1:9 does not answer");
    }
}
