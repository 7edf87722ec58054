//! The HTTP client, on the async runtime: batches are exported on threads of their own, which have none.

use std::{fmt, sync::Arc};

use loom_base::error_chain;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use reqwest::Client;
use tokio::runtime::Handle;

use super::health::ExportHealth;

/// Sends requests on the async runtime, whatever thread asks for that.
pub(super) struct OtlpHttpClient {
    /// The client, which follows no redirect: its headers are for the collector alone.
    pub(super) client: Client,
    /// The runtime.
    pub(super) runtime: Handle,
    /// Where to note why a request failed.
    pub(super) health: Arc<ExportHealth>,
}

impl fmt::Debug for OtlpHttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtlpHttpClient").finish_non_exhaustive()
    }
}

#[tonic::async_trait]
impl HttpClient for OtlpHttpClient {
    /// Sends a request; of the response at most 4 MiB are read.
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sent = self.runtime.spawn(async move { client.send_bytes(request).await });
        match sent.await? {
            Ok(response) => Ok(response),
            // The URL may hold a key.
            Err(error) => match error.downcast::<reqwest::Error>() {
                Ok(error) => {
                    let error = error.without_url();
                    self.health.note_reason(error_chain(&error));
                    Err(error.into())
                }
                Err(other) => Err(other),
            },
        }
    }
}
