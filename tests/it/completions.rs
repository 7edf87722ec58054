//! `loom completions`, `loom man` and `--help`: what a shell and a reader are told of the commands.

use crate::support::Sandbox;

const COMMANDS: [&str; 8] = ["up", "down", "get", "which", "use", "store", "config", "trust"];

#[test]
fn every_shell_is_told_every_command_and_no_hidden_one() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = sandbox.loom(&["completions", shell]).ok().stdout();
        assert!(COMMANDS.iter().all(|command| script.contains(command)), "{shell}");
        assert!(!script.contains("__supervise"), "{shell}");
    }
}

#[test]
fn a_bash_script_is_one_that_bash_reads() {
    let sandbox = Sandbox::new();
    let script = sandbox.loom(&["completions", "bash"]).ok().stdout();
    let file = sandbox.write("loom.bash", &script);
    let read = std::process::Command::new("bash").arg("-n").arg(file).status().unwrap();
    assert!(read.success());
}

#[test]
fn manual_pages_are_written_for_all_commands() {
    let sandbox = Sandbox::new();
    let folder = sandbox.project().join("man");
    sandbox.loom(&["man", "--to", folder.to_str().unwrap()]).ok();
    for command in COMMANDS {
        let page = std::fs::read_to_string(folder.join(format!("loom-{command}.1"))).unwrap();
        assert!(page.contains(".SH SYNOPSIS"), "{command}");
    }
    assert!(sandbox.loom(&["man", "get"]).ok().stdout().contains(".SH OPTIONS"));
    sandbox.loom(&["man", "nothing"]).code(2).says(&["nothing", "--help"]);
}

#[test]
fn help_is_no_failure_and_names_what_there_is() {
    let sandbox = Sandbox::new();
    let help = sandbox.loom(&["--help"]).ok().stdout();
    assert!(COMMANDS.iter().all(|command| help.contains(command)), "{help}");
    assert!(!help.contains("__supervise"), "{help}");
    assert!(sandbox.loom(&["--version"]).ok().stdout().starts_with("loom "));
}
