//! Runs are found by everything that a query can say.

use std::time::Duration;

use loom_history::{
    BodyKind, EventQuery, History, HistorySettings, RunId, RunQuery, RunStatus, SpanRow,
};

use crate::fixture::{body, failed, found, published, recent, runs, span};

fn history() -> History {
    let history = History::open(HistorySettings::memory()).unwrap();
    let sender = history.sender();
    let some = |text: &str| Some(text.to_owned());
    sender.span_closed(SpanRow {
        agent: some("analyst"),
        topic: some("market.price.BTC"),
        duration: Duration::from_secs(5),
        ..span(0xabcd << 112 | 1, 1)
    });
    sender.span_closed(SpanRow {
        agent: some("trader"),
        tool: some("order"),
        error: some("50% refused"),
        bodies: vec![body(BodyKind::Input, r#"{"note":"Buy Äpfel now","text":"市场数据更新"}"#)],
        ..failed(2, 1, "")
    });
    sender.span_closed(SpanRow { agent: some("analyst"), ..span(2, 2) });
    sender.span_closed(SpanRow {
        agent: some("critic"),
        model: some("model-1"),
        conversation: some("thread-9"),
        start: recent() - 3_600_000_000_000,
        bodies: vec![body(BodyKind::Output, "an apple a day")],
        ..span(3, 1)
    });
    history
}

#[test]
fn each_condition_selects_and_all_of_them_apply() {
    const FIRST: u128 = 0xabcd << 112 | 1;
    let history = history();
    let query = RunQuery::default;
    let some = |text: &str| Some(text.to_owned());
    let hour_ago = recent() - 1_800_000_000_000;
    let table: Vec<(RunQuery, &[u128])> = vec![
        (query(), &[3, 2, FIRST]),
        (RunQuery { agent: some("analyst"), ..query() }, &[2, FIRST]),
        (RunQuery { agent: some("ana*"), ..query() }, &[2, FIRST]),
        (RunQuery { agent: some("nobody"), ..query() }, &[]),
        (RunQuery { agent: some("analyst"), tool: some("order"), ..query() }, &[2]),
        (RunQuery { topic: some("market.price.*"), ..query() }, &[FIRST]),
        (RunQuery { topic: some("market.price"), ..query() }, &[]),
        (RunQuery { tool: some("order"), ..query() }, &[2]),
        (RunQuery { model: some("model-1"), ..query() }, &[3]),
        (RunQuery { conversation: some("thread-9"), ..query() }, &[3]),
        (RunQuery { status: Some(RunStatus::Running), ..query() }, &[3, 2, FIRST]),
        (RunQuery { status: Some(RunStatus::Failed), ..query() }, &[2]),
        (RunQuery { status: Some(RunStatus::Ok), ..query() }, &[]),
        (RunQuery { since: Some(hour_ago), ..query() }, &[2, FIRST]),
        (RunQuery { until: Some(hour_ago), ..query() }, &[3]),
        (RunQuery { min_duration: Some(Duration::from_secs(1)), ..query() }, &[FIRST]),
        (RunQuery { max_duration: Some(Duration::from_millis(1)), ..query() }, &[3]),
        // Text: words, beginnings of words, characters of scripts without spaces, ids, names, errors.
        (RunQuery { text: some("apfel"), ..query() }, &[2]),
        (RunQuery { text: some("APP"), ..query() }, &[3]),
        (RunQuery { text: some("buy now"), ..query() }, &[2]),
        (RunQuery { text: some("buy apple"), ..query() }, &[]),
        (RunQuery { text: some("数据"), ..query() }, &[2]),
        (RunQuery { text: some("据数"), ..query() }, &[]),
        (RunQuery { text: some("ABCD"), ..query() }, &[FIRST]),
        (RunQuery { text: some("crit"), ..query() }, &[3]),
        (RunQuery { text: some("0% ref"), ..query() }, &[2]),
        (RunQuery { text: some("_% ref"), ..query() }, &[]),
        (RunQuery { text: some("\" OR *"), ..query() }, &[]),
        (RunQuery { text: some("apfel"), agent: some("critic"), ..query() }, &[]),
        (RunQuery { text: some("  "), ..query() }, &[3, 2, FIRST]),
    ];
    for (query, expected) in table {
        assert_eq!(found(&history, &query), expected, "{query:?}");
    }
}

#[test]
fn pages_stay_as_they_were_while_new_runs_arrive() {
    let history = History::open(HistorySettings::memory()).unwrap();
    let text = |n: u128| SpanRow {
        agent: Some("a".to_owned()),
        bodies: vec![body(BodyKind::Input, "word"), body(BodyKind::Output, "word")],
        ..span(n, 1)
    };
    (1..=7).for_each(|n| history.sender().span_closed(text(n)));
    for query in [
        RunQuery { limit: 3, ..RunQuery::default() },
        RunQuery { limit: 3, agent: Some("a".to_owned()), ..RunQuery::default() },
        RunQuery { limit: 3, text: Some("word".to_owned()), ..RunQuery::default() },
    ] {
        history.flush().unwrap();
        let mut query = query;
        let newest = found(&history, &RunQuery { limit: 1, ..RunQuery::default() })[0];
        let mut all = Vec::new();
        let mut pages = 0;
        loop {
            let page = history.reader().runs(&query).unwrap();
            all.extend(page.runs.iter().map(|run| run.id.0));
            pages += 1;
            history.sender().span_closed(text(100 * newest + pages));
            history.flush().unwrap();
            query.cursor = page.next;
            if page.next.is_none() {
                break;
            }
        }
        let expected: Vec<u128> = {
            let every = RunQuery { limit: 500, ..RunQuery::default() };
            let every = found(&history, &every);
            every.into_iter().skip_while(|id| *id != newest).collect()
        };
        assert_eq!(all, expected, "{query:?}");
    }
}

#[test]
fn a_page_has_a_limit() {
    let history = History::open(HistorySettings::memory()).unwrap();
    for n in 1..=600 {
        history.sender().span_closed(span(n, 1));
    }
    for (limit, expected) in [(0, 50), (1, 1), (500, 500), (9_999, 500)] {
        assert_eq!(runs(&history, &RunQuery { limit, ..RunQuery::default() }).len(), expected);
    }
}

#[test]
fn an_event_names_the_agents_that_received_it() {
    let history = History::open(HistorySettings::memory()).unwrap();
    for (trace, agents) in [(1_u128, &["b", "c", "b"][..]), (2, &[]), (3, &["d"])] {
        history.sender().span_closed(span(trace, 1));
        history.sender().event(published(trace, 1, "price"));
        for (n, agent) in agents.iter().enumerate() {
            history.sender().span_closed(SpanRow {
                name: "event.deliver".into(),
                parent: Some(1),
                agent: Some((*agent).to_owned()),
                ..span(trace, 10 + n as u64)
            });
        }
    }
    history.flush().unwrap();
    let page = history.reader().events(&EventQuery::default()).unwrap();
    let of =
        |trace: u128| page.events.iter().find(|event| event.run == Some(RunId(trace))).unwrap();
    assert_eq!(of(1).receivers, ["b", "c"]);
    assert_eq!(of(2).receivers, Vec::<String>::new());
    assert_eq!(of(3).receivers, ["d"]);
}

#[test]
fn registrations_are_listed_where_they_are_asked_for_and_found_by_their_ids() {
    let history = History::open(HistorySettings::memory()).unwrap();
    let name = || "agent.register".into();
    history.sender().span_closed(SpanRow { name: name(), ..span(0xaaaa << 112, 1) });
    history.sender().span_closed(SpanRow { name: name(), ..failed(2, 1, "refused") });
    history.sender().span_closed(SpanRow { name: name(), ..span(3, 1) });
    history.sender().span_closed(span(3, 2));
    let query = RunQuery::default;
    assert_eq!(found(&history, &query()), [3, 2], "what failed or went on is more than that");
    let all = RunQuery { registrations: true, ..query() };
    assert_eq!(found(&history, &all), [3, 2, 0xaaaa << 112]);
    let text = |text: &str| RunQuery { text: Some(text.to_owned()), ..query() };
    assert_eq!(found(&history, &text("aaaa")), [0xaaaa << 112]);
    assert!(history.reader().run(RunId(0xaaaa << 112)).unwrap().is_some());
}
