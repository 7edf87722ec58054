//! Who lately spoke to whom.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Mutex,
    time::{Duration, Instant},
};

use crate::lock::lock;

/// The node in the middle.
pub const EVENT_BUS: &str = "EventBus";

/// A flow that was silent for so long is no longer shown.
pub const FLOW_LIFE: Duration = Duration::from_secs(60);
/// A node that was silent for so long is no longer shown; the bus always is.
pub const NODE_LIFE: Duration = Duration::from_secs(120);

/// Topics shown per node.
const TOPICS: usize = 20;
/// Bounds on what is remembered; beyond them a new flow or node is not taken up until an old one expires.
const FLOWS: usize = 8192;
const NODES: usize = 2048;
/// Longer names and topics, in bytes, are not taken up.
const LONGEST: usize = 1024;

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeKind {
    /// An agent.
    Agent,
    /// The event bus.
    EventBus,
    /// A tool.
    Tool,
}

/// Somebody who sends or receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowNode {
    /// Its name.
    pub id: String,
    /// What it is.
    pub kind: NodeKind,
    /// Events it sent or received since it appeared.
    pub events: u64,
    /// Up to twenty of its topics, by name.
    pub topics: BTreeSet<String>,
    /// When it last sent or received.
    pub last: Instant,
}

/// Events of one topic from one node to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// From.
    pub source: String,
    /// To.
    pub target: String,
    /// The topic, or the tool.
    pub topic: String,
    /// How many.
    pub count: u64,
    /// The last one.
    pub last: Instant,
}

#[derive(Debug, Default)]
struct State {
    nodes: HashMap<String, FlowNode>,
    /// Source -> target -> topic -> flow; a flow that is known is found without making a key.
    flows: HashMap<String, HashMap<String, HashMap<String, Flow>>>,
    count: usize,
}

/// The graph of the last minutes.
#[derive(Debug, Default)]
pub struct FlowGraph {
    state: Mutex<State>,
}

impl FlowGraph {
    /// Notes one event from `source` to `target`, one of which is the bus; the other is a `kind`.
    pub fn note(&self, source: &str, target: &str, topic: &str, kind: NodeKind, now: Instant) {
        if [source, target, topic].iter().any(|text| text.len() > LONGEST) {
            return;
        }
        let mut state = lock(&self.state);
        if state.count >= FLOWS || state.nodes.len() >= NODES {
            state.expire(now);
        }
        for id in [source, target] {
            let kind = if id == EVENT_BUS { NodeKind::EventBus } else { kind };
            state.touch_node(id, kind, topic, now);
        }
        state.touch_flow(source, target, topic, now);
    }

    /// Nodes and flows that are still alive; the bus always is.
    pub fn view(&self, now: Instant) -> (Vec<FlowNode>, Vec<Flow>) {
        let mut state = lock(&self.state);
        state.expire(now);
        let mut nodes: Vec<FlowNode> = state.nodes.values().cloned().collect();
        if !state.nodes.contains_key(EVENT_BUS) {
            nodes.push(FlowNode::new(EVENT_BUS, NodeKind::EventBus, now));
        }
        let mut flows: Vec<Flow> = state.all().cloned().collect();
        drop(state);
        nodes.sort_by(|a, b| a.id.cmp(&b.id));
        flows.sort_by(|a, b| {
            (&a.source, &a.target, &a.topic).cmp(&(&b.source, &b.target, &b.topic))
        });
        (nodes, flows)
    }
}

impl FlowNode {
    fn new(id: &str, kind: NodeKind, now: Instant) -> Self {
        Self { id: id.to_owned(), kind, events: 0, topics: BTreeSet::new(), last: now }
    }
}

impl State {
    fn touch_node(&mut self, id: &str, kind: NodeKind, topic: &str, now: Instant) {
        if !self.nodes.contains_key(id) {
            if self.nodes.len() >= NODES && id != EVENT_BUS {
                return;
            }
            self.nodes.insert(id.to_owned(), FlowNode::new(id, kind, now));
        }
        if let Some(node) = self.nodes.get_mut(id) {
            node.events += 1;
            node.last = now;
            if node.topics.len() < TOPICS && !node.topics.contains(topic) {
                node.topics.insert(topic.to_owned());
            }
        }
    }

    fn touch_flow(&mut self, source: &str, target: &str, topic: &str, now: Instant) {
        let targets = self.flows.get_mut(source);
        let topics = targets.and_then(|targets| targets.get_mut(target));
        if let Some(flow) = topics.and_then(|topics| topics.get_mut(topic)) {
            flow.count += 1;
            flow.last = now;
        } else if self.count < FLOWS {
            let (source, target) = (source.to_owned(), target.to_owned());
            let topics = self.flows.entry(source.clone()).or_default();
            let topics = topics.entry(target.clone()).or_default();
            let flow = Flow { source, target, topic: topic.to_owned(), count: 1, last: now };
            topics.insert(topic.to_owned(), flow);
            self.count += 1;
        }
    }

    fn all(&self) -> impl Iterator<Item = &Flow> {
        self.flows.values().flat_map(HashMap::values).flat_map(HashMap::values)
    }

    fn expire(&mut self, now: Instant) {
        let alive = |last: Instant, life| now.saturating_duration_since(last) < life;
        self.nodes.retain(|id, node| id == EVENT_BUS || alive(node.last, NODE_LIFE));
        self.flows.retain(|_, targets| {
            targets.retain(|_, topics| {
                topics.retain(|_, flow| alive(flow.last, FLOW_LIFE));
                !topics.is_empty()
            });
            !targets.is_empty()
        });
        self.count = self.all().count();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(graph: &FlowGraph, now: Instant) -> (Vec<String>, Vec<String>) {
        let (nodes, flows) = graph.view(now);
        let flow = |f: Flow| format!("{}>{}:{}x{}", f.source, f.target, f.topic, f.count);
        (nodes.into_iter().map(|node| node.id).collect(), flows.into_iter().map(flow).collect())
    }

    #[test]
    fn flows_expire_before_nodes_and_the_bus_stays() {
        let (graph, start) = (FlowGraph::default(), Instant::now());
        graph.note("a", EVENT_BUS, "t", NodeKind::Agent, start);
        graph.note("a", EVENT_BUS, "t", NodeKind::Agent, start);
        assert_eq!(
            ids(&graph, start),
            (vec!["EventBus".to_owned(), "a".to_owned()], vec!["a>EventBus:tx2".to_owned()])
        );
        let (nodes, flows) = ids(&graph, start + FLOW_LIFE);
        assert_eq!((nodes.len(), flows.len()), (2, 0));
        assert_eq!(ids(&graph, start + NODE_LIFE).0, ["EventBus"]);
        assert_eq!(ids(&FlowGraph::default(), start).0, ["EventBus"]);
    }

    #[test]
    fn very_long_names_and_topics_are_not_taken_up() {
        let (graph, start) = (FlowGraph::default(), Instant::now());
        let long = "x".repeat(LONGEST + 1);
        graph.note(&long, EVENT_BUS, "t", NodeKind::Agent, start);
        graph.note("a", EVENT_BUS, &long, NodeKind::Agent, start);
        assert_eq!(ids(&graph, start), (vec!["EventBus".to_owned()], vec![]));
    }

    #[test]
    fn memory_is_bounded_in_topics_flows_and_nodes() {
        let (graph, start) = (FlowGraph::default(), Instant::now());
        for n in 0..FLOWS + 50 {
            graph.note("a", EVENT_BUS, &format!("t{n}"), NodeKind::Agent, start);
        }
        for n in 0..NODES + 50 {
            graph.note(&format!("n{n}"), EVENT_BUS, "t0", NodeKind::Agent, start);
        }
        let (nodes, flows) = graph.view(start);
        assert_eq!((nodes.len(), flows.len()), (NODES, FLOWS));
        assert!(nodes.iter().all(|node| node.topics.len() <= TOPICS));
        let later = start + NODE_LIFE;
        graph.note("new", EVENT_BUS, "t", NodeKind::Agent, later);
        assert_eq!(
            ids(&graph, later),
            (vec!["EventBus".into(), "new".into()], vec!["new>EventBus:tx1".into()])
        );
    }
}
