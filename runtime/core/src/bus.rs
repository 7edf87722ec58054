//! From a topic to the mailboxes that want it.

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
};

use crate::{
    backlog::Lane,
    directory::StreamId,
    event::Envelope,
    lock::{read, write},
    mailbox::Mailbox,
    qos::Qos,
    topic::{Pattern, prefixes},
};

#[derive(Debug)]
struct Subscription {
    stream: StreamId,
    lane: Lane,
    mailbox: Arc<Mailbox>,
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
pub struct Published {
    /// Subscriptions that it was queued for.
    pub queued: u64,
    /// Older events that gave way to it.
    pub lost: u64,
}

impl Bus {
    /// Subscribes a stream. The same pattern twice delivers twice.
    pub fn subscribe(
        &self,
        stream: StreamId,
        pattern: &Arc<str>,
        qos: Qos,
        mailbox: &Arc<Mailbox>,
    ) {
        let mut index = write(&self.index);
        let lane = mailbox.subscribe(Arc::clone(pattern), qos.limits());
        let subscription = Subscription { stream, lane, mailbox: Arc::clone(mailbox) };
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
    pub fn publish(&self, envelope: &Arc<Envelope>) -> Published {
        let index = read(&self.index);
        let mut published = Published::default();
        for subscription in index.matching(&envelope.topic) {
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
    use crate::{backlog::Item, event::Event, mailbox::Outgoing};

    fn event(topic: &str, id: &str) -> Arc<Envelope> {
        let event = Event { id: id.to_owned(), ..Event::default() };
        Arc::new(Envelope::new(topic.to_owned(), "a", event))
    }

    fn taken(mailbox: &Mailbox) -> Vec<String> {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let mut all = Vec::new();
        while let Poll::Ready(Ok(said)) = mailbox.poll(&mut cx) {
            all.push(match said {
                Outgoing::Event(Item::Delivery { pattern, envelope }) => {
                    format!("{pattern}={}", envelope.event.id)
                }
                Outgoing::Event(Item::Lost { pattern, count }) => format!("{pattern}-{count}"),
                other => format!("{other:?}"),
            });
        }
        all
    }

    fn subscribe(bus: &Bus, stream: u64, patterns: &[&str]) -> (Arc<Mailbox>, Vec<Arc<str>>) {
        let mailbox = Arc::new(Mailbox::default());
        let patterns: Vec<Arc<str>> = patterns.iter().map(|&p| p.into()).collect();
        for pattern in &patterns {
            bus.subscribe(StreamId(stream), pattern, Qos::Batched, &mailbox);
        }
        (mailbox, patterns)
    }

    #[test]
    fn each_matching_subscription_delivers_separately() {
        let bus = Bus::default();
        let (mailbox, _) = subscribe(&bus, 1, &["a.b", "a.b", "a.*", "a.b.*", "*"]);
        assert_eq!(bus.publish(&event("a.b", "1")), Published { queued: 3, lost: 0 });
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
}
