//! One agent: registers, listens, publishes, calls tools.

use std::{
    env, fmt,
    hash::{BuildHasher as _, RandomState},
    time::{Duration, SystemTime},
};

use loom_base::time::epoch_millis;
use loom_bridge::proto::{
    Ack, AgentRegisterRequest, ClientEvent, Delivery, Event, Publish, ToolCall, ToolDescriptor,
    ToolError, ToolResult, ToolStatus, bridge_client::BridgeClient, client_event::Msg,
    server_event,
};
use loom_environment::names;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, Endpoint},
};

type DemoClient = BridgeClient<InterceptedService<Channel, BearerHeader>>;

/// The address and the token of the runtime.
#[derive(Debug, Clone)]
pub(crate) struct BridgeTarget {
    address: String,
    header: BearerHeader,
}

/// Adds the header with the token to every call.
#[derive(Clone)]
struct BearerHeader(Option<MetadataValue<Ascii>>);

/// What an agent is and does.
#[derive(Debug, Clone)]
pub(crate) struct AgentRole {
    pub(crate) name: &'static str,
    pub(crate) topics: &'static [&'static str],
    /// Name, description and function of each tool.
    pub(crate) tools: &'static [(&'static str, &'static str, ToolFn)],
    pub(crate) on_event: Option<ReactionFn>,
    /// What the agent does at an interval.
    pub(crate) routine: Option<(Duration, RoutineFn)>,
}

/// Returns how long the tool takes, and its result for the arguments.
pub(crate) type ToolFn = fn(&Value) -> (Duration, Result<Value, String>);
/// Returns what the agent does upon an event with this type and content.
pub(crate) type ReactionFn = fn(&str, &Value) -> Vec<AgentAction>;
/// Returns what the agent does in the turn with this number.
pub(crate) type RoutineFn = fn(u64) -> Vec<AgentAction>;

/// One thing that an agent does. All actions of a reaction or turn belong to one trace.
#[derive(Debug, Clone)]
pub(crate) enum AgentAction {
    /// Publish content on a topic.
    Publish(String, Value),
    /// Call a tool with arguments.
    Call(&'static str, Value),
}

/// A connected agent. Clones are the same agent.
#[derive(Debug, Clone)]
pub(crate) struct DemoAgent {
    name: &'static str,
    client: DemoClient,
    outbound: mpsc::Sender<ClientEvent>,
}

impl BridgeTarget {
    pub(crate) fn from_environment() -> Result<Self, String> {
        let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let header = variable(names::BRIDGE_TOKEN).map(|token| format!("Bearer {token}").parse());
        let header = header.transpose();
        let header = header.map_err(|_| format!("{} is no header value", names::BRIDGE_TOKEN))?;
        let address = variable(names::BRIDGE_ADDR);
        let address = address.unwrap_or_else(|| "127.0.0.1:50051".to_owned());
        Ok(Self { address, header: BearerHeader(header) })
    }
}

impl DemoAgent {
    /// Runs an agent until the runtime ends its stream.
    pub(crate) async fn run(target: &BridgeTarget, role: &AgentRole) -> Result<(), Status> {
        let mut client = connect(target).await?;
        register(&mut client, role).await?;
        let (outbound, messages) = mpsc::channel(64);
        let mut agent = Self { name: role.name, client, outbound };
        agent.send(Msg::Ack(Ack { message_id: role.name.to_owned() })).await;
        let response = agent.client.event_stream(ReceiverStream::new(messages)).await?;
        let mut inbound = response.into_inner();
        let repeat = |(interval, routine)| tokio::spawn(agent.clone().repeat(interval, routine));
        let routine = role.routine.map(repeat);
        let end = loop {
            match inbound.message().await {
                Ok(Some(message)) => agent.handle(role, message.msg),
                Ok(None) => break Ok(()),
                Err(status) => break Err(status),
            }
        };
        if let Some(routine) = routine {
            routine.abort();
        }
        end
    }

    async fn repeat(self, interval: Duration, routine: RoutineFn) {
        let mut interval = tokio::time::interval(interval);
        for turn in 0.. {
            interval.tick().await;
            self.perform(routine(turn), &new_trace()).await;
        }
    }

    fn handle(&self, role: &AgentRole, message: Option<server_event::Msg>) {
        let agent = self.clone();
        match message {
            Some(server_event::Msg::Delivery(Delivery { event: Some(event), .. })) => {
                if let Some(react) = role.on_event {
                    let content = serde_json::from_slice(&event.payload).unwrap_or(Value::Null);
                    let actions = react(&event.r#type, &content);
                    let trace =
                        event.metadata.get("traceparent").cloned().unwrap_or_else(new_trace);
                    tokio::spawn(async move { agent.perform(actions, &trace).await });
                }
            }
            Some(server_event::Msg::ToolCall(call)) => {
                let tool = role.tools.iter().find(|(name, ..)| *name == call.name);
                if let Some((.., tool)) = tool {
                    tokio::spawn(agent.execute(call, *tool));
                }
            }
            _ => {}
        }
    }

    async fn execute(self, call: ToolCall, tool: ToolFn) {
        let arguments = serde_json::from_str(&call.arguments).unwrap_or(Value::Null);
        let (latency, outcome) = tool(&arguments);
        tokio::time::sleep(latency).await;
        let result = match outcome {
            Ok(output) => {
                ToolResult { id: call.id, output: output.to_string(), ..ToolResult::default() }
            }
            Err(message) => ToolResult {
                id: call.id,
                status: ToolStatus::ToolError.into(),
                error: Some(ToolError {
                    code: "TOOL_ERROR".to_owned(),
                    message,
                    ..ToolError::default()
                }),
                ..ToolResult::default()
            },
        };
        self.send(Msg::ToolResult(result)).await;
    }

    async fn perform(&self, actions: Vec<AgentAction>, trace: &str) {
        for action in actions {
            match action {
                AgentAction::Publish(topic, content) => {
                    self.publish(topic, &content, trace).await;
                }
                AgentAction::Call(tool, arguments) => self.call(tool, &arguments, trace).await,
            }
        }
    }

    async fn publish(&self, topic: String, content: &Value, trace: &str) {
        let event = Event {
            id: format!("{}-{:08x}", self.name, random() as u32),
            r#type: topic.clone(),
            timestamp_ms: epoch_millis(SystemTime::now()),
            source: self.name.to_owned(),
            metadata: [("traceparent".to_owned(), trace.to_owned())].into(),
            payload: content.to_string().into(),
            confidence: 1.0,
            ..Event::default()
        };
        self.send(Msg::Publish(Publish { topic, event: Some(event) })).await;
    }

    async fn call(&self, tool: &str, arguments: &Value, trace: &str) {
        let headers = [("x-agent-id", self.name), ("traceparent", trace)];
        let call = ToolCall {
            id: format!("call-{:08x}", random() as u32),
            name: tool.to_owned(),
            arguments: arguments.to_string(),
            headers: headers.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            timeout_ms: 5000,
            ..ToolCall::default()
        };
        // The dashboard shows the result; failures are part of the demonstration.
        _ = self.client.clone().forward_tool_call(call).await;
    }

    async fn send(&self, msg: Msg) {
        // An error means that the stream has ended, which `run` notices too.
        _ = self.outbound.send(ClientEvent { msg: Some(msg) }).await;
    }
}

async fn connect(target: &BridgeTarget) -> Result<DemoClient, Status> {
    let endpoint = Endpoint::from_shared(format!("http://{target}")).map_err(|error| {
        Status::invalid_argument(format!("invalid {}: {error}", names::BRIDGE_ADDR))
    })?;
    let channel = endpoint.connect().await.map_err(|_| {
        Status::unavailable(format!("no runtime at {target}; start one with `loom up`"))
    })?;
    Ok(BridgeClient::with_interceptor(channel, target.header.clone()))
}

async fn register(client: &mut DemoClient, role: &AgentRole) -> Result<(), Status> {
    let schema = json!({ "type": "object" }).to_string();
    let tool = |(name, description, _): &(&str, &str, ToolFn)| ToolDescriptor {
        name: (*name).to_owned(),
        description: (*description).to_owned(),
        parameters_schema: schema.clone(),
        ..ToolDescriptor::default()
    };
    let request = AgentRegisterRequest {
        agent_id: role.name.to_owned(),
        subscribed_topics: role.topics.iter().map(|&topic| topic.to_owned()).collect(),
        tools: role.tools.iter().map(tool).collect(),
        ..AgentRegisterRequest::default()
    };
    let response = client.register_agent(request).await?.into_inner();
    if response.success { Ok(()) } else { Err(Status::internal(response.error_message)) }
}

impl Interceptor for BearerHeader {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(header) = &self.0 {
            request.metadata_mut().insert("authorization", header.clone());
        }
        Ok(request)
    }
}

impl fmt::Debug for BearerHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerHeader(***)")
    }
}

impl fmt::Display for BridgeTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)
    }
}

fn new_trace() -> String {
    format!("00-{:016x}{:016x}-{:016x}-01", random(), random(), random())
}

/// A number other than zero, random enough for a demonstration.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one(0_u8) | 1
}
