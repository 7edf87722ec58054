//! Secrets and values of variables in no output.

use crate::support::Sandbox;

/// Commands that read the configuration, and whether they need a release.
const COMMANDS: &[&[&str]] = &[
    &["which"],
    &["which", "--json"],
    &["get", "--offline"],
    &["get", "--offline", "--json"],
    &["up", "--detach"],
    &["up", "--detach", "--json"],
    &["config", "show"],
    &["config", "show", "--json"],
    &["config", "check"],
    &["config", "check", "--json"],
    &["doctor"],
    &["list"],
    &["why", "--json"],
];

/// Asserts that no command prints the text.
#[track_caller]
fn assert_never_printed(sandbox: &Sandbox, secret: &str, what: &str) {
    for command in COMMANDS {
        let run = sandbox.loom(command);
        let all = run.stdout() + &run.stderr();
        assert!(!all.contains(secret), "{what}: loom {}: {all}", command.join(" "));
    }
}

#[test]
fn an_untrusted_project_prints_no_variable() {
    let mut sandbox = Sandbox::new();
    sandbox.set("SOME_TOKEN", "VALUE-9911").set("LOOM_SOURCES", "file:///none");
    for text in [
        "name = \"${SOME_TOKEN}\"\n",
        "[llm]\ndefault = \"${SOME_TOKEN}\"\n",
        "[update]\nchannel = \"${SOME_TOKEN}\"\n",
        "[bridge]\nversion = \"0.0.0-${SOME_TOKEN}\"\n",
        "[agents.a]\ntopics = [\"${SOME_TOKEN}\"]\n",
    ] {
        sandbox.write("loom.toml", text);
        assert_never_printed(&sandbox, "VALUE-9911", text);
    }
}

#[test]
fn one_unusable_table_shows_no_other() {
    let mut sandbox = Sandbox::new();
    sandbox.set("LOOM_SOURCES", "file:///none").set(
        "LOOM_MCP_SERVERS",
        r#"{"files": {"command": "npx", "env": {"KEY": "hush"}}, "far": {"url": "hush"}}"#,
    );
    assert_never_printed(&sandbox, "hush", "LOOM_MCP_SERVERS");
    let run = sandbox.loom(&["up", "--detach"]).code(2);
    run.says(&[
        "LOOM_MCP_SERVERS: far.url: expected an address",
        "an object of {command, args, env}",
    ]);
}

#[test]
fn addresses_are_shown_without_passwords() {
    for (name, value) in [
        ("LOOM_LLM_API_BASE", "https://me:hush@h/v1"),
        ("LOOM_LLM_API_BASE", "ftp://me:hush@h/v1"),
        ("LOOM_BRIDGE_ADDR", "me:hush@h:1"),
        ("LOOM_SOURCES", "htps:/me:hush@h"),
    ] {
        let mut sandbox = Sandbox::new();
        sandbox.set("LOOM_SOURCES", "file:///none").set(name, value);
        assert_never_printed(&sandbox, "hush", name);
    }
}

#[test]
fn an_empty_secret_is_an_error() {
    for (name, value) in [("LOOM_BRIDGE_TOKEN", " "), ("LOOM_LLM_API_KEY", "")] {
        let mut sandbox = Sandbox::new();
        sandbox.set(name, value);
        let run = sandbox.loom(&["up", "--detach", "--source", "file:///none"]).code(2);
        run.says(&[&format!("{name}: the secret is empty"), "unset it"]);
    }
}
