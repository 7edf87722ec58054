//! Asks a server over gRPC whether it serves: `grpc.health.v1`, else the bridge's own `Heartbeat`; over TLS where it
//! does not speak plain HTTP/2.

mod tls;

use std::time::Duration;

use tonic::{
    Code, Status,
    codegen::http::uri::PathAndQuery,
    transport::{Channel, Endpoint as Address},
};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_prost::ProstCodec;

use super::Endpoint;

/// One question; a server that is up answers in less than a millisecond.
const PATIENCE: Duration = Duration::from_secs(2);

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

/// `Ok` if the server at `address` serves, else why not.
pub(super) async fn serves(address: &Endpoint) -> Result<(), String> {
    let at = Address::from_shared(format!("http://{address}"))
        .map_err(|e| e.to_string())?
        .connect_timeout(PATIENCE)
        .timeout(PATIENCE);
    let plain = at.connect().await.map_err(|_| format!("nothing answers at {address}"))?;
    match asked(address, plain).await {
        Err(HealthStatus::Nothing(why)) => match tls::channel(address, at).await {
            Some(channel) => asked(address, channel).await.map_err(HealthStatus::into),
            None => Err(why),
        },
        said => said.map_err(HealthStatus::into),
    }
}

/// Why a server is not ready.
enum HealthStatus {
    /// It does not answer as one would over this channel.
    Nothing(String),
    /// It says so.
    No(String),
}

impl From<HealthStatus> for String {
    fn from(said: HealthStatus) -> Self {
        match said {
            HealthStatus::Nothing(why) | HealthStatus::No(why) => why,
        }
    }
}

async fn asked(address: &Endpoint, channel: Channel) -> Result<(), HealthStatus> {
    match HealthClient::new(channel.clone()).check(HealthCheckRequest::default()).await {
        Ok(answer) => match answer.into_inner().status() {
            ServingStatus::Serving => Ok(()),
            other => {
                let name = other.as_str_name();
                Err(HealthStatus::No(format!("{address} answers {name} to a health check")))
            }
        },
        // An older server, which knows nothing of health checks.
        Err(status) if status.code() == Code::Unimplemented => {
            heartbeat(channel).await.map_err(|s| HealthStatus::No(said(address, "a heartbeat", &s)))
        }
        // The connection, not the server, has failed: there is a cause below the status.
        Err(status) if std::error::Error::source(&status).is_some() => {
            Err(HealthStatus::Nothing(said(address, "a health check", &status)))
        }
        Err(status) => Err(HealthStatus::No(said(address, "a health check", &status))),
    }
}

fn said(address: &Endpoint, question: &str, status: &Status) -> String {
    format!("{address} answers {:?} to {question}: {}", status.code(), status.message())
}

async fn heartbeat(channel: Channel) -> Result<(), Status> {
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.map_err(|e| Status::unavailable(e.to_string()))?;
    let codec: ProstCodec<HeartbeatRequest, HeartbeatResponse> = ProstCodec::default();
    let path = PathAndQuery::from_static("/loom.v1.Bridge/Heartbeat");
    let request = tonic::Request::new(HeartbeatRequest { timestamp_ms: 1 });
    client.unary(request, path, codec).await.map(|_| ())
}
