//! The flow graph: which agents, topics and tools exchanged events lately.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Mutex,
    time::{Duration, Instant},
};

use loom_base::LockExt as _;

/// The name of the bus in the graph.
pub const EVENT_BUS: &str = "EventBus";

/// A flow that was idle for this long is removed.
pub const FLOW_TTL: Duration = Duration::from_secs(60);
/// A node that was idle for this long is removed; the bus stays.
pub const NODE_TTL: Duration = Duration::from_secs(120);

/// Topics recorded per node.
const MAX_TOPICS: usize = 20;
/// Flows recorded; beyond this a new flow is ignored until an old one expires.
const MAX_FLOWS: usize = 8192;
/// Nodes recorded; beyond this a new node is ignored until an old one expires.
const MAX_NODES: usize = 2048;
/// The longest name or topic that is recorded, in bytes.
const MAX_NAME_BYTES: usize = 1024;

/// The kinds of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeKind {
    /// An agent.
    Agent,
    /// The event bus.
    EventBus,
    /// A tool.
    Tool,
}

/// A sender or receiver of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowNode {
    /// The node's name.
    pub id: String,
    /// The kind of node.
    pub kind: NodeKind,
    /// The number of events sent or received since the node appeared.
    pub events: u64,
    /// Up to twenty topics of these events.
    pub topics: BTreeSet<String>,
    /// When the node last sent or received an event.
    pub last: Instant,
}

/// The events of one topic from one node to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// The sending node.
    pub source: String,
    /// The receiving node.
    pub target: String,
    /// The topic, or the name of the tool.
    pub topic: String,
    /// The number of events since the flow appeared.
    pub count: u64,
    /// When the last event was sent.
    pub last: Instant,
}

/// The nodes and flows at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FlowSnapshot {
    /// Nodes by name, the bus among them.
    pub nodes: Vec<FlowNode>,
    /// Flows by source, target and topic.
    pub flows: Vec<Flow>,
}

#[derive(Debug, Default)]
struct FlowState {
    nodes: HashMap<String, FlowNode>,
    /// By source, target and topic. Nested, so that a known flow is found without allocating a key.
    flows: HashMap<String, HashMap<String, HashMap<String, Flow>>>,
    flow_count: usize,
}

/// Records the flows of the last minutes, bounded in number and size.
#[derive(Debug, Default)]
pub struct FlowGraph {
    state: Mutex<FlowState>,
}

impl FlowGraph {
    /// Records one event from `source` to `target`. One of them is [`EVENT_BUS`], the other has the kind `kind`.
    pub fn record(&self, source: &str, target: &str, topic: &str, kind: NodeKind, now: Instant) {
        if [source, target, topic].iter().any(|text| text.len() > MAX_NAME_BYTES) {
            return;
        }
        let mut state = self.state.locked();
        if state.flow_count >= MAX_FLOWS || state.nodes.len() >= MAX_NODES {
            state.expire(now);
        }
        for id in [source, target] {
            let kind = if id == EVENT_BUS { NodeKind::EventBus } else { kind };
            state.record_node(id, kind, topic, now);
        }
        state.record_flow(source, target, topic, now);
    }

    /// The nodes and flows that have not expired.
    pub fn snapshot(&self, now: Instant) -> FlowSnapshot {
        let mut state = self.state.locked();
        state.expire(now);
        let mut nodes: Vec<FlowNode> = state.nodes.values().cloned().collect();
        if !state.nodes.contains_key(EVENT_BUS) {
            nodes.push(FlowNode::new(EVENT_BUS, NodeKind::EventBus, now));
        }
        let mut flows: Vec<Flow> = state.flows().cloned().collect();
        drop(state);
        nodes.sort_by(|a, b| a.id.cmp(&b.id));
        flows.sort_by(|a, b| {
            (&a.source, &a.target, &a.topic).cmp(&(&b.source, &b.target, &b.topic))
        });
        FlowSnapshot { nodes, flows }
    }
}

impl FlowNode {
    fn new(id: &str, kind: NodeKind, now: Instant) -> Self {
        Self { id: id.to_owned(), kind, events: 0, topics: BTreeSet::new(), last: now }
    }
}

impl FlowState {
    fn record_node(&mut self, id: &str, kind: NodeKind, topic: &str, now: Instant) {
        if !self.nodes.contains_key(id) {
            if self.nodes.len() >= MAX_NODES && id != EVENT_BUS {
                return;
            }
            self.nodes.insert(id.to_owned(), FlowNode::new(id, kind, now));
        }
        if let Some(node) = self.nodes.get_mut(id) {
            node.events += 1;
            node.last = now;
            if node.topics.len() < MAX_TOPICS && !node.topics.contains(topic) {
                node.topics.insert(topic.to_owned());
            }
        }
    }

    fn record_flow(&mut self, source: &str, target: &str, topic: &str, now: Instant) {
        let targets = self.flows.get_mut(source);
        let topics = targets.and_then(|targets| targets.get_mut(target));
        if let Some(flow) = topics.and_then(|topics| topics.get_mut(topic)) {
            flow.count += 1;
            flow.last = now;
        } else if self.flow_count < MAX_FLOWS {
            let topics = self.flows.entry(source.to_owned()).or_default();
            let topics = topics.entry(target.to_owned()).or_default();
            let flow = Flow {
                source: source.to_owned(),
                target: target.to_owned(),
                topic: topic.to_owned(),
                count: 1,
                last: now,
            };
            topics.insert(topic.to_owned(), flow);
            self.flow_count += 1;
        }
    }

    fn flows(&self) -> impl Iterator<Item = &Flow> {
        self.flows.values().flat_map(HashMap::values).flat_map(HashMap::values)
    }

    fn expire(&mut self, now: Instant) {
        let is_live = |last: Instant, ttl| now.saturating_duration_since(last) < ttl;
        self.nodes.retain(|id, node| id == EVENT_BUS || is_live(node.last, NODE_TTL));
        self.flows.retain(|_, targets| {
            targets.retain(|_, topics| {
                topics.retain(|_, flow| is_live(flow.last, FLOW_TTL));
                !topics.is_empty()
            });
            !targets.is_empty()
        });
        self.flow_count = self.flows().count();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(graph: &FlowGraph, now: Instant) -> (Vec<String>, Vec<String>) {
        let FlowSnapshot { nodes, flows } = graph.snapshot(now);
        let flow = |f: Flow| format!("{}>{}:{}x{}", f.source, f.target, f.topic, f.count);
        (nodes.into_iter().map(|node| node.id).collect(), flows.into_iter().map(flow).collect())
    }

    #[test]
    fn flows_expire_before_nodes_and_the_bus_stays() {
        let graph = FlowGraph::default();
        let start = Instant::now();
        graph.record("a", EVENT_BUS, "t", NodeKind::Agent, start);
        graph.record("a", EVENT_BUS, "t", NodeKind::Agent, start);
        assert_eq!(
            snapshot(&graph, start),
            (vec!["EventBus".to_owned(), "a".to_owned()], vec!["a>EventBus:tx2".to_owned()])
        );
        let (nodes, flows) = snapshot(&graph, start + FLOW_TTL);
        assert_eq!((nodes.len(), flows.len()), (2, 0));
        assert_eq!(snapshot(&graph, start + NODE_TTL).0, ["EventBus"]);
        assert_eq!(snapshot(&FlowGraph::default(), start).0, ["EventBus"]);
    }

    #[test]
    fn very_long_names_and_topics_are_ignored() {
        let graph = FlowGraph::default();
        let start = Instant::now();
        let long = "x".repeat(MAX_NAME_BYTES + 1);
        graph.record(&long, EVENT_BUS, "t", NodeKind::Agent, start);
        graph.record("a", EVENT_BUS, &long, NodeKind::Agent, start);
        assert_eq!(snapshot(&graph, start), (vec!["EventBus".to_owned()], vec![]));
    }

    #[test]
    fn topics_flows_and_nodes_are_limited() {
        let graph = FlowGraph::default();
        let start = Instant::now();
        for n in 0..MAX_FLOWS + 50 {
            graph.record("a", EVENT_BUS, &format!("t{n}"), NodeKind::Agent, start);
        }
        for n in 0..MAX_NODES + 50 {
            graph.record(&format!("n{n}"), EVENT_BUS, "t0", NodeKind::Agent, start);
        }
        let FlowSnapshot { nodes, flows } = graph.snapshot(start);
        assert_eq!((nodes.len(), flows.len()), (MAX_NODES, MAX_FLOWS));
        assert!(nodes.iter().all(|node| node.topics.len() <= MAX_TOPICS));
        let later = start + NODE_TTL;
        graph.record("new", EVENT_BUS, "t", NodeKind::Agent, later);
        assert_eq!(
            snapshot(&graph, later),
            (vec!["EventBus".into(), "new".into()], vec!["new>EventBus:tx1".into()])
        );
    }
}
