//! What waits for one stream: deliveries in the order they came, bounded per subscription.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use crate::{event::Envelope, qos::QueueLimits};

/// A subscription within one backlog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SubscriptionId(usize);

/// What a backlog gives out.
#[derive(Debug, Clone, PartialEq)]
pub enum QueueItem {
    /// An event for a subscription.
    Delivery {
        /// The pattern subscribed to.
        pattern: Arc<str>,
        /// The event.
        envelope: Arc<Envelope>,
    },
    /// So many events of a subscription gave way since it was last served.
    Lost {
        /// The pattern subscribed to.
        pattern: Arc<str>,
        /// How many.
        count: u64,
    },
}

#[derive(Debug)]
struct Queue {
    pattern: Arc<str>,
    limits: QueueLimits,
    /// Sequence numbers of what waits, oldest first.
    waiting: VecDeque<u64>,
    bytes: usize,
    lost: u64,
}

/// One order over all subscriptions of a stream, so that a reader of two topics sees a publisher's events as they
/// were published; one bound for each, so that a busy topic cannot push out a quiet one.
#[derive(Debug, Default)]
pub struct OutboundQueue {
    /// By lane.
    queues: Vec<Queue>,
    order: BTreeMap<u64, (SubscriptionId, Arc<Envelope>)>,
    next_sequence: u64,
}

impl OutboundQueue {
    /// Adds a subscription.
    pub fn open(&mut self, pattern: Arc<str>, limits: QueueLimits) -> SubscriptionId {
        let lane = SubscriptionId(self.queues.len());
        self.queues.push(Queue { pattern, limits, waiting: VecDeque::new(), bytes: 0, lost: 0 });
        lane
    }

    /// Queues an event; answers how many older ones of the same subscription gave way.
    pub fn push(&mut self, lane: SubscriptionId, envelope: Arc<Envelope>) -> u64 {
        let Some(queue) = self.queues.get_mut(lane.0) else { return 0 };
        let size = envelope.size;
        let mut gone = 0;
        while queue.is_full_for(size) {
            let Some(oldest) = queue.waiting.pop_front() else { break };
            if let Some((_, envelope)) = self.order.remove(&oldest) {
                queue.bytes -= envelope.size;
            }
            gone += 1;
        }
        queue.lost += gone;
        queue.bytes += size;
        queue.waiting.push_back(self.next_sequence);
        self.order.insert(self.next_sequence, (lane, envelope));
        self.next_sequence += 1;
        gone
    }

    /// The next thing to say: the oldest event, preceded by the loss of its subscription if there was one.
    pub fn pop(&mut self) -> Option<QueueItem> {
        let (&sequence, &(lane, _)) = self.order.first_key_value()?;
        let queue = self.queues.get_mut(lane.0)?;
        let pattern = Arc::clone(&queue.pattern);
        if queue.lost > 0 {
            let count = std::mem::take(&mut queue.lost);
            return Some(QueueItem::Lost { pattern, count });
        }
        let (_, envelope) = self.order.remove(&sequence)?;
        queue.waiting.pop_front();
        queue.bytes -= envelope.size;
        Some(QueueItem::Delivery { pattern, envelope })
    }

    /// Events that wait for one subscription.
    pub fn waiting(&self, lane: SubscriptionId) -> usize {
        self.queues.get(lane.0).map_or(0, |queue| queue.waiting.len())
    }

    /// Events that wait.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Forgets everything that waits.
    pub fn clear(&mut self) {
        self.order.clear();
        self.queues.clear();
    }
}

impl Queue {
    fn is_full_for(&self, size: usize) -> bool {
        !self.waiting.is_empty()
            && (self.waiting.len() >= self.limits.events || self.bytes + size > self.limits.bytes)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::event::Event;

    fn envelope(id: &str, size: usize) -> Arc<Envelope> {
        let payload = Bytes::from(vec![0; size.saturating_sub(id.len())]);
        let event = Event { id: id.to_owned(), payload, ..Event::default() };
        Arc::new(Envelope::new(String::new(), "a", event))
    }

    fn said(backlog: &mut OutboundQueue) -> Vec<String> {
        std::iter::from_fn(|| backlog.pop())
            .map(|item| match item {
                QueueItem::Delivery { pattern, envelope } => {
                    format!("{pattern}:{}", envelope.event.id)
                }
                QueueItem::Lost { pattern, count } => format!("{pattern}:-{count}"),
            })
            .collect()
    }

    const WIDE: QueueLimits = QueueLimits { events: 100, bytes: 100 };

    #[test]
    fn one_order_over_all_subscriptions() {
        let mut backlog = OutboundQueue::default();
        let a = backlog.open("a".into(), WIDE);
        let b = backlog.open("b".into(), WIDE);
        for (lane, id) in [(a, "1"), (b, "2"), (a, "3"), (b, "4")] {
            assert_eq!(backlog.push(lane, envelope(id, 1)), 0);
        }
        assert_eq!(said(&mut backlog), ["a:1", "b:2", "a:3", "b:4"]);
        assert!(backlog.is_empty());
    }

    #[test]
    fn the_oldest_of_a_full_subscription_gives_way_and_is_told_in_its_place() {
        let mut backlog = OutboundQueue::default();
        let busy = backlog.open("busy".into(), QueueLimits { events: 2, bytes: 100 });
        let quiet = backlog.open("quiet".into(), WIDE);
        backlog.push(quiet, envelope("q", 1));
        let gone: u64 = (0..5).map(|n| backlog.push(busy, envelope(&n.to_string(), 1))).sum();
        assert_eq!((gone, backlog.len()), (3, 3));
        assert_eq!(said(&mut backlog), ["quiet:q", "busy:-3", "busy:3", "busy:4"]);
    }

    #[test]
    fn bytes_count_too_and_the_newest_always_fits() {
        let mut backlog = OutboundQueue::default();
        let lane = backlog.open("l".into(), QueueLimits { events: 100, bytes: 10 });
        assert_eq!(backlog.push(lane, envelope("1", 4)), 0);
        assert_eq!(backlog.push(lane, envelope("2", 4)), 0);
        assert_eq!(backlog.push(lane, envelope("3", 4)), 1);
        assert_eq!(backlog.push(lane, envelope("huge", 50)), 2);
        assert_eq!(said(&mut backlog), ["l:-3", "l:huge"]);
        assert_eq!(backlog.push(lane, envelope("4", 10)), 0);
    }
}
