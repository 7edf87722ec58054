//! Publishes events within the process, for counting what one costs.
//!
//! `local_publish HISTORY COUNT`: with `none`, nothing records events; with `left-out`, they are recorded, and the budget of
//! spans has none left; with `history`, all of them go to a history in memory.
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
    let sink = SpanSink { store: Arc::new(SpanStore::default()), export: None, history };
    Arc::new(EventSpans::new(sink, &budget))
}

fn main() {
    let mut arguments = env::args().skip(1);
    let (mode, count) = (arguments.next().unwrap(), arguments.next().unwrap());
    let history = (mode == "history").then(|| History::open(HistorySettings::memory()).unwrap());
    let event_recorder = match mode.as_str() {
        "none" => None,
        "left-out" => Some(recorder(0, None)),
        _ => Some(recorder(u32::MAX, history.as_ref())),
    };
    let event_recorder = event_recorder.map(|spans| spans as Arc<dyn loom_core::EventRecorder>);
    let runtime = Runtime::new(RuntimeOptions { record_flow: true, event_recorder });
    let mut subscription = runtime.subscribe("price", Qos::default(), Filter::default());
    for number in 0..count.parse().unwrap() {
        let event = Event { id: format!("e{number}"), payload: "x".into(), ..Event::default() };
        black_box(publish_once(&runtime, Envelope::new("price".to_owned(), "market", event)));
        black_box(subscription.next().now_or_never());
    }
}
