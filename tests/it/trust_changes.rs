//! What `loom trust` covers, what it shows, and folders that are trusted whatever they set.

use std::{fs, io::Write as _, os::unix::fs::PermissionsExt as _, process::Stdio};

use crate::support::{Run, Sandbox, Stage};
use serde_json::json;

/// A project with an MCP server whose program the `.env` can choose.
fn project() -> Sandbox {
    let sandbox = Sandbox::new();
    let text =
        "[mcp.x]\ncommand = \"${TOOL:-true}\"\nargs = [\"1\"]\nenv = { TOKEN = \"a secret\" }\n";
    sandbox.write("loom.toml", text);
    sandbox
}

fn is_trusted(sandbox: &Sandbox) -> bool {
    sandbox.loom(&["config", "show", "--json"]).ok().json()["untrusted"].is_null()
}

#[test]
fn entries_of_the_env_file_that_are_used_are_trusted_with_the_settings() {
    let sandbox = project();
    sandbox.loom(&["trust"]).ok();
    assert!(is_trusted(&sandbox));
    sandbox.write(".env", "OTHER=1\n");
    assert!(is_trusted(&sandbox), "an entry that nothing uses decides nothing");
    sandbox.write(".env", "TOOL=./other\n");
    assert!(!is_trusted(&sandbox));
    let run = sandbox.loom(&["up"]).code(2);
    run.says(&["changed since it was trusted", "+ TOOL in .env = \"./other\""])
        .never_says(&["mcp.x.args"]);
    let document = sandbox.loom(&["trust", "--json"]).ok().json();
    assert_eq!(document["what"][1], json!({"key": "TOOL in .env", "value": "\"./other\""}));
    assert!(is_trusted(&sandbox));
}

#[test]
fn only_what_changed_is_shown() {
    let sandbox = project();
    let first = sandbox.loom(&["trust", "--json"]).ok().json();
    assert_eq!(first["changes"], json!(null));
    let again = sandbox.loom(&["trust"]).ok();
    assert!(again.stdout().contains("nothing has changed"), "{}", again.stdout());
    let text = "[mcp.x]\ncommand = \"${TOOL:-true}\"\nargs = [\"2\"]\nenv = { TOKEN = \"another\" }\n\
        [mcp.y]\ncommand = \"y\"\n";
    sandbox.write("loom.toml", text);
    sandbox.loom(&["up"]).code(2).says(&[
        "is not trusted to set mcp.x, mcp.y; changed since it was trusted:",
        "- mcp.x.args = [\"1\"]",
        "+ mcp.x.args = [\"2\"]",
        "- mcp.x.env.TOKEN = \"***\"",
    ]);
    let trusted = sandbox.loom(&["trust"]).ok();
    sandbox.snapshot("trust_changes", &trusted);
    let kept = fs::read_to_string(sandbox.state().join("trusted.json")).unwrap();
    assert!(kept.contains("mcp.x.args"), "{kept}");
    assert!(!kept.contains("secret") && !kept.contains("another"), "{kept}");
}

#[test]
fn a_folder_can_be_trusted_whatever_it_sets() {
    let sandbox = project();
    let document = sandbox.loom(&["trust", "--always", "--json"]).ok().json();
    assert_eq!(document["always"], true);
    sandbox.write("loom.toml", "[mcp.z]\ncommand = \"z\"\n");
    sandbox.write("ci.toml", "[mcp.z]\ncommand = \"z\"\n");
    assert!(is_trusted(&sandbox));
    sandbox.loom(&["config", "show", "--config", "ci.toml"]).ok().never_says(&["is not trusted"]);
    let listed = sandbox.loom(&["trust", "--list", "--json"]).ok().json();
    assert_eq!(listed["projects"][0]["state"], "always");

    // Other users can change it from now on.
    fs::set_permissions(sandbox.project(), fs::Permissions::from_mode(0o777)).unwrap();
    let folder = sandbox.project().display().to_string();
    let why = format!("{folder} can be written by other users");
    sandbox.loom(&["config", "show"]).ok().says(&["is not trusted to set mcp.z", &why]);
    let listed = sandbox.loom(&["trust", "--list", "--json"]).ok().json();
    assert_eq!(listed["projects"][0]["state"], "unsafe");
    sandbox.loom(&["trust", "--always"]).code(2).says(&["is not trusted whatever it sets", &why]);

    fs::set_permissions(sandbox.project(), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(is_trusted(&sandbox));
    sandbox.loom(&["trust", "--revoke"]).ok();
    assert!(!is_trusted(&sandbox));
}

#[test]
fn files_that_others_can_write_are_not_trusted_whatever_they_set() {
    let sandbox = project();
    let dotenv = sandbox.write(".env", "TOOL=x\n");
    fs::set_permissions(&dotenv, fs::Permissions::from_mode(0o666)).unwrap();
    let why = format!("{} can be written by other users", dotenv.display());
    sandbox.loom(&["trust", "--always"]).code(2).says(&[&why]);
    fs::set_permissions(&dotenv, fs::Permissions::from_mode(0o644)).unwrap();
    sandbox.loom(&["trust", "--always"]).ok();
}

/// Runs `loom up --detach` on a terminal, and answers its question.
#[cfg(target_os = "linux")]
fn up_on_terminal(stage: &Stage, answer: &str) -> Run {
    let mut line = Sandbox::program().display().to_string();
    for arg in stage.args("up", &["--detach"]) {
        line.push_str(&format!(" '{arg}'"));
    }
    let mut command = stage.sandbox.command("script");
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    command.stdin(Stdio::piped());
    let args = ["up"];
    let (read, mut write) = std::io::pipe().unwrap();
    command.stdin(read);
    writeln!(write, "{answer}").unwrap();
    stage.sandbox.start(&args, command).wait()
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_up_asks() {
    let stage = Stage::new();
    stage.sandbox.write("loom.toml", "[mcp.x]\ncommand = \"true\"\n");
    let refused = up_on_terminal(&stage, "n").code(2);
    assert!(refused.stdout().contains("mcp.x = {\"command\":\"true\"}"), "{}", refused.stdout());
    assert!(!is_trusted(&stage.sandbox));
    let given = up_on_terminal(&stage, "y").ok();
    assert!(given.stdout().contains("is ready"), "{}", given.stdout());
    assert!(is_trusted(&stage.sandbox));
}
