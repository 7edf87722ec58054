//! All gRPC services on one listener.

use std::{sync::Arc, time::Duration};

use loom_core::Runtime;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::{
    service::interceptor::InterceptedService,
    transport::{Server, ServerTlsConfig, server::TcpIncoming},
};
use tonic_health::{ServingStatus, pb::FILE_DESCRIPTOR_SET as HEALTH, server::HealthReporter};
use tower::util::MapRequestLayer;

use crate::{
    agent_runtime::AgentRuntimeService,
    bridge::BridgeService,
    ending,
    event_bus::EventBusService,
    proto,
    proto::{
        agent_runtime_server::AgentRuntimeServer, bridge_server::BridgeServer,
        event_bus_server::EventBusServer, tool_service_server::ToolServiceServer,
    },
    settings::ServerSettings,
    token::Guard,
    tool_service::ToolsService,
};

/// What health speaks of: everything, and each of our services.
const HEALTH_OF: [&str; 5] =
    ["", "loom.v1.Bridge", "loom.v1.EventBus", "loom.v1.ToolService", "loom.v1.AgentRuntime"];

/// A peer that vanished without a word is noticed after these two.
const PING_EVERY: Duration = Duration::from_secs(30);
const PING_WAIT: Duration = Duration::from_secs(20);

/// Streams of one connection at a time; a process may host many agents on one channel.
const STREAMS: u32 = 4096;

/// The gRPC side of the server.
#[derive(Debug)]
pub struct Grpc {
    health: HealthReporter,
    bridge: BridgeService,
    guard: Guard,
    tls: Option<ServerTlsConfig>,
}

impl Grpc {
    /// Prepares the services; spoken to by TLS, where there is a configuration for it.
    pub async fn new(
        core: &Arc<Runtime>,
        settings: &ServerSettings,
        tls: Option<ServerTlsConfig>,
        stopping: CancellationToken,
    ) -> Self {
        let health = HealthReporter::new();
        for service in HEALTH_OF {
            health.set_service_status(service, ServingStatus::Serving).await;
        }
        let core = Arc::clone(core);
        let bridge =
            BridgeService { core, max_message_bytes: settings.max_message_bytes, stopping };
        Self { health, bridge, guard: Guard(settings.token.clone()), tls }
    }

    /// What says how we are.
    pub fn health(&self) -> HealthReporter {
        self.health.clone()
    }

    /// Serves until the server stops and the last call is through.
    pub async fn serve(self, listener: TcpListener) -> Result<(), ServeError> {
        let Self { health, bridge, guard, tls } = self;
        let (core, stopping) = (Arc::clone(&bridge.core), bridge.stopping.clone());
        let limit = bridge.max_message_bytes;
        let bridge = BridgeServer::new(bridge).max_decoding_message_size(limit);
        let bus = EventBusService { core: Arc::clone(&core) };
        let bus = EventBusServer::new(bus).max_decoding_message_size(limit);
        let tools = ToolsService { core: Arc::clone(&core) };
        let tools = ToolServiceServer::new(tools).max_decoding_message_size(limit);
        let agents =
            AgentRuntimeServer::new(AgentRuntimeService { core }).max_decoding_message_size(limit);
        let health = tonic_health::server::HealthService::from_health_reporter(health);
        let v1 = reflection().build_v1()?;
        let v1alpha = reflection().build_v1alpha()?;
        let mut server = Server::builder()
            .http2_keepalive_interval(Some(PING_EVERY))
            .http2_keepalive_timeout(Some(PING_WAIT))
            .max_concurrent_streams(STREAMS);
        if let Some(tls) = tls {
            server = server.tls_config(tls)?;
        }
        server
            .layer(MapRequestLayer::new(ending::watch))
            .add_service(InterceptedService::new(bridge, guard.clone()))
            .add_service(InterceptedService::new(bus, guard.clone()))
            .add_service(InterceptedService::new(tools, guard.clone()))
            .add_service(InterceptedService::new(agents, guard.clone()))
            .add_service(tonic_health::pb::health_server::HealthServer::new(health))
            .add_service(InterceptedService::new(v1, guard.clone()))
            .add_service(InterceptedService::new(v1alpha, guard))
            .serve_with_incoming_shutdown(
                TcpIncoming::from(listener).with_nodelay(Some(true)),
                stopping.cancelled_owned(),
            )
            .await?;
        Ok(())
    }
}

/// The gRPC side failed.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The descriptors cannot be served.
    #[error("could not set up reflection")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The transport failed.
    #[error("the gRPC server failed")]
    Transport(#[from] tonic::transport::Error),
}

/// Reflection over what is served.
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
        .register_encoded_file_descriptor_set(HEALTH)
        .register_encoded_file_descriptor_set(tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET)
        .include_reflection_service(false);
    served.into_iter().fold(builder, tonic_reflection::server::Builder::with_service_name)
}

/// Says that nothing is served any more, and lets those go who watch.
pub async fn not_serving(health: &mut HealthReporter) {
    for service in HEALTH_OF {
        health.set_service_status(service, ServingStatus::NotServing).await;
    }
}

/// Ends the streams of those who watch our health, after their last news.
pub async fn release_watchers(health: &mut HealthReporter) {
    for service in HEALTH_OF {
        health.clear_service_status(service).await;
    }
}
