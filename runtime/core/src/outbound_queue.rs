//! The deliveries that wait for one stream: in order of arrival, bounded per subscription.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use crate::{
    event::Envelope, limits::MAX_STREAM_BYTES, qos::QueueLimits, queue_budget::BudgetShare,
    trace_context::TraceContext,
};

/// The id of a subscription within one [`OutboundQueue`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SubscriptionId(usize);

/// What a queue returns to its reader.
#[derive(Debug, Clone, PartialEq)]
pub enum QueueItem {
    /// An event of a subscription.
    Delivery {
        /// The subscribed pattern.
        pattern: Arc<str>,
        /// The event.
        envelope: Arc<Envelope>,
        /// The span of the delivery, once a stream takes the event.
        trace: Option<TraceContext>,
    },
    /// Events of a subscription were dropped since the reader last got one of its events.
    Dropped {
        /// The subscribed pattern.
        pattern: Arc<str>,
        /// The number of dropped events.
        count: u64,
    },
}

#[derive(Debug)]
struct SubscriptionQueue {
    pattern: Arc<str>,
    limits: QueueLimits,
    /// The sequence numbers of the queued events, oldest first.
    queued: VecDeque<u64>,
    bytes: usize,
    dropped: u64,
}

/// The queue of one stream.
///
/// It keeps one order over all subscriptions of the stream, so that a reader of two topics gets the events of one
/// publisher as they were published. Each subscription has limits of its own, so that a busy topic cannot drop the
/// events of a quiet one, until the events of all subscriptions together exceed the limit of a stream.
#[derive(Debug, Default)]
pub struct OutboundQueue {
    /// Indexed by [`SubscriptionId`].
    subscriptions: Vec<SubscriptionQueue>,
    /// By sequence number.
    events: BTreeMap<u64, (SubscriptionId, Arc<Envelope>)>,
    next_sequence: u64,
    /// The size of all queued events.
    bytes: usize,
    /// Counts the events against a limit that this queue shares with others.
    share: Option<BudgetShare>,
}

impl OutboundQueue {
    /// An empty queue whose events count against a shared limit.
    pub fn with_share(share: BudgetShare) -> Self {
        Self { share: Some(share), ..Self::default() }
    }

    /// From now on only the limit of a stream applies.
    pub fn end_share(&mut self) {
        self.share = None;
    }

    /// Adds a subscription.
    pub fn add_subscription(&mut self, pattern: Arc<str>, limits: QueueLimits) -> SubscriptionId {
        let id = SubscriptionId(self.subscriptions.len());
        let queued = VecDeque::new();
        self.subscriptions.push(SubscriptionQueue {
            pattern,
            limits,
            queued,
            bytes: 0,
            dropped: 0,
        });
        id
    }

    /// Queues an event. Returns how many events were dropped for it: the oldest ones of the same subscription, then of
    /// the stream, and last the event itself, if a shared limit leaves no room.
    pub fn push(&mut self, subscription: SubscriptionId, envelope: Arc<Envelope>) -> u64 {
        let size = envelope.size;
        let mut dropped = 0;
        while let Some(oldest) = self.to_drop(subscription, size) {
            self.drop_event(oldest);
            dropped += 1;
        }
        let Some(queue) = self.subscriptions.get_mut(subscription.0) else { return dropped };
        if self.share.as_ref().is_some_and(|share| share.is_full_for(size)) {
            queue.dropped += 1;
            return dropped + 1;
        }
        self.bytes += size;
        if let Some(share) = &mut self.share {
            share.take(size);
        }
        queue.bytes += size;
        queue.queued.push_back(self.next_sequence);
        self.events.insert(self.next_sequence, (subscription, envelope));
        self.next_sequence += 1;
        dropped
    }

    /// The next item for the reader: the oldest event, preceded by the number of dropped events of its subscription if
    /// there are any.
    pub fn pop(&mut self) -> Option<QueueItem> {
        let (&sequence, &(subscription, _)) = self.events.first_key_value()?;
        let queue = self.subscriptions.get_mut(subscription.0)?;
        let pattern = Arc::clone(&queue.pattern);
        if queue.dropped > 0 {
            let count = std::mem::take(&mut queue.dropped);
            return Some(QueueItem::Dropped { pattern, count });
        }
        let envelope = self.remove(sequence)?;
        Some(QueueItem::Delivery { pattern, envelope, trace: None })
    }

    /// The event to drop so that one of `size` bytes fits.
    fn to_drop(&self, subscription: SubscriptionId, size: usize) -> Option<u64> {
        let queue = self.subscriptions.get(subscription.0)?;
        let is_full = self.bytes + size > MAX_STREAM_BYTES
            || self.share.as_ref().is_some_and(|share| share.is_full_for(size));
        let oldest = || self.events.first_key_value().map(|(sequence, _)| *sequence);
        if queue.is_full_for(size) {
            queue.queued.front().copied()
        } else if is_full {
            queue.queued.front().copied().or_else(oldest)
        } else {
            None
        }
    }

    fn drop_event(&mut self, sequence: u64) {
        let subscription = self.events.get(&sequence).map(|(subscription, _)| *subscription);
        self.remove(sequence);
        if let Some(queue) = subscription.and_then(|id| self.subscriptions.get_mut(id.0)) {
            queue.dropped += 1;
        }
    }

    /// Removes an event that is the oldest one of its subscription.
    fn remove(&mut self, sequence: u64) -> Option<Arc<Envelope>> {
        let (subscription, envelope) = self.events.remove(&sequence)?;
        self.bytes -= envelope.size;
        if let Some(share) = &mut self.share {
            share.give_back(envelope.size);
        }
        if let Some(queue) = self.subscriptions.get_mut(subscription.0) {
            queue.queued.pop_front();
            queue.bytes -= envelope.size;
        }
        Some(envelope)
    }

    /// The number of queued events of one subscription.
    pub fn queued(&self, subscription: SubscriptionId) -> usize {
        self.subscriptions.get(subscription.0).map_or(0, |queue| queue.queued.len())
    }

    /// The number of queued events of all subscriptions.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether no event is queued.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Removes all events and subscriptions.
    pub fn clear(&mut self) {
        self.events.clear();
        self.subscriptions.clear();
        self.bytes = 0;
        self.share = None;
    }
}

impl SubscriptionQueue {
    fn is_full_for(&self, size: usize) -> bool {
        !self.queued.is_empty()
            && (self.queued.len() >= self.limits.events || self.bytes + size > self.limits.bytes)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{event::Event, queue_budget::QueueBudget};

    fn envelope(id: &str, size: usize) -> Arc<Envelope> {
        let payload = Bytes::from(vec![0; size.saturating_sub(id.len())]);
        let event = Event { id: id.to_owned(), payload, ..Event::default() };
        Arc::new(Envelope::new(String::new(), "a", event))
    }

    fn drain(queue: &mut OutboundQueue) -> Vec<String> {
        std::iter::from_fn(|| queue.pop())
            .map(|item| match item {
                QueueItem::Delivery { pattern, envelope, .. } => {
                    format!("{pattern}:{}", envelope.event.id)
                }
                QueueItem::Dropped { pattern, count } => format!("{pattern}:-{count}"),
            })
            .collect()
    }

    const WIDE: QueueLimits = QueueLimits { events: 100, bytes: 100 };

    #[test]
    fn one_order_over_all_subscriptions() {
        let mut queue = OutboundQueue::default();
        let a = queue.add_subscription("a".into(), WIDE);
        let b = queue.add_subscription("b".into(), WIDE);
        for (subscription, id) in [(a, "1"), (b, "2"), (a, "3"), (b, "4")] {
            assert_eq!(queue.push(subscription, envelope(id, 1)), 0);
        }
        assert_eq!(drain(&mut queue), ["a:1", "b:2", "a:3", "b:4"]);
        assert!(queue.is_empty());
    }

    #[test]
    fn a_full_subscription_drops_its_oldest_events_and_reports_them() {
        let mut queue = OutboundQueue::default();
        let limits = QueueLimits { events: 2, bytes: 100 };
        let busy = queue.add_subscription("busy".into(), limits);
        let quiet = queue.add_subscription("quiet".into(), WIDE);
        queue.push(quiet, envelope("q", 1));
        let dropped: u64 = (0..5).map(|n| queue.push(busy, envelope(&n.to_string(), 1))).sum();
        assert_eq!((dropped, queue.len()), (3, 3));
        assert_eq!(drain(&mut queue), ["quiet:q", "busy:-3", "busy:3", "busy:4"]);
    }

    #[test]
    fn a_stream_is_limited_over_all_its_subscriptions() {
        let mut queue = OutboundQueue::default();
        let limits = QueueLimits { events: 100, bytes: MAX_STREAM_BYTES };
        let quiet = queue.add_subscription("quiet".into(), limits);
        let busy = queue.add_subscription("busy".into(), limits);
        let half = MAX_STREAM_BYTES / 2;
        queue.push(quiet, envelope("q", half));
        assert_eq!(queue.push(busy, envelope("1", half)), 0);
        assert_eq!(queue.push(busy, envelope("2", half)), 1, "its own events are dropped first");
        assert_eq!(queue.push(busy, envelope("3", MAX_STREAM_BYTES)), 2);
        assert_eq!(drain(&mut queue), ["busy:-2", "busy:3"]);
        queue.push(quiet, envelope("q", 1));
        assert_eq!(drain(&mut queue), ["quiet:-1", "quiet:q"]);
    }

    #[test]
    fn a_shared_limit_may_leave_no_room() {
        let budget = Arc::new(QueueBudget::new(10));
        let [mut one, mut two] = [(); 2].map(|()| OutboundQueue::with_share(budget.share()));
        let [a, b] = [&mut one, &mut two].map(|queue| queue.add_subscription("s".into(), WIDE));
        assert_eq!(one.push(a, envelope("1", 8)), 0);
        assert_eq!(two.push(b, envelope("2", 8)), 1, "the other queue has it all");
        assert_eq!(one.push(a, envelope("3", 8)), 1);
        assert_eq!(drain(&mut one), ["s:-1", "s:3"]);
        assert_eq!((budget.used(), two.push(b, envelope("4", 8))), (0, 0));
        two.end_share();
        assert_eq!(budget.used(), 0);
        assert_eq!(drain(&mut two), ["s:-1", "s:4"]);
    }

    #[test]
    fn bytes_are_limited_and_the_newest_event_is_always_queued() {
        let mut queue = OutboundQueue::default();
        let limits = QueueLimits { events: 100, bytes: 10 };
        let subscription = queue.add_subscription("l".into(), limits);
        assert_eq!(queue.push(subscription, envelope("1", 4)), 0);
        assert_eq!(queue.push(subscription, envelope("2", 4)), 0);
        assert_eq!(queue.push(subscription, envelope("3", 4)), 1);
        assert_eq!(queue.push(subscription, envelope("huge", 50)), 2);
        assert_eq!(drain(&mut queue), ["l:-3", "l:huge"]);
        assert_eq!(queue.push(subscription, envelope("4", 10)), 0);
    }
}
