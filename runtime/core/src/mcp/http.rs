//! A server over MCP's Streamable HTTP, by MCP's library.
//!
//! Nothing is sent anywhere else: a redirect is an error, since the headers may hold secrets. Events are read as leniently as the
//! lines of a program; a body of one JSON document is read by the library.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures::{StreamExt as _, stream::BoxStream};
use reqwest::{
    Client,
    header::{HeaderName, HeaderValue},
    redirect,
};
use rmcp::{
    model::ClientJsonRpcMessage,
    transport::{
        StreamableHttpClientTransport,
        streamable_http_client::{
            SseError, StreamableHttpClient, StreamableHttpClientTransportConfig,
            StreamableHttpError, StreamableHttpPostResponse, StreamableHttpResponseLimits,
        },
    },
};
use sse_stream::Sse;

use super::{
    config::McpHttpConfig,
    connection::MAX_CONCURRENT,
    wire::{MAX_MESSAGE_BYTES, lenient},
};

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The product that requests name.
const USER_AGENT: &str = concat!("loom/", env!("CARGO_PKG_VERSION"));

/// How much of the body of a refusal is read, in bytes.
const MAX_REFUSAL: usize = 500;

type HttpError = StreamableHttpError<reqwest::Error>;
type HeaderTable = HashMap<HeaderName, HeaderValue>;

/// The library's client, whose events are made readable, and whose errors do not name the address.
#[derive(Debug, Clone)]
pub(super) struct McpHttpClient {
    client: Client,
    server: Arc<str>,
}

/// The connection to a server for MCP's library.
///
/// # Errors
/// Why there can be no client, to follow the server's name.
pub(super) fn connect(
    config: &McpHttpConfig,
) -> Result<StreamableHttpClientTransport<McpHttpClient>, String> {
    let builder = || {
        let builder = Client::builder().redirect(redirect::Policy::none());
        builder.connect_timeout(CONNECT_TIMEOUT).user_agent(USER_AGENT)
    };
    let client = loom_tls::client(builder, &[])
        .map_err(|error| format!("cannot be reached: {}", loom_base::error_chain(&error)))?;
    let headers: HeaderTable =
        config.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let mut transport = StreamableHttpClientTransportConfig::with_uri(config.url.as_str())
        .custom_headers(headers)
        .max_concurrent_requests(MAX_CONCURRENT);
    transport.max_sse_event_size = MAX_MESSAGE_BYTES;
    transport.max_json_response_size = MAX_MESSAGE_BYTES;
    transport.max_error_response_size = MAX_REFUSAL;
    let client = McpHttpClient { client, server: config.name.as_str().into() };
    Ok(StreamableHttpClientTransport::with_client(client, transport))
}

/// An address may hold a password or a key.
fn without_address(error: HttpError) -> HttpError {
    match error {
        HttpError::Client(error) => HttpError::Client(error.without_url()),
        other => other,
    }
}

/// Events whose messages can be read.
type Events = BoxStream<'static, Result<Sse, SseError>>;

impl McpHttpClient {
    fn readable(&self, events: Events) -> Events {
        let server = Arc::clone(&self.server);
        let readable = move |mut event: Sse| {
            event.data = event.data.map(|text| lenient(text, &server));
            event
        };
        events.map(move |event| event.map(&readable)).boxed()
    }
}

impl StreamableHttpClient for McpHttpClient {
    type Error = reqwest::Error;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        token: Option<String>,
        headers: HeaderTable,
    ) -> Result<StreamableHttpPostResponse, HttpError> {
        let limits = StreamableHttpResponseLimits::default();
        self.post_message_with_response_limits(uri, message, session, token, headers, limits).await
    }

    async fn post_message_with_response_limits(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        token: Option<String>,
        headers: HeaderTable,
        limits: StreamableHttpResponseLimits,
    ) -> Result<StreamableHttpPostResponse, HttpError> {
        let client = &self.client;
        let response = client
            .post_message_with_response_limits(uri, message, session, token, headers, limits)
            .await;
        match response.map_err(without_address)? {
            StreamableHttpPostResponse::Sse(events, session) => {
                Ok(StreamableHttpPostResponse::Sse(self.readable(events), session))
            }
            other => Ok(other),
        }
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session: Arc<str>,
        token: Option<String>,
        headers: HeaderTable,
    ) -> Result<(), HttpError> {
        let deleted = self.client.delete_session(uri, session, token, headers).await;
        deleted.map_err(without_address)
    }

    async fn get_stream(
        &self,
        uri: Arc<str>,
        session: Option<Arc<str>>,
        last: Option<String>,
        token: Option<String>,
        headers: HeaderTable,
    ) -> Result<Events, HttpError> {
        let limit = MAX_MESSAGE_BYTES;
        self.get_stream_with_max_sse_event_size(uri, session, last, token, headers, limit).await
    }

    async fn get_stream_with_max_sse_event_size(
        &self,
        uri: Arc<str>,
        session: Option<Arc<str>>,
        last: Option<String>,
        token: Option<String>,
        headers: HeaderTable,
        limit: usize,
    ) -> Result<Events, HttpError> {
        let client = &self.client;
        let events = client
            .get_stream_with_max_sse_event_size(uri, session, last, token, headers, limit)
            .await;
        events.map(|events| self.readable(events)).map_err(without_address)
    }
}
