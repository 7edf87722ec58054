//! `loom exec`: runs a command with a runtime that stops when the command ends.

use std::{fs, os::unix::fs::PermissionsExt};

use crate::support::{
    self, Stage,
    stage::{answers, runs, until},
};
use rustix::process::Signal;
use serde_json::Value;

#[test]
fn a_command_gets_a_runtime_and_its_exit_code_is_returned() {
    let stage = Stage::new();
    let args = ["--", "sh", "-c", "echo $LOOM_BRIDGE_ADDR; loom_pid=$$; exit 7"];
    let run = stage.run("exec", &args).code(7);
    let address = run.stdout();
    assert!(address.starts_with("127.0.0.1:") && !address.trim().ends_with(":0"), "{address}");
    assert!(std::net::TcpStream::connect(address.trim()).is_err(), "it still runs");
    assert!(stage.instances().is_empty());
    assert_eq!(support::sandbox::names(&stage.sandbox.state().join("instances")).len(), 0);
}

#[test]
fn a_command_killed_by_a_signal_returns_128_plus_the_signal() {
    Stage::new().run("exec", &["--", "sh", "-c", "kill -9 $$"]).code(137);
}

#[test]
fn a_command_that_cannot_be_executed_starts_no_download_and_no_runtime() {
    let stage = Stage::new();
    stage
        .run("exec", &["--", "/nonexistent"])
        .code(127)
        .says(&["command not found: /nonexistent\n"]);
    stage
        .run("exec", &["--", "nosuchcmd"])
        .code(127)
        .says(&["command not found: nosuchcmd (on PATH)"]);
    let plain = stage.sandbox.write("plain", "");
    let plain = plain.to_str().unwrap();
    stage.run("exec", &["--", plain]).code(126).says(&[plain, "not an executable file"]);
    assert!(!stage.sandbox.cache().exists());
}

#[test]
fn a_program_that_the_kernel_rejects_is_reported_and_the_runtime_stops() {
    let stage = Stage::new();
    let file = stage.sandbox.write("script", "#!/nonexistent/interpreter\n");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    let run = stage.run("exec", &["--", file.to_str().unwrap()]).code(127);
    run.says(&["could not execute", file.to_str().unwrap()]);
    assert!(stage.instances().is_empty());
}

#[test]
fn the_runtime_stops_when_exec_is_killed() {
    let stage = Stage::new();
    let exec = stage.spawn("exec", &["--", "sleep", "1000"]);
    let mut entry = Value::Null;
    until("it runs", || {
        entry = stage.instance();
        entry["state"] == "ready"
    });
    assert_eq!(entry["kind"], "exec");
    assert!(answers(&entry));
    exec.signal(rustix::process::Signal::KILL);
    until("the server has ended", || !runs(&entry["pid"]));
}

#[test]
fn concurrent_commands_get_separate_runtimes() {
    let stage = Stage::new();
    let own = stage.up();
    let command = ["--", "sh", "-c", "echo $LOOM_BRIDGE_ADDR"];
    let (one, two) = (stage.spawn("exec", &command), stage.spawn("exec", &command));
    let (one, two) = (one.wait().ok().stdout(), two.wait().ok().stdout());
    assert_ne!(one, two);
    assert!(answers(&own));
}

#[test]
fn an_interrupt_that_only_loom_received_is_passed_to_the_command() {
    let stage = Stage::new();
    let script =
        "trap 'echo interrupted; exit 7' INT; echo up >started; while :; do sleep 0.05; done";
    let exec = stage.spawn("exec", &["--", "sh", "-c", script]);
    let started = stage.sandbox.project().join("started");
    until("the command runs", || started.exists());
    exec.signal(Signal::INT);
    let run = exec.wait().code(7);
    assert_eq!(run.stdout(), "interrupted\n");
}
