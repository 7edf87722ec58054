//! The program: arguments, environment, start and end.

use std::{fs, net::TcpListener, process::Output, time::Duration};

use loom_bridge::proto::{Event, Publish, client_event::Msg};

use crate::support::{Agent, Server, command};

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    command().args(arguments).envs(environment.iter().copied()).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn version_and_help_are_printed_and_unknown_arguments_refused() {
    let version = run(&["--version"], &[]);
    let expected = format!("loom-bridge-server {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8_lossy(&version.stdout), expected);
    let help = run(&["--help"], &[]);
    assert!(
        help.status.success() && String::from_utf8_lossy(&help.stdout).contains("LOOM_READY_FILE")
    );
    assert_eq!(run(&["serve"], &[]).status.code(), Some(2));
    assert_eq!(run(&["--port", "1"], &[]).status.code(), Some(2));
}

#[test]
fn an_invalid_variable_is_named() {
    for (variable, value) in [
        ("LOOM_BRIDGE_ADDR", "50051"),
        ("LOOM_BRIDGE_ADDR", "0.0.0.0:0"),
        ("LOOM_DASHBOARD", "maybe"),
        ("LOOM_BRIDGE_TOKEN", "two words"),
        ("LOOM_BRIDGE_TOKEN", " "),
        ("LOOM_BRIDGE_TOKEN", "\n"),
        ("LOOM_LLM_API_KEY", ""),
        ("LOOM_MCP_SERVERS", r#"{"a": {"command": "c", "env": {"K": "hush"}}, "b": "hush"}"#),
        ("LOOM_DASHBOARD_HOST", "me:hush@h"),
        ("RUST_LOG", "x=y=z"),
    ] {
        let ended = run(&[], &[(variable, value)]);
        assert_eq!(ended.status.code(), Some(2), "{variable}={value}");
        assert!(stderr(&ended).contains(variable), "{}", stderr(&ended));
        assert!(!stderr(&ended).contains("hush"), "{}", stderr(&ended));
    }
}

#[test]
fn a_dashboard_that_other_machines_can_reach_requires_a_token() {
    let exposed = [
        ("LOOM_BRIDGE_ADDR", "127.0.0.1:0"),
        ("LOOM_DASHBOARD", "1"),
        ("LOOM_DASHBOARD_HOST", "0.0.0.0"),
        ("LOOM_DASHBOARD_PORT", "0"),
    ];
    let ended = run(&[], &exposed);
    assert_eq!(ended.status.code(), Some(2));
    let message = stderr(&ended);
    assert!(message.contains("0.0.0.0:0 (LOOM_DASHBOARD_HOST) is reachable"), "{message}");
    assert!(message.contains("hint: set LOOM_BRIDGE_TOKEN"), "{message}");
    for allowed in [("LOOM_BRIDGE_TOKEN", "s3cret"), ("LOOM_BRIDGE_INSECURE", "1")] {
        let server = Server::start(&[&exposed[..], &[allowed]].concat());
        assert!(server.dashboard.is_some());
    }
}

#[test]
fn a_port_in_use_is_named_and_has_its_own_exit_code() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let ended = run(&[], &[("LOOM_BRIDGE_ADDR", &address.to_string())]);
    assert_eq!(ended.status.code(), Some(9));
    assert!(stderr(&ended).contains(&address.to_string()), "{}", stderr(&ended));

    let port = address.port().to_string();
    let dashboard = [
        ("LOOM_BRIDGE_ADDR", "127.0.0.1:0"),
        ("LOOM_DASHBOARD", "1"),
        ("LOOM_DASHBOARD_PORT", &*port),
    ];
    let ended = run(&[], &dashboard);
    assert_eq!(ended.status.code(), Some(9));
    assert!(stderr(&ended).contains("LOOM_DASHBOARD_PORT"), "{}", stderr(&ended));
}

#[test]
fn a_ready_file_that_cannot_be_written_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none/ready.json");
    let path = path.to_str().unwrap();
    let ended = run(&[], &[("LOOM_BRIDGE_ADDR", "127.0.0.1:0"), ("LOOM_READY_FILE", path)]);
    assert_eq!(ended.status.code(), Some(1));
    assert!(stderr(&ended).contains(path), "{}", stderr(&ended));
}

#[test]
fn the_ready_file_of_an_earlier_server_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ready.json");
    fs::write(&path, "{}").unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended =
        run(&[], &[("LOOM_BRIDGE_ADDR", &address), ("LOOM_READY_FILE", path.to_str().unwrap())]);
    assert_eq!(ended.status.code(), Some(9));
    assert!(!path.exists());
}

#[test]
fn the_ready_file_holds_the_addresses_of_both_listeners() {
    let server = Server::start(&[
        ("LOOM_BRIDGE_ADDR", "localhost:0"),
        ("LOOM_DASHBOARD", "ON"),
        ("LOOM_DASHBOARD_PORT", "0"),
    ]);
    assert!(server.bridge.ip().is_loopback() && server.bridge.port() != 0);
    assert!(server.dashboard.as_ref().unwrap().starts_with("http://127.0.0.1:"));
}

#[test]
fn a_signal_stops_the_server() {
    for signal in ["-TERM", "-INT"] {
        let mut server = Server::start(&[]);
        server.signal(signal);
        assert_eq!(server.wait().code(), Some(0), "{signal}");
    }
}

#[tokio::test]
async fn a_second_signal_ends_the_process_at_once() {
    let mut server = Server::start(&[]);
    // An agent that does not read delays the first stop: its stream cannot end.
    let _stuck = Agent::join(&server, "stuck", &["t"], &[]).await;
    let mut publisher = Agent::join(&server, "publisher", &["echo"], &[]).await;
    for n in 0..200 {
        let payload = vec![0; 256 * 1024].into();
        let event = Event { id: n.to_string(), payload, ..Default::default() };
        let publish = Publish { topic: "t".to_owned(), event: Some(event) };
        publisher.send(Msg::Publish(publish)).await;
    }
    publisher.publish("echo", "last").await;
    assert_eq!(publisher.delivery().await, "echo=last");
    server.signal("-TERM");
    let end = publisher.next().await.unwrap_err();
    assert_eq!(end.code(), tonic::Code::Unavailable, "the server stops");
    // Within a second the signal would count as a repetition of the first one.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    server.signal("-INT");
    assert_eq!(server.wait().code(), Some(130));
}
