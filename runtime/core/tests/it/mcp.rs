//! A real MCP server that hangs for good.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use loom_core::{
    Runtime, RuntimeOptions, ToolCall, ToolFailureKind,
    mcp::{Backoff, McpServerConfig, McpServers, Pace, environment},
};
use rustix::process::{Pid, Signal, kill_process};

/// The file server over a folder, which is how its process is found.
fn files(folder: &Path) -> McpServerConfig {
    let node = std::env::var_os("LOOM_TEST_NODE").expect("LOOM_TEST_NODE names a folder");
    let program = PathBuf::from(node).join("node_modules/.bin/mcp-server-filesystem");
    McpServerConfig {
        name: "files".to_owned(),
        command: program.to_str().unwrap().to_owned(),
        args: vec![folder.to_str().unwrap().to_owned()],
        env: [].into(),
        inherited: environment::inherited(&std::env::vars_os().collect()),
    }
}

/// The process whose command line names the folder.
fn process_of(folder: &Path) -> Option<Pid> {
    let named = |pid: &i32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(folder.to_str().unwrap())
    };
    let pids = fs::read_dir("/proc").unwrap().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    Pid::from_raw(pids.into_iter().find(named)?)
}

fn list(timeout_ms: i64) -> ToolCall {
    let name = "files:list_allowed_directories".to_owned();
    ToolCall { name, arguments: "{}".to_owned(), timeout_ms, ..ToolCall::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_gives_no_sign_of_life_is_ended_and_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = Runtime::new(RuntimeOptions::default());
    let first = Duration::from_millis(10);
    let backoff = Backoff { first, ..Backoff::default() };
    let pace = Pace { silence: Duration::from_millis(500), backoff, ..Pace::default() };
    let servers = McpServers::start(vec![files(folder.path())], &runtime.tools, pace);
    runtime.call(list(20_000)).await.unwrap();
    let old = process_of(folder.path()).unwrap();
    kill_process(old, Signal::STOP).unwrap();
    let failure = runtime.call(list(100)).await.unwrap_err();
    assert_eq!(failure.kind, ToolFailureKind::Timeout);
    let begun = Instant::now();
    while runtime.call(list(1000)).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it is never started again");
    }
    assert_ne!(process_of(folder.path()), Some(old));
    servers.stop().await;
    assert_eq!(process_of(folder.path()), None);
    let failure = runtime.call(list(1000)).await.unwrap_err();
    assert_eq!(failure.kind, ToolFailureKind::NotFound, "its tools are gone with it");
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_are_dropped_are_killed() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = Runtime::new(RuntimeOptions::default());
    let servers = McpServers::start(vec![files(folder.path())], &runtime.tools, Pace::default());
    runtime.call(list(20_000)).await.unwrap();
    drop(servers);
    let begun = Instant::now();
    while process_of(folder.path()).is_some() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it still runs");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
