//! Whether it is healthy: error rates, latencies, the latest errors.

use std::time::Duration;

use loom_history::{History, HistoryRange, HistorySettings, LatencySummary, SpanOutcome, SpanRow};

use crate::fixture::{recent, span};

#[test]
fn a_range_has_rates_latencies_and_errors() {
    let settings = HistorySettings { rows_per_second: 10_000, ..HistorySettings::memory() };
    let history = History::open(settings).unwrap();
    let hour = 3_600_000_000_000;
    for n in 1..=100_u64 {
        let is_old = n > 90;
        history.sender().span_closed(SpanRow {
            tool: Some("search".to_owned()),
            agent: Some(if n % 3 == 0 { "seller" } else { "buyer" }.to_owned()),
            duration: Duration::from_millis(n),
            outcome: if n % 20 == 0 { SpanOutcome::Error } else { SpanOutcome::Ok },
            error: (n % 20 == 0).then(|| format!("error {n}")),
            start: recent() - if is_old { 2 * hour } else { 0 },
            ..span(u128::from(n), n)
        });
    }
    history.sender().span_closed(SpanRow {
        model: Some("model-1".to_owned()),
        agent: Some("buyer".to_owned()),
        input_tokens: Some(3),
        output_tokens: Some(4),
        duration: Duration::from_millis(5),
        ..span(1, 200)
    });
    let absurd = (Some(i64::MAX as u64), Some(1_000_000_000_001));
    history.sender().span_closed(SpanRow {
        input_tokens: absurd.0,
        output_tokens: absurd.1,
        ..span(1, 201)
    });
    history.flush().unwrap();
    let now = recent() + 10_000_000_000;
    let overview =
        history.reader().overview(HistoryRange { since: now - hour, until: now }).unwrap();
    let search = LatencySummary {
        name: "search".to_owned(),
        calls: 90,
        errors: 4,
        p50_ms: 45.0,
        p95_ms: 86.0,
        max_ms: 90.0,
        tokens: 0,
    };
    assert_eq!(overview.tools, [search]);
    let model = LatencySummary {
        name: "model-1".to_owned(),
        calls: 1,
        errors: 0,
        p50_ms: 5.0,
        p95_ms: 5.0,
        max_ms: 5.0,
        tokens: 7,
    };
    assert_eq!(overview.models, [model]);
    let agents = overview.agents.iter().map(|of| (&*of.name, of.calls, of.errors, of.tokens));
    assert_eq!(agents.collect::<Vec<_>>(), [("buyer", 61, 3, 7), ("seller", 30, 1, 0)]);
    let errors: Vec<_> = overview.errors.iter().map(|span| span.error.clone().unwrap()).collect();
    assert_eq!(errors, ["error 80", "error 60", "error 40", "error 20"]);
    assert_eq!((overview.total.spans, overview.total.errors, overview.total.runs), (102, 5, 100));
    assert_eq!((overview.total.input_tokens, overview.total.output_tokens), (3, 4));
    let nothing = history.reader().overview(HistoryRange { since: 0, until: hour }).unwrap();
    assert_eq!(nothing, Default::default());
}
