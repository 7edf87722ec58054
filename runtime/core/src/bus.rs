//! The event bus: finds the subscriptions of a topic and queues the event in their mailboxes.

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
};

use loom_base::sync::{read, write};

use crate::{
    event::Envelope,
    filter::Filter,
    mailbox::Mailbox,
    outbound_queue::SubscriptionId,
    qos::Qos,
    stream_id::StreamId,
    topic::{TopicPattern, prefixes},
};

#[derive(Debug)]
struct BusSubscription {
    stream: StreamId,
    id: SubscriptionId,
    mailbox: Arc<Mailbox>,
    filter: Option<Filter>,
}

#[derive(Debug, Default)]
struct SubscriptionIndex {
    exact: HashMap<String, Vec<BusSubscription>>,
    /// By prefix, including the dot.
    prefix: HashMap<String, Vec<BusSubscription>>,
    count: usize,
}

/// The subscriptions of all streams. Publishing is synchronous and never waits for a reader, so every subscription
/// gets the events of one publisher in their order.
#[derive(Debug, Default)]
pub struct Bus {
    index: RwLock<SubscriptionIndex>,
}

/// The result of publishing one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PublishOutcome {
    /// The number of subscriptions that the event was queued for.
    pub queued: u64,
    /// The number of older events that were dropped for it.
    pub dropped: u64,
}

/// The number of subscriptions and of the events that wait for their readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SubscriptionLoad {
    /// The number of subscriptions.
    pub subscriptions: usize,
    /// The number of queued events.
    pub queued: usize,
}

impl Bus {
    /// Subscribes a stream to the events of `pattern` that `filter` matches. Subscribing twice delivers twice.
    pub fn subscribe(
        &self,
        stream: StreamId,
        pattern: &Arc<str>,
        qos: Qos,
        mailbox: &Arc<Mailbox>,
        filter: Option<Filter>,
    ) {
        let mut index = write(&self.index);
        let id = mailbox.subscribe(Arc::clone(pattern), qos.limits());
        let subscription = BusSubscription { stream, id, mailbox: Arc::clone(mailbox), filter };
        index.count += 1;
        let (map, key) = index.entry_of(pattern);
        map.entry(key.to_owned()).or_default().push(subscription);
    }

    /// Removes all subscriptions of a stream to these patterns.
    pub fn unsubscribe(&self, stream: StreamId, patterns: &[Arc<str>]) {
        let mut index = write(&self.index);
        for pattern in patterns {
            let (map, key) = index.entry_of(pattern);
            let Some(subscriptions) = map.get_mut(key) else { continue };
            let before = subscriptions.len();
            subscriptions.retain(|subscription| subscription.stream != stream);
            let removed = before - subscriptions.len();
            if subscriptions.is_empty() {
                map.remove(key);
            }
            index.count -= removed;
        }
    }

    /// Queues an event for every matching subscription.
    pub fn publish(&self, envelope: &Arc<Envelope>) -> PublishOutcome {
        let index = read(&self.index);
        let mut outcome = PublishOutcome::default();
        // Filtered before it is queued: an event that the subscription does not want must not drop one that it wants.
        let is_wanted = |subscription: &&BusSubscription| match &subscription.filter {
            Some(filter) => filter.matches(&envelope.event),
            None => true,
        };
        for subscription in index.matching(&envelope.topic).filter(is_wanted) {
            let dropped = subscription.mailbox.deliver(subscription.id, Arc::clone(envelope));
            outcome.queued += u64::from(dropped.is_some());
            outcome.dropped += dropped.unwrap_or(0);
        }
        outcome
    }

    /// The number of all subscriptions.
    pub fn subscriptions(&self) -> usize {
        read(&self.index).count
    }

    /// The load of a topic: of all subscriptions that an event on it would reach. The load of a pattern: of the
    /// subscriptions to exactly this pattern.
    pub fn load(&self, pattern: &str) -> SubscriptionLoad {
        let index = read(&self.index);
        match TopicPattern::parse(pattern) {
            TopicPattern::Exact(topic) => SubscriptionLoad::sum(index.matching(topic)),
            TopicPattern::Prefix(prefix) => {
                SubscriptionLoad::sum(index.prefix.get(prefix).into_iter().flatten())
            }
        }
    }

    /// The load of all subscriptions.
    pub fn total_load(&self) -> SubscriptionLoad {
        let index = read(&self.index);
        SubscriptionLoad::sum(index.exact.values().chain(index.prefix.values()).flatten())
    }
}

impl SubscriptionLoad {
    fn sum<'a>(subscriptions: impl Iterator<Item = &'a BusSubscription>) -> Self {
        let add = |sum: Self, subscription: &BusSubscription| Self {
            subscriptions: sum.subscriptions + 1,
            queued: sum.queued + subscription.mailbox.queued(subscription.id),
        };
        subscriptions.fold(Self::default(), add)
    }
}

impl SubscriptionIndex {
    /// The map that holds the subscriptions of a pattern, and their key in it.
    fn entry_of<'p>(
        &mut self,
        pattern: &'p str,
    ) -> (&mut HashMap<String, Vec<BusSubscription>>, &'p str) {
        match TopicPattern::parse(pattern) {
            TopicPattern::Exact(topic) => (&mut self.exact, topic),
            TopicPattern::Prefix(prefix) => (&mut self.prefix, prefix),
        }
    }

    fn matching<'a>(&'a self, topic: &'a str) -> impl Iterator<Item = &'a BusSubscription> {
        let exact = self.exact.get(topic);
        let prefix = prefixes(topic).filter_map(|prefix| self.prefix.get(prefix));
        exact.into_iter().chain(prefix).flatten()
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll};

    use super::*;
    use crate::{event::Event, mailbox::Outgoing, outbound_queue::QueueItem};

    fn envelope(topic: &str, id: &str) -> Arc<Envelope> {
        let event = Event { id: id.to_owned(), ..Event::default() };
        Arc::new(Envelope::new(topic.to_owned(), "a", event))
    }

    fn drain(mailbox: &Mailbox) -> Vec<String> {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let mut messages = Vec::new();
        while let Poll::Ready(Ok(message)) = mailbox.poll_next(&mut cx) {
            messages.push(match message {
                Outgoing::Event(QueueItem::Delivery { pattern, envelope, .. }) => {
                    format!("{pattern}={}", envelope.event.id)
                }
                Outgoing::Event(QueueItem::Dropped { pattern, count }) => {
                    format!("{pattern}-{count}")
                }
                other => format!("{other:?}"),
            });
        }
        messages
    }

    fn subscribe(bus: &Bus, stream: u64, patterns: &[&str]) -> (Arc<Mailbox>, Vec<Arc<str>>) {
        let mailbox = Arc::new(Mailbox::default());
        let patterns: Vec<Arc<str>> = patterns.iter().map(|&p| p.into()).collect();
        for pattern in &patterns {
            bus.subscribe(StreamId(stream), pattern, Qos::Batched, &mailbox, None);
        }
        (mailbox, patterns)
    }

    #[test]
    fn each_matching_subscription_delivers_separately() {
        let bus = Bus::default();
        let (mailbox, _) = subscribe(&bus, 1, &["a.b", "a.b", "a.*", "a.b.*", "*"]);
        assert_eq!(bus.publish(&envelope("a.b", "1")), PublishOutcome { queued: 3, dropped: 0 });
        assert_eq!(drain(&mailbox), ["a.b=1", "a.b=1", "a.*=1"]);
    }

    #[test]
    fn unsubscribing_affects_one_stream_only() {
        let bus = Bus::default();
        let (old, patterns) = subscribe(&bus, 1, &["a", "a", "p.*"]);
        let (new, _) = subscribe(&bus, 2, &["a", "p.*"]);
        bus.unsubscribe(StreamId(1), &patterns);
        assert_eq!(bus.subscriptions(), 2);
        bus.publish(&envelope("a", "1"));
        bus.publish(&envelope("p.x", "2"));
        assert_eq!(drain(&old), Vec::<String>::new());
        assert_eq!(drain(&new), ["a=1", "p.*=2"]);
    }

    #[test]
    fn a_slow_reader_loses_the_oldest_events_and_blocks_no_publisher() {
        let bus = Bus::default();
        let (slow, _) = subscribe(&bus, 1, &["a"]);
        let publish = |n: u64| bus.publish(&envelope("a", &n.to_string())).dropped;
        let dropped: u64 = (0..2050).map(publish).sum();
        assert_eq!(dropped, 2);
        let messages = drain(&slow);
        assert_eq!(messages.len(), 2049);
        assert_eq!(messages[..2], ["a-2", "a=2"]);
        assert_eq!(messages[2048], "a=2049");
    }

    #[test]
    fn filtered_events_do_not_drop_queued_ones() {
        let bus = Bus::default();
        let mailbox = Arc::new(Mailbox::default());
        let filter = Filter { kinds: vec!["k".to_owned()], ..Filter::default() };
        bus.subscribe(StreamId(1), &"a".into(), Qos::Realtime, &mailbox, Some(filter));
        let wanted = Event { id: "1".to_owned(), kind: "k".to_owned(), ..Event::default() };
        bus.publish(&Arc::new(Envelope::new("a".to_owned(), "x", wanted)));
        for _ in 0..1000 {
            assert_eq!(bus.publish(&envelope("a", "other")), PublishOutcome::default());
        }
        assert_eq!(bus.load("a"), SubscriptionLoad { subscriptions: 1, queued: 1 });
        assert_eq!(drain(&mailbox), ["a=1"]);
    }

    #[test]
    fn the_load_of_a_topic_counts_what_an_event_would_reach() {
        let bus = Bus::default();
        subscribe(&bus, 1, &["p.x", "p.*", "p.*", "q"]);
        bus.publish(&envelope("p.x", "1"));
        let load = |pattern| {
            let SubscriptionLoad { subscriptions, queued } = bus.load(pattern);
            (subscriptions, queued)
        };
        assert_eq!(
            ["p.x", "p.y", "p.*", "q", "none"].map(load),
            [(3, 3), (2, 2), (2, 2), (1, 0), (0, 0)]
        );
        assert_eq!(bus.total_load(), SubscriptionLoad { subscriptions: 4, queued: 3 });
    }
}
