//! `loom completions`, `loom man`, `loom reference` and `--help`.

use std::{fs, process::Command};

use crate::support::{Plain, Sandbox};
use serde_json::Value;

const COMMANDS: [&str; 8] = ["up", "down", "get", "which", "use", "store", "config", "trust"];

/// Completions of a command line, requested as the script for bash requests them.
fn completed(sandbox: &Sandbox, words: &[&str]) -> Vec<String> {
    let mut command = sandbox.loom_command(&[&["--"], words].concat());
    let index = (words.len() - 1).to_string();
    command.env("LOOM_COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", index);
    command.env("_CLAP_IFS", "\n").env("_CLAP_COMPLETE_COMP_TYPE", "9");
    let run = sandbox.start(words, command).wait().ok();
    run.stdout().lines().map(str::to_owned).collect()
}

#[test]
fn every_shell_has_a_completion_script_that_calls_loom() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = sandbox.loom(&["completions", shell]).ok().stdout();
        assert!(script.contains("LOOM_COMPLETE") && script.contains("loom"), "{shell}: {script}");
    }
    sandbox.loom(&["completions", "nosuchshell"]).code(2).says(&["bash", "fish", "zsh"]);
}

#[test]
fn the_script_for_bash_has_valid_syntax() {
    let sandbox = Sandbox::new();
    let script = sandbox.loom(&["completions", "bash"]).ok().stdout();
    let file = sandbox.write("loom.bash", &script);
    let status = Command::new("bash").arg("-n").arg(file).status().unwrap();
    assert!(status.success());
}

#[test]
fn bash_completes_commands_with_the_script() {
    let sandbox = Sandbox::new();
    let script = sandbox.loom(&["completions", "bash"]).ok().stdout();
    let file = sandbox.write("loom.bash", &script);
    let program = Sandbox::program();
    let folder = program.parent().unwrap();
    let typed = format!(
        "PATH={}:$PATH; source {}; COMP_WORDS=(loom whi); COMP_CWORD=1; COMP_TYPE=9; \
         _clap_complete_loom loom whi loom; echo ${{COMPREPLY[@]}}",
        folder.display(),
        file.display(),
    );
    let output = sandbox.command("bash").args(["-c", &typed]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "which", "{output:?}");
}

#[test]
fn hidden_commands_are_not_completed() {
    let sandbox = Sandbox::new();
    let all = completed(&sandbox, &["loom", ""]);
    assert!(COMMANDS.iter().all(|command| all.contains(&(*command).to_owned())), "{all:?}");
    assert!(!all.iter().any(|word| word == "__supervise" || word == "reference"), "{all:?}");
}

#[test]
fn versions_modes_and_sources_are_completed() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.1.0", "0.2.0"]));
    sandbox.sources(&[(&mirror.url(), "name = \"corp\"")]);
    for version in ["0.1.0", "0.2.0"] {
        sandbox.loom(&["get", version]).ok();
    }
    let versions = ["0.2.0", "0.1.0", "latest", "dev"];
    assert_eq!(completed(&sandbox, &["loom", "which", "--version", ""]), versions);
    for words in [&["loom", "use", ""][..], &["loom", "remove", ""], &["loom", "which", ""]] {
        let found = completed(&sandbox, words);
        assert!(versions.iter().all(|v| found.contains(&(*v).to_owned())), "{words:?}: {found:?}");
    }
    assert_eq!(completed(&sandbox, &["loom", "which", "--version", "0.1"]), ["0.1.0"]);
    assert_eq!(completed(&sandbox, &["loom", "up", "--mode", ""]), ["full", "bridge-only"]);
    assert_eq!(completed(&sandbox, &["loom", "get", "--source", ""]), ["corp"]);
}

#[test]
fn completion_works_with_a_broken_configuration() {
    let sandbox = Sandbox::new();
    sandbox.write("loom.toml", "[bridge\n");
    assert_eq!(completed(&sandbox, &["loom", "up", "--version", ""]), ["latest", "dev"]);
}

#[test]
fn manual_pages_are_written_for_all_commands() {
    let sandbox = Sandbox::new();
    let folder = sandbox.project().join("man");
    sandbox.loom(&["man", "--to", folder.to_str().unwrap()]).ok();
    let pages = ["loom", "loom-get", "loom-store", "loom-store-verify", "loom-source-test"];
    for name in pages {
        let page = fs::read_to_string(folder.join(format!("{name}.1"))).unwrap();
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "ENVIRONMENT"] {
            assert!(page.contains(&format!(".SH {section}\n")), "{name}: {section}");
        }
        assert!(page.contains(".SH \"EXIT STATUS\"\n"), "{name}");
    }
    assert!(!folder.join("loom-reference.1").exists());
    assert!(sandbox.loom(&["man", "get"]).ok().stdout().contains("loom get 0.2.0"));
    let page = sandbox.loom(&["man", "store", "verify"]).ok().stdout();
    assert!(page.contains("loom store verify") && page.contains("130"), "{page}");
    sandbox.loom(&["man", "nothing"]).code(2).says(&["nothing", "--help"]);
}

#[test]
fn manual_pages_contain_only_known_roff_requests() {
    let sandbox = Sandbox::new();
    let folder = sandbox.project().join("man");
    sandbox.loom(&["man", "--to", folder.to_str().unwrap()]).ok();
    for entry in fs::read_dir(folder).unwrap() {
        let page = fs::read_to_string(entry.unwrap().path()).unwrap();
        // roff drops a line that begins with a dot or a quote and is not a request.
        let known = [".ie", ".el", ".SH", ".TH", ".TP", ".br", ".RS", ".RE", ".PP", ".IP", ".\\\""];
        let requests = page.lines().filter(|line| line.starts_with(['.', '\'']));
        for line in requests {
            assert!(known.iter().any(|request| line.starts_with(request)), "{line}");
        }
    }
}

#[test]
fn the_reference_describes_every_command() {
    let sandbox = Sandbox::new();
    let document = sandbox.loom(&["reference", "--json"]).ok().json();
    let commands = document["commands"].as_array().unwrap();
    let find = |path: &str| commands.iter().find(|command| command["path"] == path).unwrap();
    for command in commands {
        assert!(command["about"].is_string(), "{command}");
        assert!(!command["examples"].as_array().unwrap().is_empty(), "{command}");
    }
    assert!(find("")["usage"].as_str().unwrap().starts_with("loom "));
    assert_eq!(find("list")["aliases"], serde_json::json!(["ls"]));
    let argument = |path: &str, name: &str| -> Value {
        let arguments = find(path)["arguments"].as_array().unwrap();
        arguments.iter().find(|argument| argument["name"] == name).unwrap().clone()
    };
    assert_eq!(
        argument("up", "mode")["possible_values"],
        serde_json::json!(["full", "bridge-only"])
    );
    assert_eq!(argument("get", "version")["value"], "VERSION");
    assert_eq!(argument("remove", "versions")["required"], true);
    assert_eq!(argument("get", "sources")["repeatable"], true);
    assert!(find("store du")["arguments"].as_array().unwrap().is_empty());
    let settings = document["configuration"].as_array().unwrap();
    let port = settings.iter().find(|setting| setting["name"] == "dashboard.port").unwrap();
    assert_eq!(port["variables"], serde_json::json!(["LOOM_DASHBOARD_PORT"]));
    let global = document["global_options"].as_array().unwrap();
    assert!(global.iter().any(|option| option["long"] == "offline"));
    let codes = document["exit_codes"].as_array().unwrap();
    assert!(codes.iter().any(|exit| exit["code"] == 10 && exit["kind"] == "disk_full"));
    let variables = document["environment"].as_array().unwrap();
    assert!(variables.iter().any(|variable| variable["name"] == "LOOM_CACHE_DIR"));
}

#[test]
fn help_succeeds_and_lists_the_commands() {
    let sandbox = Sandbox::new();
    let help = sandbox.loom(&["--help"]).ok().stdout();
    assert!(COMMANDS.iter().all(|command| help.contains(command)), "{help}");
    assert!(!help.contains("__supervise") && !help.contains("reference"), "{help}");
    assert!(sandbox.loom(&["--version"]).ok().stdout().starts_with("loom "));
    let help = sandbox.loom(&["help", "get"]).ok().stdout();
    assert!(help.contains("Global options:") && help.contains("loom get 0.2.0"), "{help}");
}

#[test]
fn colours_follow_the_terminal_and_the_variables() {
    let mut sandbox = Sandbox::new();
    let is_coloured = |sandbox: &Sandbox, args: &[&str]| {
        let run = sandbox.loom(args);
        (run.stdout() + &run.stderr()).contains('\x1b')
    };
    let runs = [&["--help"][..], &["get", "--nonsense"], &["which", "9.9.9"], &["use", "9.9.9"]];
    for args in runs {
        assert!(!is_coloured(&sandbox, args), "{args:?}: a pipe");
    }
    sandbox.set("CLICOLOR_FORCE", "1");
    for args in &runs[..3] {
        assert!(is_coloured(&sandbox, args), "{args:?}: forced");
    }
    for args in [&["which", "9.9.9", "--json"][..], &["get", "--json", "--nonsense"]] {
        assert!(!is_coloured(&sandbox, args), "{args:?}: JSON");
    }
    sandbox.set("NO_COLOR", "1");
    for args in runs {
        assert!(!is_coloured(&sandbox, args), "{args:?}: NO_COLOR");
    }
}

#[test]
fn a_command_name_of_another_tool_gets_a_suggestion() {
    let sandbox = Sandbox::new();
    for (word, command) in [
        ("download", "loom get"),
        ("install", "loom get"),
        ("start", "loom up"),
        ("run", "loom up"),
        ("kill", "loom down"),
        ("ps", "loom status"),
        ("uninstall", "loom remove"),
        ("delete", "loom remove"),
    ] {
        sandbox.loom(&[word]).code(2).says(&[&format!("tip: use {command}\n")]);
    }
    for alias in ["ls", "stop"] {
        sandbox.loom(&[alias]).ok();
    }
    sandbox.loom(&["rm", "0.2.0"]).code(3);
}
