//! The user removes runs: one, old ones, all.

use std::{fs, time::Duration};

use loom_history::{BodyKind, EventKind, EventRow, History, RunId, RunQuery, SpanRow};

use crate::fixture::{body, file, found, published, recent, settings, span};

#[test]
fn a_removed_run_leaves_nothing_behind() {
    let (folder, path) = file();
    let history = History::open(settings(&path)).unwrap();
    let sender = history.sender();
    for trace_id in 1..=3 {
        let agent = Some(format!("zyxagent{trace_id}"));
        let bodies = vec![body(BodyKind::Input, format!("zyxbody{trace_id}"))];
        sender.span_closed(SpanRow { agent, bodies, ..span(trace_id, 1) });
        sender.event(published(trace_id, 1, &format!("zyxtopic{trace_id}")));
    }
    history.flush().unwrap();
    assert_eq!(
        (history.remove(RunId(2)).unwrap(), history.remove(RunId(2)).unwrap()),
        (true, false)
    );
    assert_eq!(found(&history, &RunQuery::default()), [3, 1]);
    let counts = history.reader().counts().unwrap();
    assert_eq!((counts.runs, counts.spans, counts.bodies, counts.events), (2, 2, 2, 2));
    let files =
        fs::read_dir(folder.path()).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    let all = files.collect::<Vec<_>>().concat();
    for word in ["zyxagent", "zyxbody", "zyxtopic"] {
        let holds = |n| all.windows(word.len() + 1).any(|w| w == format!("{word}{n}").as_bytes());
        assert_eq!([holds(1), holds(2), holds(3)], [true, false, true], "{word}");
    }
    // A row that comes later begins it anew.
    sender.span_closed(span(2, 2));
    assert_eq!(found(&history, &RunQuery::default()), [2, 3, 1]);
}

#[test]
fn what_is_older_is_removed_with_its_events() {
    let (_folder, path) = file();
    let hour = 3_600_000_000_000;
    let write = |ages: &[i64]| {
        let history = History::open(settings(&path)).unwrap();
        for (trace_id, age) in (1..).zip(ages) {
            let start = recent() - age * hour;
            history.sender().span_closed(SpanRow { start, ..span(trace_id, 1) });
            history
                .sender()
                .event(EventRow { at: start, ..EventRow::new(EventKind::Registered, start) });
        }
    };
    write(&[50, 30, 20, 1]);
    let history = History::open(settings(&path)).unwrap();
    assert_eq!(history.remove_older_than(Duration::from_secs(25 * 3_600)).unwrap(), 2);
    assert_eq!(found(&history, &RunQuery::default()), [4, 3]);
    assert_eq!(history.reader().counts().unwrap().events, 2);
    assert_eq!(history.remove_older_than(Duration::from_secs(25 * 3_600)).unwrap(), 0);
    history.clear().unwrap();
    let counts = history.reader().counts().unwrap();
    assert_eq!((counts.runs, counts.spans, counts.events, counts.oldest_ms), (0, 0, 0, None));
    assert!(fs::metadata(&path).unwrap().len() < 200_000, "its room is given back");
    history.sender().span_closed(span(9, 1));
    assert_eq!(found(&history, &RunQuery::default()), [9]);
}
