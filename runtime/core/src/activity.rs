//! Counters, feed and flow together: everything that is told about a running runtime.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{
    event::Envelope,
    feed::{ActivityEvent, ActivityKind, ActivityStream},
    flow::{EVENT_BUS, FlowGraph, NodeKind},
    meter::Meter,
    tool::{ToolCall, ToolFailureKind, ToolResult},
    topic_counts::TopicCounts,
    usage::Usages,
};

/// Totals since the start.
#[derive(Debug, Default)]
pub struct Totals {
    /// Events published.
    pub published: AtomicU64,
    /// Deliveries taken by streams; one event may be delivered many times.
    pub delivered: AtomicU64,
    /// Deliveries that gave way because a reader was slow.
    pub lost: AtomicU64,
    /// Tool calls with a result.
    pub calls_ok: AtomicU64,
    /// Tool calls that failed, by [`FailureKind`]: execution, timeout, not found, invalid arguments.
    pub calls_failed: [AtomicU64; 4],
}

/// What is happening. Counting is always on; the graph only where somebody may look at it.
#[derive(Debug)]
pub struct Activity {
    /// Totals.
    pub totals: Totals,
    /// News.
    pub feed: ActivityStream,
    /// Who speaks to whom.
    pub graph: Option<FlowGraph>,
    /// Events published.
    pub events: Meter,
    /// Events published, topic by topic.
    pub topics: TopicCounts,
    /// Tools called.
    pub tools: Meter,
    /// How each tool was used.
    pub usages: Usages,
}

impl Activity {
    /// Starts to count; `graph` says whether to remember who speaks to whom.
    pub fn new(graph: bool, now: Instant) -> Self {
        Self {
            totals: Totals::default(),
            feed: ActivityStream::default(),
            graph: graph.then(FlowGraph::default),
            events: Meter::new(now),
            topics: TopicCounts::default(),
            tools: Meter::new(now),
            usages: Usages::default(),
        }
    }

    /// An event is being published; answers its number since the start, from 1.
    pub fn published(&self, envelope: &Envelope) -> u64 {
        let now = Instant::now();
        let before = self.totals.published.fetch_add(1, Ordering::Relaxed);
        self.events.mark(now);
        self.topics.note(&envelope.topic, now);
        if let Some(graph) = self.graph.as_ref().filter(|_| !envelope.sender.is_empty()) {
            graph.note(&envelope.sender, EVENT_BUS, &envelope.topic, NodeKind::Agent, now);
        }
        self.feed.publish(|| ActivityEvent::event(ActivityKind::Published, envelope));
        before + 1
    }

    /// So many deliveries gave way to a newer one.
    pub fn lost(&self, count: u64) {
        if count > 0 {
            self.totals.lost.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// Somebody who is no agent took an event.
    pub fn taken(&self) {
        self.totals.delivered.fetch_add(1, Ordering::Relaxed);
    }

    /// An agent's stream took an event.
    pub fn delivered(&self, agent: &str, envelope: &Arc<Envelope>) {
        self.totals.delivered.fetch_add(1, Ordering::Relaxed);
        if let Some(graph) = &self.graph {
            graph.note(EVENT_BUS, agent, &envelope.topic, NodeKind::Agent, Instant::now());
        }
        self.feed.publish(|| ActivityEvent::event(ActivityKind::Delivered, envelope));
    }

    /// An agent registered, or registered anew.
    pub fn registered(&self, agent: &str) {
        self.feed.publish(|| ActivityEvent::agent(ActivityKind::Registered, agent));
    }

    /// An agent is no longer registered.
    pub fn unregistered(&self, agent: &str) {
        self.feed.publish(|| ActivityEvent::agent(ActivityKind::Unregistered, agent));
    }

    /// A tool that exists is called.
    pub fn called(&self, call: &ToolCall) {
        let now = Instant::now();
        self.tools.mark(now);
        if let Some(graph) = &self.graph {
            graph.note(EVENT_BUS, &call.name, &call.name, NodeKind::Tool, now);
        }
        self.feed.publish(|| ActivityEvent::call(call));
    }

    /// A call to a tool came to its answer after so long.
    pub fn answered(&self, tool: &str, answer: &ToolResult, took: Duration) {
        self.usages.note(tool, answer, took);
        let counter = match answer {
            Ok(_) => &self.totals.calls_ok,
            Err(failure) => self.totals.failed(failure.kind),
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

impl Totals {
    /// The counter of one kind of failed calls.
    pub fn failed(&self, kind: ToolFailureKind) -> &AtomicU64 {
        let [execution, timeout, not_found, invalid] = &self.calls_failed;
        match kind {
            ToolFailureKind::Execution => execution,
            ToolFailureKind::Timeout => timeout,
            ToolFailureKind::NotFound => not_found,
            ToolFailureKind::InvalidArguments => invalid,
        }
    }
}
