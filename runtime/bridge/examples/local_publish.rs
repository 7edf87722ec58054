//! Publishes events within the process, for counting what one costs.
//!
//! `local_publish BUDGET HISTORY COUNT`: as many spans of events are recorded in a second as the budget says, and go to a
//! history in memory (`history`) or to none (`none`).
#![allow(clippy::unwrap_used)] // a program for tests

use std::{env, hint::black_box, sync::Arc, time::Instant};

use futures::{FutureExt as _, StreamExt as _};
use loom_bridge::{
    runs::RunRecorder,
    spans::{EventSpans, SpanBudget, SpanSink, SpanStore},
};
use loom_core::{Envelope, Event, Filter, Qos, Runtime, RuntimeOptions};
use loom_history::{History, HistorySettings};

/// What is counted.
#[inline(never)]
fn publish_once(runtime: &Runtime, envelope: Envelope) -> u64 {
    runtime.publish(envelope)
}

fn recorder(limit: u32, history: Option<&History>) -> Arc<EventSpans> {
    let budget = Arc::new(SpanBudget::new(limit, Instant::now()));
    let history = history.map(|history| RunRecorder::new(history.sender()));
    let sink =
        SpanSink { store: Arc::new(SpanStore::default()), export: None, history, content: true };
    Arc::new(EventSpans::new(sink, &budget))
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [budget, history, count] = &arguments[..] else { panic!("BUDGET HISTORY COUNT") };
    let history = (history == "history").then(|| History::open(HistorySettings::memory()).unwrap());
    let event_recorder = recorder(budget.parse().unwrap(), history.as_ref());
    let options = RuntimeOptions { record_flow: true, event_recorder: Some(event_recorder) };
    let runtime = Runtime::new(options);
    let mut subscription = runtime.subscribe("price", Qos::default(), Filter::default());
    for number in 0..count.parse().unwrap() {
        let event = Event { id: format!("e{number}"), payload: "x".into(), ..Event::default() };
        black_box(publish_once(&runtime, Envelope::new("price".to_owned(), "market", event)));
        black_box(subscription.next().now_or_never());
    }
}
