//! `loom runs replay`: what came in goes in again.

use std::{fs, time::Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{DashboardStage, until};

/// A file of an exported run with these payloads.
fn exported(stage: &DashboardStage, events: &[Value]) -> String {
    let run = json!({
        "schema": 1, "run": "4bf92f3577b34da6a3ce929d0e0e4736",
        "started_at": "2026-11-27T03:00:00Z", "events": events,
    });
    let file = stage.stage.sandbox.write("run.json", &run.to_string());
    file.to_str().unwrap().to_owned()
}

fn event(topic: &str, payload: &str, gap_ms: f64) -> Value {
    json!({ "topic": topic, "type": "quote", "metadata": {"desk": "7"}, "payload": payload, "gap_ms": gap_ms })
}

#[test]
fn an_exported_run_is_published_again_in_a_run_of_its_own() {
    let mut stage = DashboardStage::new();
    // With a token, several requests share one login.
    stage.stage.sandbox.set("LOOM_BRIDGE_TOKEN", "s3cret-t0ken");
    stage.up();
    let payload = r#"{"ask": 7.0,  "b": []}"#;
    let original = stage.json(&["publish", "price", payload, "--metadata", "desk=7"]);
    let id = original["run"].as_str().unwrap();
    stage.events("price", 1);
    let export = ["runs", "export", &id[..12], "-o", "kept.json"];
    until("the run is kept", || stage.loom(&export).exit() == 0);
    // A device gets the bytes, and stays one.
    stage.loom(&["runs", "export", &id[..12], "-o", "/dev/null"]).ok();
    let null = std::fs::metadata("/dev/null").unwrap().file_type();
    assert!(std::os::unix::fs::FileTypeExt::is_char_device(&null));

    let replayed = stage.json(&["runs", "replay", "kept.json"]);
    assert_eq!((&replayed["replay_of"], &replayed["published"]), (&json!(id), &json!(1)));
    assert_ne!(replayed["run"], json!(id));
    let events = stage.events("price", 2);
    assert_eq!(
        (&events[1]["run"], &events[1]["payload_preview"]),
        (&replayed["run"], &json!(payload))
    );
    assert_eq!(events[1]["metadata"]["desk"], "7");
    let shown = stage.loom(&["runs", "show", replayed["run"].as_str().unwrap()]).ok().stdout();
    assert!(shown.contains(&format!("replay of  {id}")), "{shown}");

    stage.loom(&["runs", "replay", "kept.json", "--to", "test.price"]).ok();
    assert_eq!(stage.events("test.price", 1)[0]["type"], "event");
}

#[test]
fn gaps_are_kept_or_made_shorter() {
    let stage = DashboardStage::new();
    stage.up();
    let file = exported(
        &stage,
        &[event("a", "1", 0.0), event("b", "2", 60_000.0), event("a", "3", 1000.0)],
    );
    let begin = Instant::now();
    let run = stage.loom(&["runs", "replay", &file, "--speed", "50"]).ok();
    let took = begin.elapsed().as_secs_f64();
    assert!(took >= 1.22, "{took}");
    assert!(run.stdout().starts_with("published 3 events as run "), "{}", run.stdout());
    let ids: Vec<Value> = stage.events("a", 2).iter().map(|e| e["run"].clone()).collect();
    assert_eq!(ids[0], ids[1], "all are one run");
    for speed in ["0", "-1", "fast", "inf"] {
        let flag = format!("--speed={speed}");
        stage.loom(&["runs", "replay", &file, &flag]).code(2).says(&["expected a number from"]);
    }
}

#[test]
fn what_was_not_kept_is_refused_before_anything_is_published() {
    let stage = DashboardStage::new();
    stage.up();
    let whole = event("price", "1", 0.0);
    for (second, words) in [
        (json!({ "topic": "order", "gap_ms": 0.0 }), "event 2 on order has no payload"),
        (event("order", r#"{"api_key": "***"}"#, 0.0), "were redacted: api_key"),
        (json!({ "topic": "order", "payload": "x", "is_cut": true }), "only the beginning"),
    ] {
        let file = exported(&stage, &[whole.clone(), second]);
        let run = stage.loom(&["runs", "replay", &file]).code(1);
        run.says(&["could not replay", words, "nothing was published"]);
    }
    fs::write(stage.stage.sandbox.project().join("other.json"), "[]").unwrap();
    stage.loom(&["runs", "replay", "other.json"]).code(2).says(&["loom runs export"]);
    stage.loom(&["runs", "replay", "none.json"]).code(1).says(&["none.json"]);
    stage.loom(&["publish", "price", "2"]).ok();
    assert_eq!(stage.events("price", 1).len(), 1, "only the last one was published");
    stage.loom(&["down"]).ok();
    let file = exported(&stage, &[whole]);
    stage.loom(&["runs", "replay", &file]).code(1).says(&["no runtime", "loom up"]);
}

#[test]
fn an_interrupted_replay_says_how_many_events_were_published() {
    let stage = DashboardStage::new();
    stage.up();
    let file = exported(&stage, &[event("a", "1", 0.0), event("a", "2", 3_600_000.0)]);
    let running = stage.stage.sandbox.spawn(&["runs", "replay", &file]);
    stage.events("a", 1);
    running.signal(Signal::INT);
    running.wait().code(130).says(&["interrupted: 1 of 2 events were published"]);
}
