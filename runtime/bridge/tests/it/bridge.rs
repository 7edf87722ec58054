//! The service `Bridge`, called by a real client.

use crate::support::{Agent, Server};
use loom_bridge::proto::{
    HeartbeatRequest, ToolCall, ToolResult, ToolStatus, client_event, server_event,
};
use tonic::Code;

fn call(tool: &str, arguments: &str) -> ToolCall {
    ToolCall {
        id: "c".to_owned(),
        name: tool.to_owned(),
        arguments: arguments.to_owned(),
        ..Default::default()
    }
}

/// The next message, which must be a tool call.
async fn next_call(worker: &mut Agent) -> ToolCall {
    match worker.next().await {
        Ok(Some(server_event::Msg::ToolCall(call))) => call,
        other => panic!("not a tool call: {other:?}"),
    }
}

#[tokio::test]
async fn events_go_to_every_matching_subscription() {
    let server = Server::start(&[]);
    let mut listener = Agent::join(&server, "listener", &["a", "p.*", "a"], &[]).await;
    let publisher = Agent::join(&server, "publisher", &[], &[]).await;
    for (topic, id) in [("p.x.y", "1"), ("p", "2"), ("a", "3")] {
        publisher.publish(topic, id).await;
    }
    assert_eq!(listener.delivery().await, "p.*=1");
    assert_eq!([listener.delivery().await, listener.delivery().await], ["a=3", "a=3"]);
}

#[tokio::test]
async fn a_tool_call_goes_to_the_agent_and_its_result_back() {
    let server = Server::start(&[]);
    let mut worker = Agent::join(&server, "worker", &[], &["double"]).await;
    let mut client = server.client().await;
    let caller = tokio::spawn(async move { client.forward_tool_call(call("double", "21")).await });
    let received = next_call(&mut worker).await;
    assert_eq!((&*received.id, &*received.arguments), ("c", "21"));
    let result = ToolResult { id: received.id, output: "42".to_owned(), ..Default::default() };
    worker.send(client_event::Msg::ToolResult(result.clone())).await;
    assert_eq!(caller.await.unwrap().unwrap().into_inner(), result);
}

#[tokio::test]
async fn a_cancelled_call_leaves_nothing_behind() {
    let server = Server::start(&[]);
    let mut worker = Agent::join(&server, "worker", &[], &["t"]).await;
    let mut client = server.client().await;
    let caller = tokio::spawn(async move { client.forward_tool_call(call("t", "{}")).await });
    next_call(&mut worker).await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    // The id can be used again, whether or not the server has noticed the cancellation: the first result with this id
    // completes the second call.
    let mut client = server.client().await;
    let caller = tokio::spawn(async move { client.forward_tool_call(call("t", "{}")).await });
    let received = next_call(&mut worker).await;
    let result = ToolResult { id: received.id, output: "1".to_owned(), ..Default::default() };
    worker.send(client_event::Msg::ToolResult(result)).await;
    let result = caller.await.unwrap().unwrap().into_inner();
    assert_eq!((&*result.id, result.status()), ("c", ToolStatus::ToolOk));
}

#[tokio::test]
async fn a_half_closed_stream_ends_with_ok_and_a_stopped_server_with_unavailable() {
    let mut server = Server::start(&[]);
    let mut stays = Agent::join(&server, "stays", &["t"], &[]).await;
    let leaves = Agent::join(&server, "leaves", &["t"], &[]).await;
    leaves.publish("t", "1").await;
    assert_eq!(stays.delivery().await, "t=1");
    let mut rest = leaves.half_close();
    assert!(rest.message().await.unwrap().is_some(), "its own event");
    assert_eq!(rest.message().await.unwrap(), None);

    server.signal("-TERM");
    assert_eq!(stays.next().await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(server.wait().code(), Some(0));
}

#[tokio::test]
async fn a_ping_is_answered_on_the_stream() {
    let server = Server::start(&[]);
    let mut agent = Agent::join(&server, "agent", &[], &[]).await;
    agent.send(client_event::Msg::Ping(HeartbeatRequest { timestamp_ms: 1 })).await;
    match agent.next().await {
        Ok(Some(server_event::Msg::Pong(pong))) => assert_eq!(pong.status, "ok"),
        other => panic!("not a pong: {other:?}"),
    }
}
