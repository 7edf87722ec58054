//! The number and rate of published events per topic.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Mutex,
    time::Instant,
};

use loom_base::LockExt as _;

use super::meter::Meter;
use crate::topic::TopicPattern;

/// The number of shards: publishers of different topics seldom wait for the same lock.
const SHARDS: usize = 16;
/// Topics kept per shard. When a shard is full, the half that was idle longest is removed.
const MAX_TOPICS: usize = 512;
/// The longest topic that is counted, in bytes: publishers choose topics freely and must not fill the memory with them.
const MAX_TOPIC_BYTES: usize = 1024;

#[derive(Debug)]
struct TopicCount {
    events: u64,
    meter: Meter,
    last: Instant,
}

type TopicShard = Mutex<HashMap<String, TopicCount>>;

/// Counts the events of at most 8192 topics, each of at most 1 KiB.
#[derive(Debug, Default)]
pub struct TopicCounts {
    shards: [TopicShard; SHARDS],
}

/// The events published to one topic, or to all topics that a pattern matches.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TopicTraffic {
    /// The number of events, since the topic is kept.
    pub events: u64,
    /// Events per second over the last ten seconds.
    pub per_second: f64,
}

impl TopicCounts {
    /// Counts one event.
    pub fn record(&self, topic: &str, now: Instant) {
        let mut counts = self.shard(topic).locked();
        if let Some(count) = counts.get_mut(topic) {
            return count.record(now);
        }
        if topic.len() > MAX_TOPIC_BYTES {
            return;
        }
        if counts.len() >= MAX_TOPICS {
            remove_idle_half(&mut counts);
        }
        let mut count = TopicCount { events: 0, meter: Meter::new(now), last: now };
        count.record(now);
        counts.insert(topic.to_owned(), count);
    }

    /// The traffic of a topic, or the sum over all topics that a pattern matches.
    pub fn traffic(&self, pattern: &str, now: Instant) -> TopicTraffic {
        match TopicPattern::parse(pattern) {
            TopicPattern::Exact(topic) => {
                let counts = self.shard(topic).locked();
                counts.get(topic).map(|count| count.traffic(now)).unwrap_or_default()
            }
            prefix @ TopicPattern::Prefix(_) => {
                let mut sum = TopicTraffic::default();
                for shard in &self.shards {
                    let counts = shard.locked();
                    for (_, count) in counts.iter().filter(|(topic, _)| prefix.matches(topic)) {
                        let traffic = count.traffic(now);
                        sum.events += traffic.events;
                        sum.per_second += traffic.per_second;
                    }
                }
                sum
            }
        }
    }

    fn shard(&self, topic: &str) -> &TopicShard {
        let mut hasher = DefaultHasher::new();
        topic.hash(&mut hasher);
        &self.shards[(hasher.finish() % SHARDS as u64) as usize]
    }
}

impl TopicCount {
    fn record(&mut self, now: Instant) {
        self.events += 1;
        self.meter.mark(now);
        self.last = now;
    }

    fn traffic(&self, now: Instant) -> TopicTraffic {
        TopicTraffic { events: self.events, per_second: self.meter.per_second(now) }
    }
}

fn remove_idle_half(counts: &mut HashMap<String, TopicCount>) {
    let mut ages: Vec<Instant> = counts.values().map(|count| count.last).collect();
    let middle = ages.len() / 2;
    let (_, &mut median, _) = ages.select_nth_unstable(middle);
    counts.retain(|_, count| count.last > median);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_traffic_of_a_pattern_is_a_sum() {
        let counts = TopicCounts::default();
        let now = Instant::now();
        for topic in ["p.a", "p.a", "p.b.c", "p", "q.a"] {
            counts.record(topic, now);
        }
        let events = |pattern| counts.traffic(pattern, now).events;
        assert_eq!(["p.a", "p.*", "p", "p.b", "*"].map(events), [2, 3, 1, 0, 0]);
        assert_eq!(counts.traffic("p.*", now).per_second, 3.0);
    }

    #[test]
    fn a_very_long_topic_is_not_counted() {
        let counts = TopicCounts::default();
        let now = Instant::now();
        for (length, events) in [(MAX_TOPIC_BYTES, 1), (MAX_TOPIC_BYTES + 1, 0)] {
            let topic = "x".repeat(length);
            counts.record(&topic, now);
            assert_eq!(counts.traffic(&topic, now).events, events);
        }
    }

    #[test]
    fn the_topics_that_were_idle_longest_are_removed() {
        let counts = TopicCounts::default();
        let start = Instant::now();
        let at = |n: usize| start + Duration::from_micros(n as u64);
        let many = 3 * SHARDS * MAX_TOPICS;
        (0..many).for_each(|n| counts.record(&n.to_string(), at(n)));
        let kept: usize = counts.shards.iter().map(|shard| shard.locked().len()).sum();
        let most = SHARDS * MAX_TOPICS;
        assert!((most / 4..=most).contains(&kept), "{kept}");
        assert_eq!(counts.traffic("0", at(many)).events, 0);
        assert_eq!(counts.traffic(&(many - 1).to_string(), at(many)).events, 1);
    }
}
