//! The health check of a server over gRPC: `grpc.health.v1`, or `Heartbeat` of the bridge where the server does not
//! implement health checks; over TLS where the server does not speak plain HTTP/2.
//!
//! `loom` asks the servers that it starts, and `loom-bridge-server --health` asks the server that its own environment
//! describes. The check sends no token: servers answer it without one.
//!
//! | module | provides |
//! |---|---|
//! | `tls` | a channel over TLS |

mod tls;

use std::time::Duration;

use tonic::{
    Code, Status,
    codegen::http::uri::PathAndQuery,
    transport::{Channel, Endpoint},
};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_prost::ProstCodec;

use loom_base::HostPort;

/// The time limit of one request; a server that is up answers in less than a millisecond.
const TIMEOUT: Duration = Duration::from_secs(2);

/// `loom.v1.HeartbeatRequest`
#[derive(Clone, PartialEq, prost::Message)]
struct HeartbeatRequest {
    #[prost(int64, tag = "1")]
    timestamp_ms: i64,
}

/// `loom.v1.HeartbeatResponse`
#[derive(Clone, PartialEq, prost::Message)]
struct HeartbeatResponse {
    #[prost(int64, tag = "1")]
    timestamp_ms: i64,
    #[prost(string, tag = "2")]
    status: String,
}

/// Asks the server at `address` whether it is serving.
///
/// # Errors
/// The reason why it is not, as a text for messages.
pub async fn check(address: &HostPort) -> Result<(), String> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))
        .map_err(|e| e.to_string())?
        .connect_timeout(TIMEOUT)
        .timeout(TIMEOUT);
    let plain = endpoint.connect().await.map_err(|_| format!("no process listens on {address}"))?;
    match query(address, plain).await {
        Err(HealthStatus::NoAnswer(why)) => match tls::channel(address, endpoint).await {
            Some(channel) => query(address, channel).await.map_err(HealthStatus::into),
            None => Err(why),
        },
        result => result.map_err(HealthStatus::into),
    }
}

/// Why a server is not ready.
enum HealthStatus {
    /// The channel broke: the server does not speak the protocol of this channel.
    NoAnswer(String),
    /// The server answered that it is not serving.
    NotServing(String),
}

impl From<HealthStatus> for String {
    fn from(status: HealthStatus) -> Self {
        match status {
            HealthStatus::NoAnswer(why) | HealthStatus::NotServing(why) => why,
        }
    }
}

async fn query(address: &HostPort, channel: Channel) -> Result<(), HealthStatus> {
    const HEALTH_CHECK: &str = "a health check";
    match HealthClient::new(channel.clone()).check(HealthCheckRequest::default()).await {
        Ok(response) => match response.into_inner().status() {
            ServingStatus::Serving => Ok(()),
            other => {
                let name = other.as_str_name();
                Err(HealthStatus::NotServing(format!(
                    "{address} answered {HEALTH_CHECK} with {name}"
                )))
            }
        },
        // An older server, which does not implement health checks.
        Err(status) if status.code() == Code::Unimplemented => heartbeat(channel)
            .await
            .map_err(|status| HealthStatus::NotServing(described(address, "a heartbeat", &status))),
        // A cause below the status means that the connection failed, not the server.
        Err(status) if std::error::Error::source(&status).is_some() => {
            Err(HealthStatus::NoAnswer(described(address, HEALTH_CHECK, &status)))
        }
        Err(status) => Err(HealthStatus::NotServing(described(address, HEALTH_CHECK, &status))),
    }
}

fn described(address: &HostPort, request: &str, status: &Status) -> String {
    format!("{address} answered {request} with {:?}: {}", status.code(), status.message())
}

async fn heartbeat(channel: Channel) -> Result<(), Status> {
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.map_err(|e| Status::unavailable(e.to_string()))?;
    let codec: ProstCodec<HeartbeatRequest, HeartbeatResponse> = ProstCodec::default();
    let path = PathAndQuery::from_static("/loom.v1.Bridge/Heartbeat");
    let request = tonic::Request::new(HeartbeatRequest { timestamp_ms: 1 });
    client.unary(request, path, codec).await.map(|_| ())
}
