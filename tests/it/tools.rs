//! `loom up` with `[llm.*]` and `[mcp.*]`: the runtime has the tools of loom.toml.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Stdio},
};

use crate::support::{Stage, bridge_call::call_tool, node, stage::until};
use serde_json::{Value, json};

/// A program of the node packages that the tests install.
fn node_program(name: &str) -> PathBuf {
    node::folder().join("node_modules/.bin").join(name)
}

/// A server with OpenAI's API that accepts one key; stopped when dropped.
struct LanguageModel(Child, String);

impl LanguageModel {
    fn start(stage: &Stage, key: &str, reply: &str) -> Self {
        let fixture = json!({"match": {"userMessage": "hello"}, "response": {"content": reply}});
        let file = stage.sandbox.root().join(format!("{reply}.json"));
        fs::write(&file, json!({"fixtures": [fixture]}).to_string()).unwrap();
        let mut command = stage.sandbox.command(node_program("llmock"));
        command.args(["-p", "0", "-f"]).arg(file).env("AIMOCK_API_KEYS", key);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let url = lines.find_map(|line| Some(line.split_once("listening on ")?.1.to_owned()));
        // Reads the rest, so that the process never blocks on a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self(child, url.expect("llmock listens"))
    }
}

impl Drop for LanguageModel {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn the_runtime_has_the_tools_that_loom_toml_configures() {
    let mut stage = Stage::new();
    let (one, two) = (
        LanguageModel::start(&stage, "sk-from-the-environment", "one"),
        LanguageModel::start(&stage, "sk-from-the-file", "two"),
    );
    let files = stage.sandbox.folder("files");
    fs::write(files.join("hello.txt"), "hello from a file\n").unwrap();
    let toml = format!(
        "[llm.zebra]\ntype = \"http\"\napi_base = \"{}\"\nmodel = \"mz\"\ntimeout_sec = 20\n\
         [llm.alpha]\napi_key = \"sk-from-the-file\"\napi_base = \"{}/v1\"\nmodel = \"ma\"\n\
         max_tokens = 77\ntemperature = 0.1\n\
         [mcp.filesystem]\ncommand = \"{}\"\nargs = [\"{}\"]\n\
         [mcp.all]\ncommand = \"{}\"\n[mcp.all.env]\nWANTED = \"${{GIVEN}}\"\n\
         [agents.planner]\nllm_provider = \"alpha\"\n",
        one.1,
        two.1,
        node_program("mcp-server-filesystem").display(),
        files.display(),
        node_program("mcp-server-everything").display(),
    );
    stage.sandbox.write("loom.toml", &toml);
    stage.sandbox.set("ZEBRA_API_KEY", "sk-from-the-environment").set("GIVEN", "given");
    stage.run("up", &["--detach"]).code(2).says(&["loom trust"]);
    stage.sandbox.loom(&["trust"]).ok();
    let document = stage.up();
    let address = &document["bridge"]["address"];

    let hello = json!({"prompt": "hello"});
    let first = call_tool(address, "unconfigured", "llm:generate", &hello);
    assert_eq!((&first["text"], &first["provider"]), (&json!("one"), &json!("zebra")));
    let of_agent = call_tool(address, "planner", "llm:generate", &hello);
    assert_eq!((&of_agent["text"], &of_agent["model"]), (&json!("two"), &json!("ma")));

    let path = json!({"path": files.join("hello.txt")});
    let read = call_tool(address, "unconfigured", "filesystem:read_file", &path);
    assert_eq!(read[0]["text"], "hello from a file\n");
    let seen = call_tool(address, "unconfigured", "all:get-env", &json!({}));
    let seen: Value = serde_json::from_str(seen[0]["text"].as_str().unwrap()).unwrap();
    assert_eq!((&seen["WANTED"], &seen["ZEBRA_API_KEY"]), (&json!("given"), &Value::Null));

    stage.sandbox.loom(&["down"]).ok();
    let is_running = || {
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let mut lines = processes.map(|p| fs::read(p.path().join("cmdline")).unwrap_or_default());
        lines.any(|line| String::from_utf8_lossy(&line).contains(files.to_str().unwrap()))
    };
    until("the MCP server is gone with the runtime", || !is_running());
}
