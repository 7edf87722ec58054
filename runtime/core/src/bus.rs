//! From a topic to the mailboxes that want it.

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
};

use crate::{
    backlog::SubscriptionId,
    directory::StreamId,
    event::Envelope,
    filter::Filter,
    lock::{read, write},
    mailbox::Mailbox,
    qos::Qos,
    topic::{Pattern, prefixes},
};

#[derive(Debug)]
struct Subscription {
    stream: StreamId,
    lane: SubscriptionId,
    mailbox: Arc<Mailbox>,
    filter: Option<Filter>,
}

#[derive(Debug, Default)]
struct Index {
    exact: HashMap<String, Vec<Subscription>>,
    /// Keyed by the prefix, dot included.
    under: HashMap<String, Vec<Subscription>>,
    count: usize,
}

/// Who wants what. Publishing is synchronous and never waits, so the order of one publisher's events is kept in
/// every subscription.
#[derive(Debug, Default)]
pub struct Bus {
    index: RwLock<Index>,
}

/// What became of a published event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PublishOutcome {
    /// Subscriptions that it was queued for.
    pub queued: u64,
    /// Older events that gave way to it.
    pub lost: u64,
}

/// What is subscribed to, and how far its readers are behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Demand {
    /// Subscriptions.
    pub subscriptions: usize,
    /// Deliveries that wait for their readers.
    pub waiting: usize,
}

impl Bus {
    /// Subscribes a stream, to what the filter takes. The same pattern twice delivers twice.
    pub fn subscribe(
        &self,
        stream: StreamId,
        pattern: &Arc<str>,
        qos: Qos,
        mailbox: &Arc<Mailbox>,
        filter: Option<Filter>,
    ) {
        let mut index = write(&self.index);
        let lane = mailbox.subscribe(Arc::clone(pattern), qos.limits());
        let subscription = Subscription { stream, lane, mailbox: Arc::clone(mailbox), filter };
        index.count += 1;
        let (map, key) = index.place(pattern);
        map.entry(key.to_owned()).or_default().push(subscription);
    }

    /// Takes back what a stream subscribed to.
    pub fn unsubscribe(&self, stream: StreamId, patterns: &[Arc<str>]) {
        let mut index = write(&self.index);
        for pattern in patterns {
            let (map, key) = index.place(pattern);
            let Some(subscriptions) = map.get_mut(key) else { continue };
            let before = subscriptions.len();
            subscriptions.retain(|subscription| subscription.stream != stream);
            let gone = before - subscriptions.len();
            if subscriptions.is_empty() {
                map.remove(key);
            }
            index.count -= gone;
        }
    }

    /// Queues an event for every subscription that matches.
    pub fn publish(&self, envelope: &Arc<Envelope>) -> PublishOutcome {
        let index = read(&self.index);
        let mut published = PublishOutcome::default();
        let wanted = |subscription: &&Subscription| match &subscription.filter {
            Some(filter) => filter.takes(&envelope.event),
            None => true,
        };
        for subscription in index.matching(&envelope.topic).filter(wanted) {
            let queued = subscription.mailbox.deliver(subscription.lane, Arc::clone(envelope));
            published.queued += u64::from(queued.is_some());
            published.lost += queued.unwrap_or(0);
        }
        published
    }

    /// How many subscriptions there are.
    pub fn subscriptions(&self) -> usize {
        read(&self.index).count
    }

    /// The subscriptions that an event on this topic would reach; of a pattern, the subscriptions to just that.
    pub fn demand(&self, pattern: &str) -> Demand {
        let index = read(&self.index);
        match Pattern::parse(pattern) {
            Pattern::Exact(topic) => Demand::of(index.matching(topic)),
            Pattern::Under(prefix) => Demand::of(index.under.get(prefix).into_iter().flatten()),
        }
    }

    /// All subscriptions.
    pub fn total_demand(&self) -> Demand {
        let index = read(&self.index);
        Demand::of(index.exact.values().chain(index.under.values()).flatten())
    }
}

impl Demand {
    fn of<'a>(subscriptions: impl Iterator<Item = &'a Subscription>) -> Self {
        let add = |sum: Self, one: &Subscription| Self {
            subscriptions: sum.subscriptions + 1,
            waiting: sum.waiting + one.mailbox.waiting(one.lane),
        };
        subscriptions.fold(Self::default(), add)
    }
}

impl Index {
    fn place<'p>(
        &mut self,
        pattern: &'p str,
    ) -> (&mut HashMap<String, Vec<Subscription>>, &'p str) {
        match Pattern::parse(pattern) {
            Pattern::Exact(topic) => (&mut self.exact, topic),
            Pattern::Under(prefix) => (&mut self.under, prefix),
        }
    }

    fn matching<'a>(&'a self, topic: &'a str) -> impl Iterator<Item = &'a Subscription> {
        let exact = self.exact.get(topic);
        let under = prefixes(topic).filter_map(|prefix| self.under.get(prefix));
        exact.into_iter().chain(under).flatten()
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll};

    use super::*;
    use crate::{backlog::QueueItem, event::Event, mailbox::Outgoing};

    fn event(topic: &str, id: &str) -> Arc<Envelope> {
        let event = Event { id: id.to_owned(), ..Event::default() };
        Arc::new(Envelope::new(topic.to_owned(), "a", event))
    }

    fn taken(mailbox: &Mailbox) -> Vec<String> {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let mut all = Vec::new();
        while let Poll::Ready(Ok(said)) = mailbox.poll(&mut cx) {
            all.push(match said {
                Outgoing::Event(QueueItem::Delivery { pattern, envelope }) => {
                    format!("{pattern}={}", envelope.event.id)
                }
                Outgoing::Event(QueueItem::Lost { pattern, count }) => format!("{pattern}-{count}"),
                other => format!("{other:?}"),
            });
        }
        all
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
        assert_eq!(bus.publish(&event("a.b", "1")), PublishOutcome { queued: 3, lost: 0 });
        assert_eq!(taken(&mailbox), ["a.b=1", "a.b=1", "a.*=1"]);
    }

    #[test]
    fn a_stream_takes_back_its_own_subscriptions_only() {
        let bus = Bus::default();
        let (old, patterns) = subscribe(&bus, 1, &["a", "a", "p.*"]);
        let (new, _) = subscribe(&bus, 2, &["a", "p.*"]);
        bus.unsubscribe(StreamId(1), &patterns);
        assert_eq!(bus.subscriptions(), 2);
        bus.publish(&event("a", "1"));
        bus.publish(&event("p.x", "2"));
        assert_eq!(taken(&old), Vec::<String>::new());
        assert_eq!(taken(&new), ["a=1", "p.*=2"]);
    }

    #[test]
    fn a_reader_that_sleeps_loses_the_oldest_and_stops_nobody() {
        let bus = Bus::default();
        let (slow, _) = subscribe(&bus, 1, &["a"]);
        let lost: u64 = (0..2050).map(|n| bus.publish(&event("a", &n.to_string())).lost).sum();
        assert_eq!(lost, 2);
        let taken = taken(&slow);
        assert_eq!(taken.len(), 2049);
        assert_eq!(taken[..2], ["a-2", "a=2"]);
        assert_eq!(taken[2048], "a=2049");
    }

    #[test]
    fn a_filter_keeps_events_out_before_they_push_out_others() {
        let (bus, mailbox) = (Bus::default(), Arc::new(Mailbox::default()));
        let filter = Filter { kinds: vec!["k".to_owned()], ..Filter::default() };
        bus.subscribe(StreamId(1), &"a".into(), Qos::Realtime, &mailbox, Some(filter));
        let wanted = Event { id: "1".to_owned(), kind: "k".to_owned(), ..Event::default() };
        bus.publish(&Arc::new(Envelope::new("a".to_owned(), "x", wanted)));
        for _ in 0..1000 {
            assert_eq!(bus.publish(&event("a", "other")), PublishOutcome::default());
        }
        assert_eq!(bus.demand("a"), Demand { subscriptions: 1, waiting: 1 });
        assert_eq!(taken(&mailbox), ["a=1"]);
    }

    #[test]
    fn demand_is_what_an_event_would_reach() {
        let bus = Bus::default();
        subscribe(&bus, 1, &["p.x", "p.*", "p.*", "q"]);
        bus.publish(&event("p.x", "1"));
        let demand = |pattern| {
            let Demand { subscriptions, waiting } = bus.demand(pattern);
            (subscriptions, waiting)
        };
        assert_eq!(
            ["p.x", "p.y", "p.*", "q", "none"].map(demand),
            [(3, 3), (2, 2), (2, 2), (1, 0), (0, 0)]
        );
        assert_eq!(bus.total_demand(), Demand { subscriptions: 4, waiting: 3 });
    }
}
