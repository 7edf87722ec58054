//! The runtime: bus, agents, tools and what is recorded about them, as one value.
//!
//! | module | holds |
//! |---|---|
//! | `options` | what is recorded |
//! | `inner` | the parts, shared by all handles |
//! | `session` | one open stream of an agent |
//! | `subscription` | a subscription that belongs to no agent |
//! | `hosting` | agents that are created through the runtime, and events sent to one agent |
//! | `calling` | calls of tools |
//! | `receipt` | what became of an event or call |
//! | `snapshot` | read-only values about the runtime |

use std::{
    collections::BTreeMap,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use tokio::sync::broadcast;

use self::inner::RuntimeInner;
use crate::{
    activity::{flow::FlowSnapshot, stream::ActivityEvent, usage::ToolUsage},
    agent_tools::AgentTools,
    directory::AgentView,
    event::{Envelope, Event},
    filter::Filter,
    hosted_agent::{AgentState, HostedProfile},
    limits::{self, LimitError},
    qos::Qos,
    registration::Registration,
    registry::{Lookup, Registry},
    spans,
    tool::{Tool, ToolCall, ToolResult},
};

mod calling;
mod hosting;
mod inner;
mod options;
mod receipt;
mod session;
mod snapshot;
mod subscription;

pub use hosting::{CreateAgentError, SendEventError, SetStateError};
pub use options::RuntimeOptions;
pub use receipt::{CallReceipt, PublishReceipt};
pub use session::{OutboundStream, Session};
pub use snapshot::{RuntimeSnapshot, TopicStats};
pub use subscription::Subscription;

/// A running Loom runtime. Clones are handles to the same runtime.
///
/// It has no tasks of its own: [`Runtime::expire_agents`] is to be called every few seconds.
///
/// # Examples
/// ```
/// use futures::StreamExt as _;
/// use loom_core::{Envelope, Event, Filter, Qos, Runtime, RuntimeOptions};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let runtime = Runtime::new(RuntimeOptions::default());
/// let mut orders = runtime.subscribe("orders.*", Qos::Batched, Filter::default());
///
/// let event = Event { id: "1".to_owned(), payload: "2 chairs".into(), ..Event::default() };
/// let number = runtime.publish(Envelope::new("orders.new".to_owned(), "shop", event));
///
/// let received = orders.next().await.expect("the subscription is open").expect("it has not failed");
/// assert_eq!((number, &*received.sender, &*received.event.id), (1, "shop", "1"));
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Runtime {
    inner: Arc<RuntimeInner>,
}

/// A handle that does not keep the runtime alive.
#[derive(Debug, Clone, Default)]
pub struct WeakRuntime(Weak<RuntimeInner>);

impl Runtime {
    /// Starts a runtime.
    pub fn new(options: RuntimeOptions) -> Self {
        Self { inner: Arc::new(RuntimeInner::new(options)) }
    }

    /// A handle that does not keep the runtime alive, for values that the runtime itself owns.
    pub fn downgrade(&self) -> WeakRuntime {
        WeakRuntime(Arc::downgrade(&self.inner))
    }

    /// Registers an agent, whose id must not be empty, or replaces the registration of a registered one.
    ///
    /// # Errors
    /// If a part of the registration is too long, or there is no room for it; then an earlier registration stays.
    ///
    /// # Examples
    /// ```
    /// use loom_core::{Registration, Runtime, RuntimeOptions};
    ///
    /// let runtime = Runtime::new(RuntimeOptions::default());
    /// runtime.register(Registration {
    ///     agent: "clerk".to_owned(),
    ///     topics: vec!["orders.*".to_owned()],
    ///     ..Registration::default()
    /// })?;
    /// let (session, outbound) = runtime.open_stream("clerk".to_owned());
    /// assert_eq!(runtime.snapshot().connected_agents, 1);
    /// # drop((session, outbound));
    /// # Ok::<(), loom_core::LimitError>(())
    /// ```
    pub fn register(&self, registration: Registration) -> Result<(), LimitError> {
        limits::check_registration(&registration)?;
        let inner = &self.inner;
        let _span = spans::register(&registration).entered();
        let agent = registration.agent.clone();
        let topics = registration.topics.len();
        let tools = registration.tools.len();
        let provider = AgentTools::new(&agent, &inner.directory, &inner.calls);
        let offer = inner.registry.offer(registration.tools.clone(), Arc::new(provider));
        let evicted = inner.directory.register(registration, Some(offer), Instant::now())?;
        tracing::info!(agent, topics, tools, "agent registered");
        for agent in evicted {
            tracing::warn!(agent, "agent unregistered: it is away, and there are too many agents");
            inner.activity.unregistered(&agent);
        }
        inner.ensure_detached(&agent);
        inner.activity.registered(&agent);
        Ok(())
    }

    /// Opens a stream of an agent. A stream of an unregistered agent gets no deliveries.
    pub fn open_stream(&self, agent: String) -> (Session, OutboundStream) {
        Session::open(&self.inner, agent)
    }

    /// Publishes an event to all matching subscriptions; never waits. Returns the event's number since the start.
    pub fn publish(&self, envelope: Envelope) -> u64 {
        self.inner.publish(envelope).number
    }

    /// Publishes an event as [`publish`](Self::publish) does, and says what became of it.
    pub fn publish_with_receipt(&self, envelope: Envelope) -> PublishReceipt {
        self.inner.publish(envelope)
    }

    /// Subscribes to the events of a topic or pattern that `filter` matches. A reader that is too slow for `qos` loses
    /// the oldest events; they are counted.
    pub fn subscribe(&self, pattern: &str, qos: Qos, filter: Filter) -> Subscription {
        Subscription::new(&self.inner, pattern, qos, filter)
    }

    /// Ends a subscription by its id: its reader gets what is queued, then the stream ends. Returns false if there is
    /// none.
    pub fn unsubscribe(&self, id: &str) -> bool {
        Subscription::end(&self.inner, id)
    }

    /// Calls a tool and waits for its result, at most for the call's timeout.
    ///
    /// # Errors
    /// A [`ToolFailure`](crate::ToolFailure) with the kind of failure. The arguments are checked before the name.
    pub async fn call_tool(&self, call: ToolCall) -> ToolResult {
        calling::call(&self.inner, call).await.result
    }

    /// Calls a tool as [`call_tool`](Self::call_tool) does, and says where the call is recorded.
    pub async fn call_tool_with_receipt(&self, call: ToolCall) -> CallReceipt {
        calling::call(&self.inner, call).await
    }

    /// Whether the spans of a trace are recorded; decided for one of which the runtime has not heard lately.
    pub fn is_sampled(&self, trace_id: u128) -> bool {
        self.inner.tracer.is_sampled(trace_id)
    }

    /// The registry of the tools.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.inner.registry
    }

    /// All tools by name, each with whether it can be called now.
    pub fn tools(&self) -> Vec<(Arc<Tool>, bool)> {
        let registry = &self.inner.registry;
        let is_ready = |tool: &Tool| matches!(registry.find(&tool.name), Lookup::Ready(..));
        let with_state = |tool: Arc<Tool>| {
            let is_ready = is_ready(&tool);
            (tool, is_ready)
        };
        registry.tools().into_iter().map(with_state).collect()
    }

    /// Creates an agent that is known until it is deleted. While it has no stream, its events are queued for its next
    /// one. An agent that is registered keeps its registration and gets the topics that it lacks.
    ///
    /// # Errors
    /// If the id is empty, the agent was created before, or a limit is exceeded.
    pub fn create_agent(
        &self,
        agent: &str,
        topics: Vec<String>,
        profile: HostedProfile,
    ) -> Result<(), CreateAgentError> {
        hosting::create(&self.inner, agent, topics, profile)
    }

    /// Deletes an agent, created or registered, with its state and tools. Its streams end as completed, so that it does
    /// not reconnect. Returns false if the agent is unknown.
    pub fn delete_agent(&self, agent: &str) -> bool {
        hosting::delete(&self.inner, agent)
    }

    /// Sends an event to one agent, whatever it is subscribed to: to its newest stream, else to the queue of a created
    /// agent that has none. If `wait` is not zero, returns the first event that the agent publishes within that time
    /// with the metadata `correlation_id` = the id of `event`.
    ///
    /// # Errors
    /// If the agent is unknown or not connected, a part of the event is too long, or a reply is awaited to an event
    /// without an id.
    pub async fn send_event(
        &self,
        agent: &str,
        event: Event,
        wait: Duration,
    ) -> Result<Option<Event>, SendEventError> {
        hosting::send(&self.inner, agent, event, wait).await
    }

    /// The state that is kept for an agent; `None` if the agent is unknown.
    pub fn agent_state(&self, agent: &str) -> Option<AgentState> {
        self.inner.directory.agent_state(agent)
    }

    /// Replaces the state that is kept for an agent.
    ///
    /// # Errors
    /// If the agent is unknown, or there is no room for the state; then the old state stays.
    pub fn set_agent_state(&self, agent: &str, state: AgentState) -> Result<(), SetStateError> {
        hosting::set_state(&self.inner, agent, state)
    }

    /// All known agents by name.
    pub fn agents(&self) -> Vec<AgentView> {
        self.inner.directory.agents()
    }

    /// The counters and rates at this moment.
    pub fn snapshot(&self) -> RuntimeSnapshot {
        RuntimeSnapshot::of(&self.inner, Instant::now())
    }

    /// The traffic and the subscriptions of a topic or pattern; of everything if `pattern` is empty.
    pub fn topic_stats(&self, pattern: &str) -> TopicStats {
        TopicStats::of(&self.inner, pattern, Instant::now())
    }

    /// The usage of all tools by name.
    pub fn tool_usages(&self) -> BTreeMap<String, ToolUsage> {
        self.inner.activity.tool_usages()
    }

    /// The flow graph at `now`; empty unless [`RuntimeOptions::record_flow`] is set.
    pub fn flow(&self, now: Instant) -> FlowSnapshot {
        self.inner.activity.flow(now)
    }

    /// Observes what happens from now on. An observer that lags behind gets the number of missed events.
    pub fn observe(&self) -> broadcast::Receiver<Arc<ActivityEvent>> {
        self.inner.activity.subscribe()
    }

    /// Unregisters the agents that have been away for [`AWAY_LIMIT`](crate::directory::AWAY_LIMIT) at `now`.
    pub fn expire_agents(&self, now: Instant) {
        for agent in self.inner.directory.expire(now) {
            tracing::info!(agent, "agent unregistered: it did not reconnect");
            self.inner.activity.unregistered(&agent);
        }
    }

    /// Stops the runtime: all streams, and those that open later, end with [`StreamEnd::Unavailable`], upon which agents
    /// reconnect.
    ///
    /// [`StreamEnd::Unavailable`]: crate::StreamEnd::Unavailable
    pub fn stop(&self, reason: &str) {
        self.inner.stop(reason);
    }
}

impl WeakRuntime {
    /// The runtime, if a handle to it is left.
    pub fn upgrade(&self) -> Option<Runtime> {
        self.0.upgrade().map(|inner| Runtime { inner })
    }
}
