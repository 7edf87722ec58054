//! One agent: registers, listens, says things, asks for tools.

use std::{
    env, fmt,
    hash::{BuildHasher as _, RandomState},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use loom_bridge::proto::{
    Ack, AgentRegisterRequest, ClientEvent, Delivery, Event, Publish, ToolCall, ToolDescriptor,
    ToolError, ToolResult, ToolStatus, bridge_client::BridgeClient, client_event::Msg,
    server_event,
};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, Endpoint},
};

type Client = BridgeClient<InterceptedService<Channel, Bearer>>;

/// Where the runtime is.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    address: String,
    bearer: Bearer,
}

/// What the runtime wants to know.
#[derive(Clone)]
struct Bearer(Option<MetadataValue<Ascii>>);

/// What an agent is.
#[derive(Debug, Clone)]
pub(crate) struct Role {
    pub(crate) name: &'static str,
    pub(crate) topics: &'static [&'static str],
    /// Name, description, and what it answers.
    pub(crate) tools: &'static [(&'static str, &'static str, Tool)],
    pub(crate) on_event: Option<Reaction>,
    /// What it does by itself, and how often.
    pub(crate) habit: Option<(Duration, Habit)>,
}

pub(crate) type Tool = fn(&Value) -> (Duration, Result<Value, String>);
pub(crate) type Reaction = fn(&str, &Value) -> Vec<Deed>;
pub(crate) type Habit = fn(u64) -> Vec<Deed>;

/// What an agent does; each one as part of the same trace.
#[derive(Debug, Clone)]
pub(crate) enum Deed {
    Say(String, Value),
    Ask(&'static str, Value),
}

/// An agent that is connected; clones are the same agent.
#[derive(Debug, Clone)]
pub(crate) struct Agent {
    name: &'static str,
    client: Client,
    says: mpsc::Sender<ClientEvent>,
}

impl Place {
    pub(crate) fn from_environment() -> Result<Self, &'static str> {
        let set = |variable| env::var(variable).ok().filter(|value| !value.is_empty());
        let bearer = set("LOOM_BRIDGE_TOKEN").map(|token| format!("Bearer {token}").parse());
        let bearer = bearer.transpose().map_err(|_| "LOOM_BRIDGE_TOKEN cannot be sent")?;
        let address = set("LOOM_BRIDGE_ADDR").unwrap_or_else(|| "127.0.0.1:50051".to_owned());
        Ok(Self { address, bearer: Bearer(bearer) })
    }
}

impl Agent {
    /// Plays a role until the runtime ends the stream.
    pub(crate) async fn play(place: &Place, role: &Role) -> Result<(), Status> {
        let mut client = connect(place).await?;
        register(&mut client, role).await?;
        let (says, said) = mpsc::channel(64);
        let mut agent = Self { name: role.name, client, says };
        agent.say(Msg::Ack(Ack { message_id: role.name.to_owned() })).await;
        let mut hears = agent.client.event_stream(ReceiverStream::new(said)).await?.into_inner();
        let habit = role.habit.map(|(every, habit)| tokio::spawn(agent.clone().live(every, habit)));
        let ended = loop {
            match hears.message().await {
                Ok(Some(message)) => agent.hear(role, message.msg),
                Ok(None) => break Ok(()),
                Err(status) => break Err(status),
            }
        };
        if let Some(habit) = habit {
            habit.abort();
        }
        ended
    }

    async fn live(self, every: Duration, habit: Habit) {
        let mut every = tokio::time::interval(every);
        for turn in 0.. {
            every.tick().await;
            self.do_all(habit(turn), &new_trace()).await;
        }
    }

    fn hear(&self, role: &Role, message: Option<server_event::Msg>) {
        let agent = self.clone();
        match message {
            Some(server_event::Msg::Delivery(Delivery { event: Some(event), .. })) => {
                if let Some(react) = role.on_event {
                    let content = serde_json::from_slice(&event.payload).unwrap_or(Value::Null);
                    let deeds = react(&event.r#type, &content);
                    let trace =
                        event.metadata.get("traceparent").cloned().unwrap_or_else(new_trace);
                    tokio::spawn(async move { agent.do_all(deeds, &trace).await });
                }
            }
            Some(server_event::Msg::ToolCall(call)) => {
                let tool = role.tools.iter().find(|(name, ..)| *name == call.name);
                if let Some((.., tool)) = tool {
                    tokio::spawn(agent.answer(call, *tool));
                }
            }
            _ => {}
        }
    }

    async fn answer(self, call: ToolCall, tool: Tool) {
        let arguments = serde_json::from_str(&call.arguments).unwrap_or(Value::Null);
        let (takes, outcome) = tool(&arguments);
        tokio::time::sleep(takes).await;
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
        self.say(Msg::ToolResult(result)).await;
    }

    async fn do_all(&self, deeds: Vec<Deed>, trace: &str) {
        for deed in deeds {
            match deed {
                Deed::Say(topic, content) => self.publish(topic, &content, trace).await,
                Deed::Ask(tool, arguments) => self.ask(tool, &arguments, trace).await,
            }
        }
    }

    async fn publish(&self, topic: String, content: &Value, trace: &str) {
        let event = Event {
            id: format!("{}-{:08x}", self.name, random() as u32),
            r#type: topic.clone(),
            timestamp_ms: now_ms(),
            source: self.name.to_owned(),
            metadata: [("traceparent".to_owned(), trace.to_owned())].into(),
            payload: content.to_string().into(),
            confidence: 1.0,
            ..Event::default()
        };
        self.say(Msg::Publish(Publish { topic, event: Some(event) })).await;
    }

    async fn ask(&self, tool: &str, arguments: &Value, trace: &str) {
        let headers = [("x-agent-id", self.name), ("traceparent", trace)];
        let call = ToolCall {
            id: format!("call-{:08x}", random() as u32),
            name: tool.to_owned(),
            arguments: arguments.to_string(),
            headers: headers.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            timeout_ms: 5000,
            ..ToolCall::default()
        };
        // What it answers is for the dashboard: a failure is part of the show.
        _ = self.client.clone().forward_tool_call(call).await;
    }

    async fn say(&self, msg: Msg) {
        // An error says that the stream is over, which `play` hears of too.
        _ = self.says.send(ClientEvent { msg: Some(msg) }).await;
    }
}

async fn connect(place: &Place) -> Result<Client, Status> {
    let endpoint = Endpoint::from_shared(format!("http://{}", place.address))
        .map_err(|error| Status::invalid_argument(format!("LOOM_BRIDGE_ADDR: {error}")))?;
    let channel = endpoint.connect().await.map_err(|_| {
        Status::unavailable(format!("no runtime answers at {place}; `loom up` starts one"))
    })?;
    Ok(BridgeClient::with_interceptor(channel, place.bearer.clone()))
}

async fn register(client: &mut Client, role: &Role) -> Result<(), Status> {
    let schema = json!({ "type": "object" }).to_string();
    let tool = |(name, description, _): &(&str, &str, Tool)| ToolDescriptor {
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
    let answer = client.register_agent(request).await?.into_inner();
    if answer.success { Ok(()) } else { Err(Status::internal(answer.error_message)) }
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(bearer) = &self.0 {
            request.metadata_mut().insert("authorization", bearer.clone());
        }
        Ok(request)
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer(…)")
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)
    }
}

fn new_trace() -> String {
    format!("00-{:016x}{:016x}-{:016x}-01", random(), random(), random())
}

/// Never zero; good enough for a show.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one(now_ms()) | 1
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
