//! Counters, rates and observers: everything that is recorded about a running runtime.
//!
//! | module | records |
//! |---|---|
//! | [`stream`] | what happens, for observers |
//! | [`flow`] | which agents, topics and tools exchanged events lately |
//! | [`meter`] | rates over the last seconds |
//! | [`topics`] | published events per topic |
//! | [`usage`] | calls, failures and latencies per tool |

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::broadcast;

use self::{
    flow::{EVENT_BUS, FlowGraph, FlowSnapshot, NodeKind},
    meter::Meter,
    stream::{ActivityEvent, ActivityKind, ActivityStream},
    topics::{TopicCounts, TopicTraffic},
    usage::{ToolUsage, ToolUsages},
};
use crate::{
    event::Envelope,
    event_recorder::{AgentChange, EventRecorder},
    tool::{ToolCall, ToolFailureKind, ToolResult},
    trace_context::is_secret,
};

pub mod flow;
pub mod meter;
pub mod stream;
pub mod topics;
pub mod usage;

/// Totals since the start of the runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ActivityTotals {
    /// Published events.
    pub published: u64,
    /// Events delivered to streams; one published event may be delivered many times.
    pub delivered: u64,
    /// Events dropped from the queues of slow readers.
    pub dropped: u64,
    /// Tool calls by result.
    pub tool_calls: ToolCallTotals,
}

/// Tool calls since the start of the runtime, by result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ToolCallTotals {
    /// Calls with a result.
    pub succeeded: u64,
    /// Calls that failed with [`ToolFailureKind::Execution`].
    pub failed: u64,
    /// Calls that failed with [`ToolFailureKind::Timeout`].
    pub timed_out: u64,
    /// Calls that failed with [`ToolFailureKind::NotFound`].
    pub not_found: u64,
    /// Calls that failed with [`ToolFailureKind::InvalidArguments`].
    pub invalid_arguments: u64,
}

impl ToolCallTotals {
    /// All calls without a result.
    pub fn errors(&self) -> u64 {
        self.failed + self.timed_out + self.not_found + self.invalid_arguments
    }

    /// All calls.
    pub fn calls(&self) -> u64 {
        self.succeeded + self.errors()
    }
}

/// The counters behind [`ActivityTotals`].
#[derive(Debug, Default)]
struct ActivityCounters {
    published: AtomicU64,
    delivered: AtomicU64,
    dropped: AtomicU64,
    calls_succeeded: AtomicU64,
    calls_failed: AtomicU64,
    calls_timed_out: AtomicU64,
    calls_not_found: AtomicU64,
    calls_invalid: AtomicU64,
}

/// Records what happens in a runtime. Counting is always on; the flow graph is optional.
#[derive(Debug)]
pub struct Activity {
    counters: ActivityCounters,
    stream: ActivityStream,
    flow: Option<FlowGraph>,
    events: Meter,
    topics: TopicCounts,
    tools: Meter,
    usages: ToolUsages,
    recorder: Option<Arc<dyn EventRecorder>>,
}

impl Activity {
    /// Starts to count at `now`; with `flow`, also records the flow graph. `recorder` hears what happens to agents.
    pub fn new(flow: bool, recorder: Option<Arc<dyn EventRecorder>>, now: Instant) -> Self {
        Self {
            counters: ActivityCounters::default(),
            stream: ActivityStream::default(),
            flow: flow.then(FlowGraph::default),
            events: Meter::new(now),
            topics: TopicCounts::default(),
            tools: Meter::new(now),
            usages: ToolUsages::default(),
            recorder,
        }
    }

    /// Records that an event is published. Returns its number since the start, from 1.
    pub fn published(&self, envelope: &Envelope) -> u64 {
        let now = Instant::now();
        let before = self.counters.published.fetch_add(1, Ordering::Relaxed);
        self.events.mark(now);
        self.topics.record(&envelope.topic, now);
        if let Some(flow) = self.flow.as_ref().filter(|_| !envelope.sender.is_empty()) {
            flow.record(&envelope.sender, EVENT_BUS, &envelope.topic, NodeKind::Agent, now);
        }
        self.stream.publish(|| ActivityEvent {
            preview: self.preview_of(envelope),
            ..ActivityEvent::event(ActivityKind::Published, envelope)
        });
        before + 1
    }

    /// Records events that were dropped from the queue of a slow reader.
    pub fn dropped(&self, count: u64) {
        if count > 0 {
            self.counters.dropped.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// Records that an event was delivered to a subscription that belongs to no agent.
    pub fn delivered(&self) {
        self.counters.delivered.fetch_add(1, Ordering::Relaxed);
    }

    /// Records that an event was delivered to a stream of an agent.
    pub fn delivered_to(&self, agent: &str, envelope: &Envelope) {
        self.delivered();
        if let Some(flow) = &self.flow {
            flow.record(EVENT_BUS, agent, &envelope.topic, NodeKind::Agent, Instant::now());
        }
        self.stream.publish(|| ActivityEvent {
            preview: self.preview_of(envelope),
            ..ActivityEvent::delivery(agent, envelope)
        });
    }

    /// Records that an agent registered, for the first time or again.
    pub fn registered(&self, agent: &str) {
        self.agent(AgentChange::Registered, agent);
    }

    /// Records that an agent was unregistered.
    pub fn unregistered(&self, agent: &str) {
        self.agent(AgentChange::Unregistered, agent);
    }

    /// Records that an agent has lost its last stream and stays known.
    pub fn away(&self, agent: &str) {
        self.agent(AgentChange::Away, agent);
    }

    /// Records that an agent that was away has a stream again.
    pub fn back(&self, agent: &str) {
        self.agent(AgentChange::Back, agent);
    }

    fn agent(&self, change: AgentChange, agent: &str) {
        self.stream.publish(|| ActivityEvent::agent(change, agent));
        if let Some(recorder) = &self.recorder {
            recorder.record_agent(change, agent);
        }
    }

    /// Records that a known tool is called.
    pub fn tool_called(&self, call: &ToolCall) {
        let now = Instant::now();
        self.tools.mark(now);
        if let Some(flow) = &self.flow {
            flow.record(EVENT_BUS, &call.name, &call.name, NodeKind::Tool, now);
        }
        self.stream.publish(|| ActivityEvent {
            preview: self.preview(is_secret(&call.headers), call.arguments.as_bytes()),
            ..ActivityEvent::call(call)
        });
    }

    fn preview_of(&self, envelope: &Envelope) -> String {
        self.preview(envelope.is_secret(), &envelope.event.payload)
    }

    /// A run that is marked secret has no preview.
    fn preview(&self, is_secret: bool, payload: &[u8]) -> String {
        let recorder = self.recorder.as_ref().filter(|_| !is_secret);
        recorder.map(|recorder| recorder.preview(payload)).unwrap_or_default()
    }

    /// Records the result of a call.
    pub fn tool_completed(&self, tool: &str, result: &ToolResult, latency: Duration) {
        self.usages.record(tool, result, latency);
        self.counters.of(result).fetch_add(1, Ordering::Relaxed);
    }

    /// The totals since the start.
    pub fn totals(&self) -> ActivityTotals {
        self.counters.totals()
    }

    /// Published events per second over the last ten seconds.
    pub fn events_per_second(&self, now: Instant) -> f64 {
        self.events.per_second(now)
    }

    /// Tool calls per second over the last ten seconds.
    pub fn tool_calls_per_second(&self, now: Instant) -> f64 {
        self.tools.per_second(now)
    }

    /// The traffic of a topic, or of all topics that a pattern matches.
    pub fn traffic(&self, pattern: &str, now: Instant) -> TopicTraffic {
        self.topics.traffic(pattern, now)
    }

    /// The flow graph; empty if it is not recorded.
    pub fn flow(&self, now: Instant) -> FlowSnapshot {
        self.flow.as_ref().map(|flow| flow.snapshot(now)).unwrap_or_default()
    }

    /// The usage of all tools by name.
    pub fn tool_usages(&self) -> BTreeMap<String, ToolUsage> {
        self.usages.all()
    }

    /// Adds an observer; it gets what happens from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<ActivityEvent>> {
        self.stream.subscribe()
    }

    /// The number of observers.
    pub fn observers(&self) -> usize {
        self.stream.observers()
    }
}

impl ActivityCounters {
    /// The counter of calls with such a result.
    fn of(&self, result: &ToolResult) -> &AtomicU64 {
        match result.as_ref().map_err(|failure| failure.kind) {
            Ok(_) => &self.calls_succeeded,
            Err(ToolFailureKind::Execution) => &self.calls_failed,
            Err(ToolFailureKind::Timeout) => &self.calls_timed_out,
            Err(ToolFailureKind::NotFound) => &self.calls_not_found,
            Err(ToolFailureKind::InvalidArguments) => &self.calls_invalid,
        }
    }

    fn totals(&self) -> ActivityTotals {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ActivityTotals {
            published: load(&self.published),
            delivered: load(&self.delivered),
            dropped: load(&self.dropped),
            tool_calls: ToolCallTotals {
                succeeded: load(&self.calls_succeeded),
                failed: load(&self.calls_failed),
                timed_out: load(&self.calls_timed_out),
                not_found: load(&self.calls_not_found),
                invalid_arguments: load(&self.calls_invalid),
            },
        }
    }
}
