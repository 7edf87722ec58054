//! The parts of a runtime, shared by its handles, sessions and subscriptions.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock},
    time::Instant,
};

use loom_base::LockExt as _;

use super::{options::RuntimeOptions, receipt::PublishReceipt};
use crate::{
    activity::Activity,
    bus::Bus,
    detached_mailboxes::{DetachedMailboxes, OpenedMailbox},
    directory::Directory,
    event::Envelope,
    mailbox::{Mailbox, StreamEnd},
    pending_calls::PendingCalls,
    pending_replies::PendingReplies,
    registry::Registry,
    stream_id::StreamId,
    tracer::Tracer,
};

/// The parts of a runtime.
#[derive(Debug)]
pub(crate) struct RuntimeInner {
    pub(super) bus: Bus,
    pub(super) directory: Arc<Directory>,
    pub(super) registry: Arc<Registry>,
    pub(super) activity: Activity,
    pub(super) calls: Arc<PendingCalls>,
    pub(super) replies: PendingReplies,
    pub(super) tracer: Tracer,
    detached: DetachedMailboxes,
    /// Mailboxes of subscriptions that belong to no agent.
    subscribers: Mutex<HashMap<StreamId, Arc<Mailbox>>>,
    /// The reason for the stop, once the runtime stops.
    stop_reason: OnceLock<String>,
}

impl RuntimeInner {
    pub(super) fn new(options: RuntimeOptions) -> Self {
        Self {
            bus: Bus::default(),
            directory: Arc::default(),
            registry: Arc::default(),
            activity: Activity::new(
                options.record_flow,
                options.event_recorder.clone(),
                Instant::now(),
            ),
            calls: Arc::default(),
            replies: PendingReplies::default(),
            tracer: Tracer::new(options.event_recorder),
            detached: DetachedMailboxes::default(),
            subscribers: Mutex::default(),
            stop_reason: OnceLock::new(),
        }
    }

    /// Publishes an event to all matching subscriptions.
    pub(super) fn publish(&self, mut envelope: Envelope) -> PublishReceipt {
        let parent = self.tracer.begin(&mut envelope);
        let envelope = Arc::new(envelope);
        // Recorded before it is queued: a stream on another thread may deliver it before `publish` returns.
        let number = self.activity.published(&envelope);
        let outcome = self.bus.publish(&envelope);
        self.activity.dropped(outcome.dropped);
        self.tracer.published(&envelope, parent);
        let trace = self.tracer.recorded(envelope.trace);
        PublishReceipt { number, delivered: outcome.queued, trace }
    }

    /// Opens a stream of an agent; see [`DetachedMailboxes::open`].
    pub(super) fn open_mailbox(&self, agent: &str) -> OpenedMailbox {
        self.detached.open(agent, &self.directory, &self.bus)
    }

    /// Gives a created agent without a stream a mailbox; see [`DetachedMailboxes::ensure`].
    pub(super) fn ensure_detached(&self, agent: &str) {
        self.detached.ensure(agent, &self.directory, &self.bus);
    }

    /// Deletes an agent; see [`DetachedMailboxes::delete`].
    pub(super) fn delete_agent(&self, agent: &str) -> Option<Vec<Arc<Mailbox>>> {
        self.detached.delete(agent, &self.directory, &self.bus)
    }

    /// The mailbox of a created agent that has no stream.
    pub(super) fn detached_mailbox(&self, agent: &str) -> Option<Arc<Mailbox>> {
        self.detached.find(agent)
    }

    /// Adds the mailbox of a subscription that belongs to no agent.
    pub(super) fn add_subscriber(&self, stream: StreamId, mailbox: &Arc<Mailbox>) {
        self.subscribers.locked().insert(stream, Arc::clone(mailbox));
    }

    /// Removes the mailbox of a subscription that belongs to no agent.
    pub(super) fn remove_subscriber(&self, stream: StreamId) -> Option<Arc<Mailbox>> {
        self.subscribers.locked().remove(&stream)
    }

    /// Stops the runtime: closes all streams, those that open later too. The first reason counts.
    pub(super) fn stop(&self, reason: &str) {
        _ = self.stop_reason.set(reason.to_owned());
        self.close_streams();
    }

    /// Closes all streams if the runtime stops. To be called after a stream was opened: a stop at the same time may not
    /// have seen it.
    pub(super) fn close_if_stopping(&self) {
        if self.stop_reason.get().is_some() {
            self.close_streams();
        }
    }

    fn close_streams(&self) {
        let reason = self.stop_reason.get().cloned().unwrap_or_default();
        let subscribers: Vec<_> = self.subscribers.locked().values().cloned().collect();
        for mailbox in self.directory.mailboxes().into_iter().chain(subscribers) {
            mailbox.close(StreamEnd::Unavailable(reason.clone()));
        }
    }
}
