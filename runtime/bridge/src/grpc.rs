//! All gRPC services on one listener.

use std::{io, sync::Arc, time::Duration};

use futures::{StreamExt as _, stream};
use loom_core::Runtime;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::TraceServiceServer;
use tokio::{net::TcpStream, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tonic::{
    body::Body,
    codegen::http,
    service::interceptor::InterceptedService,
    transport::{Server, ServerTlsConfig, server::Router},
};
use tonic_health::{
    ServingStatus, pb::FILE_DESCRIPTOR_SET as HEALTH_DESCRIPTORS, server::HealthReporter,
};
use tower::{
    layer::util::{Identity, Stack},
    util::MapRequestLayer,
};

use crate::{
    access::{AccessInterceptor, PeerCheck},
    agent_runtime::AgentRuntimeService,
    agent_stream::AgentStreams,
    bridge::BridgeService,
    connections::{Acceptor, Connection, ConnectionTimeouts, requests::CountRequests},
    event_bus::EventBusService,
    proto,
    proto::{
        agent_runtime_server::AgentRuntimeServer, bridge_server::BridgeServer,
        event_bus_server::EventBusServer, tool_service_server::ToolServiceServer,
    },
    request_ending,
    settings::ServerSettings,
    spans::EventSpans,
    tool_service::ToolsService,
    trace_service::AgentSpans,
};

/// The names for which health is reported; the empty name stands for the whole server.
const HEALTH_NAMES: [&str; 5] =
    ["", "loom.v1.Bridge", "loom.v1.EventBus", "loom.v1.ToolService", "loom.v1.AgentRuntime"];

/// How often an idle connection is pinged.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
/// How long a peer may take to answer such a ping before its connection is closed.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// The bytes of one stream that a client may send before the server has read them.
const STREAM_WINDOW: u32 = 256 * 1024;

/// The same for all streams of a connection.
///
/// `h2` ends a connection with `too_many_data_frames` once the unread DATA frames below 256 bytes cost more than half of
/// this window, where a frame costs 256 bytes less its length. A full window of one stream, in events of 40 bytes, costs
/// 1.4 MiB of these 4: a burst of small events on one or two streams of a connection does not end it, however busy the
/// server is. Bursts on more streams at the same time still can.
const CONNECTION_WINDOW: u32 = 8 * 1024 * 1024;

/// Concurrent streams per connection; one process may host many agents on one channel.
const MAX_STREAMS: u32 = 4096;

/// The calls that a client may cancel before the server has looked at them. A burst of cancelled calls must not break the
/// streams of the same connection; `connections` limits how many there may be in a while.
const MAX_UNSEEN_CANCELLED: usize = 8192;

/// How long a connection may be without a request. Channels may be opened well before their first call.
pub const CONNECTION_TIMEOUTS: ConnectionTimeouts =
    ConnectionTimeouts { first_request: Duration::from_secs(30), idle: Duration::from_secs(300) };

/// The gRPC services of the server.
#[derive(Debug)]
pub struct GrpcServer {
    health: HealthReporter,
    streams: AgentStreams,
    interceptor: AccessInterceptor,
    tls: Option<ServerTlsConfig>,
    /// What takes the spans of agents; without it that service is not implemented.
    agent_spans: Option<AgentSpans>,
}

impl GrpcServer {
    /// The services over `runtime`. They stop when `stopping` is cancelled.
    pub async fn new(
        runtime: &Runtime,
        settings: &ServerSettings,
        tls: Option<ServerTlsConfig>,
        spans: Option<Arc<EventSpans>>,
        stopping: CancellationToken,
    ) -> Self {
        let health = HealthReporter::new();
        for name in HEALTH_NAMES {
            health.set_service_status(name, ServingStatus::Serving).await;
        }
        let streams = AgentStreams {
            runtime: runtime.clone(),
            max_message_bytes: settings.max_message_bytes,
            stopping,
        };
        let interceptor = AccessInterceptor(settings.token.clone());
        let agent_spans = spans.map(|spans| AgentSpans { runtime: runtime.clone(), spans });
        Self { health, streams, interceptor, tls, agent_spans }
    }

    /// The reporter of the server's health.
    pub fn health(&self) -> HealthReporter {
        self.health.clone()
    }

    /// Serves until the server stops and the last call has completed.
    ///
    /// # Errors
    /// If reflection cannot be set up, or the transport fails.
    pub async fn serve(self, mut acceptor: Acceptor) -> Result<(), ServeError> {
        let Self { health, streams, interceptor, tls, agent_spans } = self;
        let agent_spans = agent_spans.map(TraceServiceServer::new);
        let runtime = streams.runtime.clone();
        let stopping = streams.stopping.clone();
        let limit = streams.max_message_bytes;
        let bridge = BridgeServer::new(BridgeService { streams });
        let bus = EventBusServer::new(EventBusService { runtime: runtime.clone() });
        let tools = ToolServiceServer::new(ToolsService { runtime: runtime.clone() });
        let agents = AgentRuntimeServer::new(AgentRuntimeService { runtime });
        let health = tonic_health::server::HealthService::from_health_reporter(health);
        let reflection_v1 = reflection().build_v1()?;
        let reflection_v1alpha = reflection().build_v1alpha()?;
        let mut server = Server::builder()
            .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
            .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
            .max_concurrent_streams(MAX_STREAMS)
            .http2_max_pending_accept_reset_streams(Some(MAX_UNSEEN_CANCELLED))
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW);
        if let Some(tls) = tls {
            server = server.tls_config(tls)?;
        }
        let with_access = interceptor;
        let router = server
            .layer(CountRequests)
            .layer(MapRequestLayer::new(request_ending::observe as ObserveEnding))
            .add_service(InterceptedService::new(
                bridge.max_decoding_message_size(limit),
                with_access.clone(),
            ))
            .add_service(InterceptedService::new(
                bus.max_decoding_message_size(limit),
                with_access.clone(),
            ))
            .add_service(InterceptedService::new(
                tools.max_decoding_message_size(limit),
                with_access.clone(),
            ))
            .add_service(InterceptedService::new(
                agents.max_decoding_message_size(limit),
                with_access.clone(),
            ))
            .add_optional_service(agent_spans.map(|spans| {
                let spans = spans.max_decoding_message_size(limit);
                InterceptedService::new(spans, with_access.clone())
            }))
            // Health is open to all: probes have no token, and may be processes of other users.
            .add_service(tonic_health::pb::health_server::HealthServer::new(health))
            .add_service(InterceptedService::new(reflection_v1, with_access.clone()))
            .add_service(InterceptedService::new(reflection_v1alpha, with_access));
        let mut connections = JoinSet::new();
        loop {
            let connection = tokio::select! {
                (connection, _) = acceptor.next() => connection,
                () = stopping.cancelled() => break,
                Some(_) = connections.join_next() => continue,
            };
            let peers = acceptor.peers().clone();
            let served = serve_connection(router.clone(), connection, peers, stopping.clone());
            connections.spawn(served);
        }
        // No further connection is accepted while the last calls complete.
        drop(acceptor);
        while connections.join_next().await.is_some() {}
        Ok(())
    }
}

/// [`request_ending::observe`] as a value that can be cloned.
type ObserveEnding = fn(http::Request<Body>) -> http::Request<Body>;
/// The services behind what every request passes.
type GrpcRouter = Router<Stack<MapRequestLayer<ObserveEnding>, Stack<CountRequests, Identity>>>;

/// Serves one connection until it is closed, or takes no new calls and the last one has completed.
async fn serve_connection(
    router: GrpcRouter,
    connection: Connection<TcpStream>,
    peers: PeerCheck,
    stopping: CancellationToken,
) {
    connection.check_peer(&peers).await;
    let state = connection.state().clone();
    let ended = async move {
        tokio::select! {
            () = state.closing() => {}
            () = stopping.cancelled() => {}
        }
    };
    // The end of the incoming connections would end this one.
    let incoming = stream::iter([Ok::<_, io::Error>(connection)]).chain(stream::pending());
    if let Err(error) = router.serve_with_incoming_shutdown(incoming, ended).await {
        tracing::debug!(%error, "a gRPC connection failed");
    }
}

/// Why the gRPC services cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The descriptors are invalid.
    #[error("could not set up reflection")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The transport failed.
    #[error("the gRPC server failed")]
    Transport(#[from] tonic::transport::Error),
}

/// Reflection over the served services.
fn reflection() -> tonic_reflection::server::Builder<'static> {
    let served = [
        "loom.v1.Bridge",
        "loom.v1.EventBus",
        "loom.v1.ToolService",
        "loom.v1.AgentRuntime",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    ];
    let builder = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(proto::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(HEALTH_DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET)
        .include_reflection_service(false);
    served.into_iter().fold(builder, tonic_reflection::server::Builder::with_service_name)
}

/// Reports every service as not serving.
pub async fn report_not_serving(health: &mut HealthReporter) {
    for name in HEALTH_NAMES {
        health.set_service_status(name, ServingStatus::NotServing).await;
    }
}

/// Ends the streams of clients that watch the server's health, after the last status.
pub async fn end_health_watches(health: &mut HealthReporter) {
    for name in HEALTH_NAMES {
        health.clear_service_status(name).await;
    }
}
