//! A process of the real server, and agents that are connected to it.

use std::{
    fs,
    net::SocketAddr,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use loom_bridge::proto::{
    self, ClientEvent, ServerEvent, bridge_client::BridgeClient, client_event, server_event,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Status, Streaming,
    transport::{self, Channel, Endpoint},
};

/// The time after which a server or a stream counts as hung.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// The file with the server's standard error.
const LOG: &str = "log";

/// A running server; it is killed when the value is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) bridge: SocketAddr,
    pub(crate) dashboard: Option<String>,
    folder: TempDir,
}

impl Server {
    /// Starts a server on a free port and waits for its ready file.
    pub(crate) fn start(environment: &[(&str, &str)]) -> Self {
        Self::start_command(command(), environment)
    }

    /// As [`Server::start`], by a command that executes the program.
    pub(crate) fn start_command(mut command: Command, environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ready = folder.path().join("ready.json");
        let log = fs::File::create(folder.path().join(LOG)).unwrap();
        let mut child = command
            .stderr(log)
            .env("LOOM_BRIDGE_ADDR", "127.0.0.1:0")
            .env("LOOM_READY_FILE", &ready)
            .env("RUST_LOG", "warn")
            .envs(environment.iter().copied())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + DEADLINE;
        let document = loop {
            if let Ok(document) = fs::read(&ready) {
                break document;
            }
            assert_eq!(child.try_wait().unwrap(), None, "the server ended");
            assert!(Instant::now() < deadline, "the server is not ready");
            thread::sleep(Duration::from_millis(2));
        };
        let document: Value = serde_json::from_slice(&document).unwrap();
        let bridge = document["bridge"].as_str().unwrap().parse().unwrap();
        let dashboard = document["dashboard"].as_str().map(str::to_owned);
        Self { child, bridge, dashboard, folder }
    }

    pub(crate) async fn channel(&self) -> Channel {
        self.try_channel().await.unwrap()
    }

    pub(crate) async fn try_channel(&self) -> Result<Channel, transport::Error> {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.bridge)).unwrap();
        endpoint.timeout(DEADLINE).connect().await
    }

    /// What the server has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join(LOG)).unwrap()
    }

    /// The path of the file with its addresses.
    pub(crate) fn ready_file(&self) -> String {
        self.folder.path().join("ready.json").display().to_string()
    }

    pub(crate) async fn client(&self) -> BridgeClient<Channel> {
        BridgeClient::new(self.channel().await)
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "the server does not end");
            thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// The server's program, with an empty environment.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loom-bridge-server"));
    command.env_clear().stdin(Stdio::null());
    command
}

/// A registered agent with an open stream.
pub(crate) struct Agent {
    outbound: mpsc::Sender<ClientEvent>,
    inbound: Streaming<ServerEvent>,
}

impl Agent {
    /// Registers and opens a stream.
    pub(crate) async fn join(server: &Server, id: &str, topics: &[&str], tools: &[&str]) -> Self {
        Self::join_over(server.channel().await, id, topics, tools).await
    }

    /// As [`Agent::join`], over a connection that others use too.
    pub(crate) async fn join_over(
        channel: Channel,
        id: &str,
        topics: &[&str],
        tools: &[&str],
    ) -> Self {
        let mut client = BridgeClient::new(channel);
        let tool =
            |name: &&str| proto::ToolDescriptor { name: (*name).to_owned(), ..Default::default() };
        let request = proto::AgentRegisterRequest {
            agent_id: id.to_owned(),
            subscribed_topics: topics.iter().map(|&topic| topic.to_owned()).collect(),
            tools: tools.iter().map(tool).collect(),
            ..Default::default()
        };
        assert!(client.register_agent(request).await.unwrap().into_inner().success);
        let (outbound, messages) = mpsc::channel(64);
        let ack = proto::Ack { message_id: id.to_owned() };
        outbound.send(ClientEvent { msg: Some(client_event::Msg::Ack(ack)) }).await.unwrap();
        let response = client.event_stream(ReceiverStream::new(messages)).await.unwrap();
        Self { outbound, inbound: response.into_inner() }
    }

    pub(crate) async fn send(&self, msg: client_event::Msg) {
        self.outbound.send(ClientEvent { msg: Some(msg) }).await.unwrap();
    }

    pub(crate) async fn publish(&self, topic: &str, id: &str) {
        let event = proto::Event { id: id.to_owned(), ..Default::default() };
        let publish = proto::Publish { topic: topic.to_owned(), event: Some(event) };
        self.send(client_event::Msg::Publish(publish)).await;
    }

    /// The next message of the server.
    pub(crate) async fn next(&mut self) -> Result<Option<server_event::Msg>, Status> {
        let message = tokio::time::timeout(DEADLINE, self.inbound.message()).await.unwrap()?;
        Ok(message.and_then(|message| message.msg))
    }

    /// The next message, which must be a delivery, as `topic=event id`.
    pub(crate) async fn delivery(&mut self) -> String {
        match self.next().await {
            Ok(Some(server_event::Msg::Delivery(delivery))) => {
                format!("{}={}", delivery.topic, delivery.event.unwrap_or_default().id)
            }
            other => panic!("not a delivery: {other:?}"),
        }
    }

    /// Closes the sending half. Returns the rest of the stream.
    pub(crate) fn half_close(self) -> Streaming<ServerEvent> {
        self.inbound
    }
}
