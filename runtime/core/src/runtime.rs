//! All of it as one value.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, atomic::Ordering},
    time::Instant,
};

use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::{
    activity::Activity,
    agent_tools::AgentTools,
    bus::{Bus, Demand},
    calls::Calls,
    directory::{Directory, Registration, StreamId},
    event::Envelope,
    hosted::DetachedMailbox,
    lock::lock,
    mailbox::{Mailbox, StreamEnd},
    registry::{Lookup, Registry},
    replies::Replies,
    session::{Outbound, Session},
    spans,
    tool::{ToolCall, ToolFailure, ToolFailureKind, ToolResult, is_json},
    topic_counts::Traffic,
};

/// How a runtime is set up.
#[derive(Debug, Clone, Copy, Default)]
pub struct RuntimeOptions {
    /// Whether to remember who speaks to whom, for a dashboard.
    pub graph: bool,
}

/// How busy a topic is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TopicStats {
    /// What is published.
    pub traffic: Traffic,
    /// What is subscribed to.
    pub demand: Demand,
}

/// A running Loom: bus, agents, their tools, and what is told about them.
#[derive(Debug)]
pub struct Runtime {
    /// Topics and subscriptions.
    pub bus: Bus,
    /// Agents.
    pub directory: Arc<Directory>,
    /// Tools: the runtime's own, those of MCP servers and those of agents.
    pub tools: Arc<Registry>,
    /// Counters and news.
    pub activity: Activity,
    pub(crate) calls: Arc<Calls>,
    pub(crate) replies: Replies,
    /// Mailboxes of created agents that are away. Its lock is taken before any other.
    pub(crate) parked: Mutex<HashMap<String, DetachedMailbox>>,
    /// Readers that are no agents.
    pub(crate) subscribers: Mutex<HashMap<StreamId, Arc<Mailbox>>>,
    stopping: OnceLock<String>,
}

impl Runtime {
    /// Starts one; it has no tasks of its own. Somebody should call [`Runtime::sweep`] every few seconds.
    pub fn new(options: RuntimeOptions) -> Arc<Self> {
        Arc::new(Self {
            bus: Bus::default(),
            directory: Arc::default(),
            tools: Arc::default(),
            activity: Activity::new(options.graph, Instant::now()),
            calls: Arc::default(),
            replies: Replies::default(),
            parked: Mutex::default(),
            subscribers: Mutex::default(),
            stopping: OnceLock::new(),
        })
    }

    /// Registers an agent; its name must not be empty.
    pub fn register(&self, registration: Registration) {
        let _span = spans::register(&registration).entered();
        let agent = registration.agent.clone();
        tracing::info!(
            agent,
            topics = registration.topics.len(),
            tools = registration.tools.len(),
            "agent registered"
        );
        let provider = AgentTools::new(&agent, &self.directory, &self.calls);
        let offer = self.tools.offer(registration.tools.clone(), Arc::new(provider));
        self.directory.register(registration, Some(offer), Instant::now());
        self.park(&agent);
        self.activity.registered(&agent);
    }

    /// Opens a stream of an agent. An empty or unregistered name gets no deliveries.
    pub fn open(self: &Arc<Self>, agent: String) -> (Session, Outbound) {
        let opened = Session::open(self, agent);
        self.close_if_stopping();
        opened
    }

    /// To be called after something was opened: a stop that came meanwhile did not see it.
    pub(crate) fn close_if_stopping(&self) {
        if self.stopping.get().is_some() {
            self.close_streams();
        }
    }

    /// Publishes an event to everybody who subscribed to its topic; never waits. Answers its number since the start.
    pub fn publish(&self, mut envelope: Envelope) -> u64 {
        let _span = spans::publish(&mut envelope).entered();
        let envelope = Arc::new(envelope);
        // Told first: a stream on another thread may take the event before `publish` returns.
        let number = self.activity.published(&envelope);
        let published = self.bus.publish(&envelope);
        self.activity.lost(published.lost);
        number
    }

    /// Carries out a tool, whoever offers it, and waits for the answer, not longer than the call says.
    pub async fn call(&self, call: ToolCall) -> ToolResult {
        let (span, name, begun) = (spans::call(&call), call.name.clone(), Instant::now());
        let answer = self.route(call).instrument(span.clone()).await;
        spans::answered(&span, &answer);
        self.activity.answered(&name, &answer, begun.elapsed());
        answer
    }

    async fn route(&self, call: ToolCall) -> ToolResult {
        if !is_json(&call.arguments) {
            let message = format!("Arguments of {} are not JSON", call.name);
            return Err(ToolFailure::new(ToolFailureKind::InvalidArguments, message));
        }
        let provider = match self.tools.find(&call.name) {
            Lookup::Here(_, provider) => provider,
            Lookup::Away(why) => {
                let message = format!("Tool {} cannot be called: {why}", call.name);
                return Err(ToolFailure::new(ToolFailureKind::Execution, message));
            }
            Lookup::Nobody => {
                let message = format!("Tool not found: {}", call.name);
                return Err(ToolFailure::new(ToolFailureKind::NotFound, message));
            }
        };
        self.activity.called(&call);
        let (name, timeout) = (call.name.clone(), call.timeout());
        let cancel = CancellationToken::new();
        let _over = cancel.clone().drop_guard();
        match tokio::time::timeout(timeout, provider.call(call, cancel)).await {
            Ok(answer) => answer.map(json_output),
            Err(_) => {
                let message = format!("Tool {name} did not answer within {timeout:?}");
                Err(ToolFailure::new(ToolFailureKind::Timeout, message))
            }
        }
    }

    /// How busy a topic or pattern is; the empty text stands for everything.
    pub fn stats(&self, pattern: &str) -> TopicStats {
        let now = Instant::now();
        if !pattern.is_empty() {
            let traffic = self.activity.topics.of(pattern, now);
            return TopicStats { traffic, demand: self.bus.demand(pattern) };
        }
        let events = self.activity.totals.published.load(Ordering::Relaxed);
        let traffic = Traffic { events, per_second: self.activity.events.per_second(now) };
        TopicStats { traffic, demand: self.bus.total_demand() }
    }

    /// Unregisters agents that stayed away for too long.
    pub fn sweep(&self, now: Instant) {
        for agent in self.directory.sweep(now) {
            tracing::info!(agent, "agent did not come back");
            self.activity.unregistered(&agent);
        }
    }

    /// Ends all streams, and those that open later, in a way that makes their agents come back.
    pub fn stop(&self, why: &str) {
        // A second stop keeps the first reason.
        _ = self.stopping.set(why.to_owned());
        self.close_streams();
    }

    fn close_streams(&self) {
        let why = self.stopping.get().cloned().unwrap_or_default();
        let subscribers: Vec<_> = lock(&self.subscribers).values().cloned().collect();
        for mailbox in self.directory.mailboxes().into_iter().chain(subscribers) {
            mailbox.close(StreamEnd::Unavailable(why.clone()));
        }
    }
}

/// Callers may rely on JSON: an answer that is none becomes a JSON string, an empty one `null`.
fn json_output(output: String) -> String {
    if output.is_empty() {
        "null".to_owned()
    } else if is_json(&output) {
        output
    } else {
        serde_json::Value::String(output).to_string()
    }
}
