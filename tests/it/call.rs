//! `loom call`: tools from a shell.

use serde_json::json;

use crate::support::{DashboardStage, node, until};

#[test]
fn a_tool_answers_and_the_call_is_a_run() {
    let stage = DashboardStage::new();
    let server = node::folder().join("node_modules/.bin/mcp-server-everything");
    let toml = format!("[mcp.all]\ncommand = \"{}\"\n", server.display());
    stage.stage.sandbox.write("loom.toml", &toml);
    stage.loom(&["trust"]).ok();
    stage.up();
    let arguments = r#"{"message": "hello"}"#;
    until("the tool is offered", || stage.loom(&["call", "all:echo", arguments]).exit() == 0);
    let answer = stage.json(&["call", "all:echo", arguments, "--timeout", "20"]);
    assert_eq!((&answer["ok"], &answer["failure"]), (&json!(true), &json!(null)));
    assert!(answer["result"].to_string().contains("hello"), "{answer}");
    let file = stage.stage.sandbox.write("arguments.json", arguments);
    let text = stage.loom(&["call", "all:echo", &format!("@{}", file.display())]).ok().stdout();
    assert!(text.contains("hello"), "{text}");
    let run = answer["run"].as_str().unwrap();
    until("the run is kept", || stage.loom(&["runs", "show", run]).exit() == 0);
    let shown = stage.loom(&["runs", "show", run]).ok().stdout();
    for words in ["tool.call all:echo", r#"input: {"message":"hello"}"#] {
        assert!(shown.contains(words), "{shown}");
    }

    let unknown = stage.loom(&["call", "Echo"]).code(3);
    unknown.says(&["no agent or server offers a tool \"Echo\"", "did you mean all:echo"]);
}

#[test]
fn a_tool_that_fails_is_a_failure_of_the_command() {
    let mut stage = DashboardStage::new();
    stage.loom(&["call", "llm:generate"]).code(1).says(&["no runtime", "loom up"]);
    // With a token, each command logs in.
    stage.stage.sandbox.set("LOOM_BRIDGE_TOKEN", "s3cret-t0ken");
    stage.up();
    let failed = stage.loom(&["call", "llm:generate", r#"{"prompt": "x"}"#]).code(1);
    failed.says(&["llm:generate failed: ", "loom runs show "]).never_says(&["s3cret-t0ken"]);
    let run = stage.loom(&["call", "llm:generate", "{}", "--json"]).code(1);
    let answer = run.json();
    assert_eq!((&answer["ok"], &answer["result"]), (&json!(false), &json!(null)));
    assert!(!answer["failure"].as_str().unwrap().is_empty());
    stage.loom(&["call", "llm:generate", "{"]).code(2).says(&["is not JSON"]);
    stage.loom(&["call", "llm:generate", "--timeout", "1h"]).code(2).says(&["at most 10m"]);
    stage.loom(&["call", "none"]).code(3).says(&["did you mean llm:generate?"]);
}
