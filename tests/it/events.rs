//! `loom events` and `loom publish`: what happens in the runtime, and what is published from a shell.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{DashboardStage, Sandbox, until};

#[test]
fn without_a_runtime_the_error_says_how_to_start_one() {
    let stage = DashboardStage::new();
    stage.loom(&["publish", "price", "{}"]).code(1).says(&["no runtime", "loom up"]);
    stage.loom(&["events", "-f"]).code(1).says(&["no runtime", "loom up"]);
    stage.loom(&["events"]).code(3).says(&["no history of runs yet", "loom up"]);
    stage.loom(&["publish", "price", "seven"]).code(2).says(&["is not JSON", "double quotes"]);
    stage.loom(&["publish", "price", "1", "--metadata", "k"]).code(2).says(&["KEY=VALUE"]);
}

#[test]
fn what_is_published_is_among_the_events_also_when_nothing_runs() {
    let stage = DashboardStage::new();
    stage.up();
    let entry = ["--type", "quote", "--metadata", "desk=7"];
    let args = [&["publish", "price.oil", r#"{"ask": 7}"#][..], &entry].concat();
    let published = stage.json(&args);
    assert_eq!((&published["topic"], &published["delivered"]), (&json!("price.oil"), &json!(0)));
    let run = published["run"].as_str().unwrap();
    let text = stage.loom(&["publish", "price.gas", "1"]).ok().stdout();
    assert!(text.starts_with("published on price.gas to 0 subscriptions as run "), "{text}");
    stage.loom(&["publish", "order", r#"{"content": "for nobody"}"#, "--secret"]).ok();

    let events = stage.events("price.*", 2);
    assert_eq!(events.iter().map(topic).collect::<Vec<_>>(), ["price.oil", "price.gas"]);
    assert_eq!(events[0]["event_id"], published["id"]);
    assert_eq!((&events[0]["type"], &events[0]["run"]), (&json!("quote"), &json!(run)));
    assert_eq!(events[0]["metadata"], json!({"desk": "7"}));
    let secret = stage.events("order", 1);
    assert!(!json!(secret).to_string().contains("nobody"), "{secret:?}");
    let line = stage.loom(&["events", "--topic", "price.oil"]).ok().stdout();
    assert!(line.contains(r#"published     price.oil  {"ask": 7}"#), "{line}");
    assert_eq!(
        stage.json(&["events", "--topic", "price.*", "-n", "1"])["events"][0]["topic"],
        "price.gas"
    );
    let none = stage.loom(&["events", "--agent", "nobody", "--since", "1h"]).ok();
    assert_eq!(none.says(&["no event matches"]).stdout(), "");

    stage.loom(&["down"]).ok();
    assert_eq!(stage.events("price.*", 2).len(), 2, "the file answers");
    stage.loom(&["events", "--follow"]).code(1).says(&["no runtime"]);
}

#[test]
fn the_dashboard_names_the_project_of_the_runtime() {
    let mut stage = DashboardStage::new();
    stage.up();
    let folder = stage.stage.sandbox.project().file_name().unwrap().to_str().unwrap().to_owned();
    assert_eq!(stage.get("/api/runtime")["project"], folder);
    stage.loom(&["down"]).ok();
    stage.stage.sandbox.set("LOOM_PROJECT", "shop");
    stage.up();
    assert_eq!(stage.get("/api/runtime")["project"], "shop");
}

#[test]
fn a_follower_shows_events_also_of_the_next_runtime() {
    let stage = DashboardStage::new();
    stage.up();
    stage.loom(&["publish", "price", "0"]).ok();
    stage.events("price", 1);
    let out = stage.stage.sandbox.root().join("followed");
    let mut command = stage.stage.sandbox.command("sh");
    let follow = "exec \"$0\" events -f --topic price --since 1h --json > \"$1\"";
    command.args(["-c", follow]).arg(Sandbox::program()).arg(&out);
    let mut follower = stage.stage.sandbox.start(&["events"], command);
    let lines = || std::fs::read_to_string(&out).unwrap_or_default();
    let are_shown = |count| until("the events are shown", || lines().lines().count() == count);
    let publish = |payload: &str| stage.loom(&["publish", "price", payload]).ok();
    until("it follows", || stage.observers() == 1);
    are_shown(1);
    publish("1");
    stage.loom(&["publish", "other", "9"]).ok();
    are_shown(2);
    stage.loom(&["down"]).ok();
    stage.up();
    publish("2");
    are_shown(3);
    assert!(!follower.ended());
    follower.signal(Signal::INT);
    let run = follower.wait();
    let lines = lines();
    let events: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let payloads: Vec<_> = events.iter().map(|e| e["payload_preview"].as_str().unwrap()).collect();
    assert_eq!(payloads, ["0", "1", "2"], "{lines}");
    run.says(&["the runtime is gone", "connected again"]);
}

fn topic(event: &Value) -> &str {
    event["topic"].as_str().unwrap()
}
