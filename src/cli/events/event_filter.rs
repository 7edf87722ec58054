//! Which events are shown.

use std::time::SystemTime;

use loom_base::time::{epoch_millis, parse_rfc3339};
use serde_json::Value;
use url::form_urlencoded::Serializer;

use crate::cli::logs;

/// The events that are shown where no number is given.
const DEFAULT_LIMIT: u32 = 50;
/// The most events that are shown of the past.
const MAX_LIMIT: u32 = 1000;
/// The kind of an event that reached an agent: the one that was published is shown.
const DELIVERED: &str = "event_delivered";

/// Which events are shown.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct EventFilter {
    /// Show only events on this topic, or on those that begin so: 'price.*'
    #[arg(long, value_name = "TOPIC")]
    topic: Option<String>,
    /// Show only events of this agent
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,
    /// Show only events since a time: 10m, 2h, or 2026-11-27T03:00:00Z
    #[arg(long, value_name = "TIME", value_parser = logs::since)]
    since: Option<SystemTime>,
    /// The number of events to show: the latest ones [default: 50]
    #[arg(long, short = 'n', value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_LIMIT)))]
    limit: Option<u32>,
}

impl EventFilter {
    /// Whether events of the past are wanted where new ones are shown.
    pub(super) fn asks_for_past(&self) -> bool {
        self.since.is_some() || self.limit.is_some()
    }

    /// The same events since a time, as many as there may be.
    pub(super) fn since(self, time: SystemTime) -> Self {
        Self { since: Some(time), limit: Some(MAX_LIMIT), ..self }
    }

    /// The question about the past, up to a time.
    pub(super) fn path(&self, until: Option<SystemTime>) -> String {
        let mut query = Serializer::for_suffix("/api/events?".to_owned(), "/api/events?".len());
        let ms = |time: SystemTime| epoch_millis(time).max(0).to_string();
        for (name, value) in [
            ("topic", self.topic.clone()),
            ("agent", self.agent.clone()),
            ("since", self.since.map(ms)),
            ("until", until.map(ms)),
        ] {
            if let Some(value) = value {
                query.append_pair(name, &value);
            }
        }
        query.append_pair("limit", &self.limit.unwrap_or(DEFAULT_LIMIT).to_string()).finish()
    }

    /// Whether an event that just happened is shown, after those of the past up to a time.
    pub(super) fn matches(&self, event: &Value, after: Option<SystemTime>) -> bool {
        let text = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or_default();
        let is_on = |topic: &String| match topic.strip_suffix('*') {
            Some(prefix) => text("topic").starts_with(prefix),
            None => text("topic") == topic,
        };
        let at = parse_rfc3339(text("timestamp"));
        text("event_type") != DELIVERED
            && self.topic.as_ref().is_none_or(is_on)
            && self.agent.as_ref().is_none_or(|agent| text("sender") == agent)
            && after.is_none_or(|after| at.is_none_or(|at| epoch_millis(at) > epoch_millis(after)))
    }
}

/// The events of an answer, oldest first.
pub(super) fn events_of(answer: &Value) -> Vec<Value> {
    let mut events = answer.get("events").and_then(Value::as_array).cloned().unwrap_or_default();
    events.reverse();
    events
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use serde_json::json;

    use super::*;

    fn filter() -> EventFilter {
        EventFilter { topic: None, agent: None, since: None, limit: None }
    }

    #[test]
    fn the_past_is_asked_by_the_same_filter() {
        assert_eq!(filter().path(None), "/api/events?limit=50");
        let all = EventFilter {
            topic: Some("p.*".to_owned()),
            agent: Some("a b".to_owned()),
            since: Some(UNIX_EPOCH + Duration::from_millis(1500)),
            limit: Some(7),
        };
        let until = Some(UNIX_EPOCH + Duration::from_secs(2));
        let expected = "/api/events?topic=p.*&agent=a+b&since=1500&until=2000&limit=7";
        assert_eq!(all.path(until), expected);
        assert!(all.asks_for_past() && !filter().asks_for_past());
    }

    #[test]
    fn new_events_are_filtered_here() {
        let event = |kind: &str, topic: &str, sender: &str| json!({ "timestamp": "1970-01-01T00:00:02.000Z", "event_type": kind, "topic": topic, "sender": sender });
        let by_topic = |topic: &str| EventFilter { topic: Some(topic.to_owned()), ..filter() };
        let by_agent = EventFilter { agent: Some("a".to_owned()), ..filter() };
        let published = event("event_published", "p.x", "a");
        for (filter, event, expected) in [
            (filter(), &published, true),
            (filter(), &event("event_delivered", "p.x", "a"), false),
            (by_topic("p.*"), &published, true),
            (by_topic("p.x"), &published, true),
            (by_topic("p"), &published, false),
            (by_agent.clone(), &published, true),
            (by_agent, &event("event_published", "p.x", "b"), false),
        ] {
            assert_eq!(filter.matches(event, None), expected, "{filter:?} {event}");
        }
        let at = |ms| Some(UNIX_EPOCH + Duration::from_millis(ms));
        assert!(filter().matches(&published, at(1999)) && !filter().matches(&published, at(2000)));
    }
}
