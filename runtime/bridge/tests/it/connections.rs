//! Connections that cost the server more than they should.

use std::{io::Write as _, net::TcpStream, process::Command};

use loom_bridge::proto::{
    HeartbeatRequest, ToolCall, bridge_client::BridgeClient, client_event::Msg, server_event,
};

use crate::support::{Agent, DEADLINE, Server};

/// A server that may have this many open files.
#[cfg(unix)]
fn with_open_files(count: u32) -> Server {
    let mut command = Command::new("sh");
    let script = format!("ulimit -n {count} && exec \"$0\"");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_loom-bridge-server")]).env_clear();
    let dashboard = [("LOOM_DASHBOARD", "1"), ("LOOM_DASHBOARD_PORT", "0")];
    Server::start_command(command, &dashboard)
}

#[cfg(unix)]
async fn is_served(server: &Server) -> bool {
    let Ok(channel) = server.try_channel().await else { return false };
    let mut client = BridgeClient::new(channel);
    client.heartbeat(HeartbeatRequest { timestamp_ms: 1 }).await.is_ok()
}

#[cfg(unix)]
#[tokio::test]
async fn half_requests_to_the_dashboard_do_not_starve_the_bridge() {
    let server = with_open_files(96);
    let address = server.dashboard.clone().unwrap().replace("http://", "");
    let half_requests: Vec<TcpStream> = (0..200)
        .map(|_| {
            let mut connection = TcpStream::connect(&address).unwrap();
            // An error means that the server has closed a connection that is too many.
            _ = connection.write_all(b"GET / HTTP/1.1\r\nX: ");
            connection
        })
        .collect();
    assert!(is_served(&server).await);
    assert!(server.log().contains("refused a connection of the dashboard"), "{}", server.log());
    drop(half_requests);
}

#[cfg(unix)]
#[tokio::test]
async fn too_many_connections_break_no_earlier_one_and_are_reported() {
    let server = with_open_files(64);
    let mut agent = Agent::join(&server, "agent", &["t"], &[]).await;
    let others: Vec<_> = (0..200).map(|_| TcpStream::connect(server.bridge).unwrap()).collect();
    agent.publish("t", "1").await;
    assert_eq!(agent.delivery().await, "t=1");
    let log = server.log();
    let lines = log.lines().filter(|line| line.contains("refused a connection of the bridge"));
    assert_eq!(lines.count(), 1, "one line for all of them: {log}");
    drop(others);
    let recovered = async {
        while !is_served(&server).await {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(DEADLINE, recovered).await.expect("the server recovers");
}

#[tokio::test]
async fn cancelled_calls_do_not_break_other_streams_of_their_connection() {
    let server = Server::start(&[]);
    let channel = server.channel().await;
    let mut agent = Agent::join_over(channel.clone(), "agent", &["t"], &[]).await;
    let client = BridgeClient::new(channel);
    for _ in 0..3000 {
        let mut client = client.clone();
        let call = ToolCall { name: "none".to_owned(), ..ToolCall::default() };
        let calling = tokio::spawn(async move { client.forward_tool_call(call).await });
        tokio::task::yield_now().await;
        calling.abort();
    }
    agent.publish("t", "1").await;
    assert_eq!(agent.delivery().await, "t=1");
    agent.send(Msg::Ping(HeartbeatRequest { timestamp_ms: 1 })).await;
    assert!(matches!(agent.next().await, Ok(Some(server_event::Msg::Pong(_)))));
}

#[tokio::test]
async fn a_connection_with_too_many_cancelled_calls_keeps_its_streams() {
    let server = Server::start(&[]);
    let channel = server.channel().await;
    let mut worker = Agent::join_over(channel.clone(), "worker", &["t"], &["wait"]).await;
    let client = BridgeClient::new(channel);
    let call = |n: usize| {
        let mut client = client.clone();
        let call = ToolCall {
            id: n.to_string(),
            name: "wait".to_owned(),
            arguments: "{}".to_owned(),
            ..ToolCall::default()
        };
        tokio::spawn(async move { client.forward_tool_call(call).await })
    };
    for _ in 0..3 {
        let calls: Vec<_> = (0..500).map(call).collect();
        for _ in &calls {
            assert!(matches!(worker.next().await, Ok(Some(server_event::Msg::ToolCall(_)))));
        }
        calls.iter().for_each(tokio::task::JoinHandle::abort);
    }
    worker.publish("t", "1").await;
    assert_eq!(worker.delivery().await, "t=1", "the stream goes on");
    let request = HeartbeatRequest { timestamp_ms: 1 };
    let served = async {
        // The channel opens a new connection once it has heard that the old one takes no new calls.
        while client.clone().heartbeat(request).await.is_err() {}
        while !server.log().contains("a connection takes no new calls") {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(DEADLINE, served).await.expect("new calls are served");
    worker.publish("t", "2").await;
    assert_eq!(worker.delivery().await, "t=2");
}
