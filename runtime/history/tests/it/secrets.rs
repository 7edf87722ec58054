//! Bodies of secret runs, and values of secret keys, are in no file.

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use loom_history::{
    BodyKind, EventQuery, EventRow, History, LogRow, RunId, RunQuery, SpanLink, SpanRow,
};

use crate::fixture::{body, failed, file, found, published, recent, settings, span};

/// The files of the folder that contain a text, in any case: the index holds words in lower case.
fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let needle = text.to_lowercase();
    let mut with = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let content = fs::read(&path).unwrap().to_ascii_lowercase();
        if content.windows(needle.len()).any(|window| window == needle.as_bytes()) {
            with.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    with
}

/// A body with a word that occurs nowhere else, among words that fill pages of the index.
fn secret_body(word: &str, n: u64) -> Vec<u8> {
    let filler: Vec<String> =
        (0..200).map(|i| format!("w{}", (i * 7_919 + n * 104_729) % 100_003)).collect();
    format!("{{\"text\":\"{word} {}\"}}", filler.join(" ")).into_bytes()
}

#[test]
fn a_late_mark_erases_what_was_written_within_a_second() {
    let (folder, path) = file();
    let history = History::open(settings(&path)).unwrap();
    let sender = history.sender();
    // Rows of other runs before, between and after, so that pages are shared and split.
    for n in 1..=150 {
        let trace_id = if n % 5 == 0 { 7 } else { 100 + u128::from(n) };
        let word = if trace_id == 7 { format!("Zyxhunter{n}secret") } else { format!("plain{n}") };
        let kind = if n % 2 == 0 { BodyKind::Input } else { BodyKind::OutputMessages };
        let bodies = vec![body(kind, secret_body(&word, n))];
        let attributes = vec![("card".into(), word.clone()), ("server".into(), "s".to_owned())];
        sender.span_closed(SpanRow { bodies, attributes, ..failed(trace_id, n, &word) });
        let payload = Bytes::from(format!("{word} in a payload"));
        sender.event(EventRow { payload, ..published(trace_id, n, "t") });
        if n % 40 == 0 {
            history.flush().unwrap();
        }
    }
    history.flush().unwrap();
    assert!(!files_with(folder.path(), "zyxhunter").is_empty(), "the test finds what is there");
    let text = |text: &str| RunQuery { text: Some(text.to_owned()), ..RunQuery::default() };
    assert_eq!(found(&history, &text("zyxhunter50secret")), [7]);
    sender.mark_secret(7);
    let marked = Instant::now();
    while !files_with(folder.path(), "zyxhunter").is_empty() {
        assert!(
            marked.elapsed() < Duration::from_secs(1),
            "{:?}",
            files_with(folder.path(), "zyxhunter")
        );
        thread::sleep(Duration::from_millis(10));
    }
    // What comes later has no bodies either, and other runs keep theirs.
    let bodies = vec![body(BodyKind::Input, secret_body("Zyxhunter999secret", 1))];
    sender.span_closed(SpanRow { bodies, ..failed(7, 999, "Zyxhunter999secret") });
    let payload = Bytes::from_static(b"Zyxhunter999secret");
    sender.event(EventRow { payload, ..published(7, 999, "t") });
    assert_eq!(found(&history, &text("zyxhunter")), []);
    assert_eq!(found(&history, &text("plain51")), [151]);
    assert_eq!(found(&history, &RunQuery { limit: 500, ..text("plain") }).len(), 120);
    let detail = history.reader().run(RunId(7)).unwrap().unwrap();
    assert!(detail.run.is_secret && detail.spans.len() == 31);
    assert_eq!(detail.run.error.as_deref(), Some("error (secret run)"));
    let of_first = &detail.spans[0];
    assert_eq!(of_first.error_message.as_deref(), Some("error (secret run)"));
    assert_eq!(of_first.attributes.len(), 1, "of an attribute without content: {of_first:?}");
    assert!(detail.spans.iter().all(|span| span.bodies.is_empty()));
    let events =
        history.reader().events(&EventQuery { run: Some(RunId(7)), ..EventQuery::default() });
    assert!(events.unwrap().events.iter().all(|event| event.payload_preview.is_empty()));
    drop(history);
    assert_eq!(files_with(folder.path(), "zyxhunter"), [""; 0]);
    // A run that ended long ago, or in an earlier process, is erased as well.
    let history = History::open(settings(&path)).unwrap();
    history.sender().mark_secret(151);
    history.flush().unwrap();
    assert_eq!(files_with(folder.path(), "plain51\""), [""; 0]);
    assert_eq!(files_with(folder.path(), "plain51 "), [""; 0]);
}

#[test]
fn a_run_that_is_secret_from_its_beginning_leaves_nothing() {
    let (folder, path) = file();
    let history = History::open(settings(&path)).unwrap();
    let sender = history.sender();
    let bodies = || vec![body(BodyKind::Input, "zyxhunter2")];
    sender.span_closed(SpanRow { bodies: bodies(), is_secret: true, ..span(1, 1) });
    sender.span_closed(SpanRow { bodies: bodies(), ..span(1, 2) });
    sender.mark_secret(2);
    sender.span_closed(SpanRow { bodies: bodies(), ..span(2, 1) });
    history.flush().unwrap();
    assert_eq!(files_with(folder.path(), "zyxhunter"), [""; 0]);
    assert_eq!(found(&history, &RunQuery::default()), [2, 1]);
}

#[test]
fn values_of_secret_keys_are_in_no_file() {
    let (folder, path) = file();
    let history = History::open(settings(&path)).unwrap();
    let sender = history.sender();
    let json = r#"{"a":[{"API-Key":"zyxhunter2"}],"args":"{\"password\":\"zyxhunter3\"}"}"#;
    sender.span_closed(SpanRow {
        attributes: vec![
            ("http.request.header.cookie".into(), "zyxhunter4".to_owned()),
            ("json".into(), json.to_owned()),
        ],
        bodies: vec![body(BodyKind::Input, json)],
        ..span(1, 1)
    });
    sender.event(EventRow {
        metadata: vec![("Authorization".to_owned(), "Bearer zyxhunter5".to_owned())],
        payload: Bytes::from_static(json.as_bytes()),
        ..published(1, 1, "t")
    });
    let span = Some(SpanLink { trace_id: 1, span_id: 1 });
    let (level, target) = ("info".into(), "t".into());
    sender.log(LogRow { at: recent(), span, level, target, message: "hello".to_owned() });
    history.flush().unwrap();
    assert_eq!(files_with(folder.path(), "zyxhunter"), [""; 0]);
    let text = RunQuery { text: Some("password".to_owned()), ..RunQuery::default() };
    assert_eq!(found(&history, &text), [1], "the keys are there");
}
