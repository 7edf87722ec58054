//! A real MCP server that hangs.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use loom_core::{
    Runtime, RuntimeOptions, ToolCall, ToolFailureKind,
    mcp::{McpProgramConfig, McpServerConfig, McpServers, McpTimeouts, RestartPolicy, environment},
};
use rustix::process::{Pid, Signal, kill_process};

/// The filesystem server for a folder, by whose path its process is found.
fn filesystem_server(folder: &Path) -> McpServerConfig {
    let node = std::env::var_os("LOOM_TEST_NODE").expect("LOOM_TEST_NODE names a folder");
    let program = PathBuf::from(node).join("node_modules/.bin/mcp-server-filesystem");
    McpServerConfig::Program(McpProgramConfig {
        name: "files".to_owned(),
        command: program.to_str().unwrap().to_owned(),
        args: vec![folder.to_str().unwrap().to_owned()],
        env: [].into(),
        inherited: environment::inherited(&std::env::vars_os().collect()),
    })
}

/// The process whose command line contains the folder.
fn process_of(folder: &Path) -> Option<Pid> {
    let names_folder = |pid: &i32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(folder.to_str().unwrap())
    };
    let pids = fs::read_dir("/proc").unwrap().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    Pid::from_raw(pids.into_iter().find(names_folder)?)
}

fn list_call(timeout_ms: i64) -> ToolCall {
    let name = "files:list_allowed_directories".to_owned();
    ToolCall { name, arguments: "{}".to_owned(), timeout_ms, ..ToolCall::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_respond_is_ended_and_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = Runtime::new(RuntimeOptions::default());
    let mut restart = RestartPolicy::default();
    restart.backoff.first = Duration::from_millis(10);
    let response = Duration::from_millis(500);
    let timeouts = McpTimeouts { response, restart, ..McpTimeouts::default() };
    let config = filesystem_server(folder.path());
    let servers = McpServers::start(vec![config], runtime.registry(), timeouts);
    runtime.call_tool(list_call(20_000)).await.unwrap();
    let old = process_of(folder.path()).unwrap();
    kill_process(old, Signal::STOP).unwrap();
    let failure = runtime.call_tool(list_call(100)).await.unwrap_err();
    assert_eq!(failure.kind, ToolFailureKind::Timeout);
    let start = Instant::now();
    while runtime.call_tool(list_call(1000)).await.is_err() {
        assert!(start.elapsed() < Duration::from_secs(20), "the server is not started again");
    }
    assert_ne!(process_of(folder.path()), Some(old));
    servers.stop().await;
    assert_eq!(process_of(folder.path()), None);
    let failure = runtime.call_tool(list_call(1000)).await.unwrap_err();
    assert_eq!(failure.kind, ToolFailureKind::NotFound, "a stopped server offers no tools");
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_servers_kills_them() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = Runtime::new(RuntimeOptions::default());
    let config = filesystem_server(folder.path());
    let servers = McpServers::start(vec![config], runtime.registry(), McpTimeouts::default());
    runtime.call_tool(list_call(20_000)).await.unwrap();
    drop(servers);
    let start = Instant::now();
    while process_of(folder.path()).is_some() {
        assert!(start.elapsed() < Duration::from_secs(20), "the server still runs");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
