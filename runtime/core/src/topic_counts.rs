//! How much is published, topic by topic.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Mutex,
    time::Instant,
};

use crate::{lock::lock, meter::Meter, topic::Pattern};

/// Publishers of different topics seldom meet.
const SHARDS: usize = 16;
/// Topics remembered per shard; when it is full the half that was silent longest is forgotten.
const TOPICS: usize = 512;

#[derive(Debug)]
struct Count {
    events: u64,
    meter: Meter,
    last: Instant,
}

type Shard = Mutex<HashMap<String, Count>>;

/// Longer topics, in bytes, are not counted: nobody shall fill our memory with them.
const LONGEST: usize = 1024;

/// Counts of the topics that were lately published to; at most 8192 of them, none longer than a KiB.
#[derive(Debug, Default)]
pub struct TopicCounts {
    shards: [Shard; SHARDS],
}

/// What was published.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Traffic {
    /// Events, as long as the topic is remembered.
    pub events: u64,
    /// Events per second, lately.
    pub per_second: f64,
}

impl TopicCounts {
    /// Notes an event.
    pub fn note(&self, topic: &str, now: Instant) {
        let mut counts = lock(self.shard(topic));
        if let Some(count) = counts.get_mut(topic) {
            return count.note(now);
        }
        if topic.len() > LONGEST {
            return;
        }
        if counts.len() >= TOPICS {
            forget_half(&mut counts);
        }
        let mut count = Count { events: 0, meter: Meter::new(now), last: now };
        count.note(now);
        counts.insert(topic.to_owned(), count);
    }

    /// What was published to a topic, or to all that a pattern means.
    pub fn of(&self, pattern: &str, now: Instant) -> Traffic {
        match Pattern::parse(pattern) {
            Pattern::Exact(topic) => {
                let counts = lock(self.shard(topic));
                counts.get(topic).map(|count| count.traffic(now)).unwrap_or_default()
            }
            under @ Pattern::Under(_) => {
                let mut sum = Traffic::default();
                for shard in &self.shards {
                    let counts = lock(shard);
                    for (_, count) in counts.iter().filter(|(topic, _)| under.matches(topic)) {
                        let traffic = count.traffic(now);
                        sum.events += traffic.events;
                        sum.per_second += traffic.per_second;
                    }
                }
                sum
            }
        }
    }

    fn shard(&self, topic: &str) -> &Shard {
        let mut hasher = DefaultHasher::new();
        topic.hash(&mut hasher);
        &self.shards[(hasher.finish() % SHARDS as u64) as usize]
    }
}

impl Count {
    fn note(&mut self, now: Instant) {
        self.events += 1;
        self.meter.mark(now);
        self.last = now;
    }

    fn traffic(&self, now: Instant) -> Traffic {
        Traffic { events: self.events, per_second: self.meter.per_second(now) }
    }
}

fn forget_half(counts: &mut HashMap<String, Count>) {
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
    fn a_pattern_sums_what_it_means() {
        let (counts, now) = (TopicCounts::default(), Instant::now());
        for topic in ["p.a", "p.a", "p.b.c", "p", "q.a"] {
            counts.note(topic, now);
        }
        let events = |pattern| counts.of(pattern, now).events;
        assert_eq!(["p.a", "p.*", "p", "p.b", "*"].map(events), [2, 3, 1, 0, 0]);
        assert_eq!(counts.of("p.*", now).per_second, 3.0);
    }

    #[test]
    fn a_very_long_topic_is_not_remembered() {
        let (counts, now) = (TopicCounts::default(), Instant::now());
        for (length, remembered) in [(LONGEST, 1), (LONGEST + 1, 0)] {
            let topic = "x".repeat(length);
            counts.note(&topic, now);
            assert_eq!(counts.of(&topic, now).events, remembered);
        }
    }

    #[test]
    fn the_longest_silent_are_forgotten() {
        let (counts, start) = (TopicCounts::default(), Instant::now());
        let at = |n: usize| start + Duration::from_micros(n as u64);
        let many = 3 * SHARDS * TOPICS;
        (0..many).for_each(|n| counts.note(&n.to_string(), at(n)));
        let known: usize = counts.shards.iter().map(|shard| lock(shard).len()).sum();
        let most = SHARDS * TOPICS;
        assert!((most / 4..=most).contains(&known), "{known}");
        assert_eq!(counts.of("0", at(many)).events, 0);
        assert_eq!(counts.of(&(many - 1).to_string(), at(many)).events, 1);
    }
}
