//! The bridge, asked by a real client.

use crate::support::{Agent, Server};
use loom_bridge::proto::{
    HeartbeatRequest, ToolCall, ToolResult, ToolStatus, client_event, server_event,
};
use tonic::Code;

#[tokio::test]
async fn events_go_to_every_matching_subscription() {
    let server = Server::start(&[]);
    let mut listener = Agent::join(&server, "listener", &["a", "p.*", "a"], &[]).await;
    let speaker = Agent::join(&server, "speaker", &[], &[]).await;
    for (topic, id) in [("p.x.y", "1"), ("p", "2"), ("a", "3")] {
        speaker.publish(topic, id).await;
    }
    assert_eq!(listener.delivery().await, "p.*=1");
    assert_eq!([listener.delivery().await, listener.delivery().await], ["a=3", "a=3"]);
}

#[tokio::test]
async fn a_tool_call_travels_to_the_agent_and_back() {
    let server = Server::start(&[]);
    let mut worker = Agent::join(&server, "worker", &[], &["double"]).await;
    let mut client = server.client().await;
    let call = ToolCall {
        id: "c".to_owned(),
        name: "double".to_owned(),
        arguments: "21".to_owned(),
        ..Default::default()
    };
    let caller = tokio::spawn(async move { client.forward_tool_call(call).await });
    let Ok(Some(server_event::Msg::ToolCall(asked))) = worker.hear().await else {
        panic!("no call");
    };
    assert_eq!((&*asked.id, &*asked.arguments), ("c", "21"));
    let result = ToolResult { id: asked.id, output: "42".to_owned(), ..Default::default() };
    worker.say(client_event::Msg::ToolResult(result.clone())).await;
    assert_eq!(caller.await.unwrap().unwrap().into_inner(), result);
}

#[tokio::test]
async fn a_caller_that_hangs_up_leaves_nothing_behind() {
    let server = Server::start(&[]);
    let mut worker = Agent::join(&server, "worker", &[], &["t"]).await;
    let call = ToolCall {
        id: "c".to_owned(),
        name: "t".to_owned(),
        arguments: "{}".to_owned(),
        ..Default::default()
    };
    let mut client = server.client().await;
    let again = call.clone();
    let caller = tokio::spawn(async move { client.forward_tool_call(call).await });
    assert!(matches!(worker.hear().await, Ok(Some(server_event::Msg::ToolCall(_)))));
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    // The same id serves again, whether or not the server has noticed yet; the first answer to it is the second's.
    let mut client = server.client().await;
    let caller = tokio::spawn(async move { client.forward_tool_call(again).await });
    let Ok(Some(server_event::Msg::ToolCall(asked))) = worker.hear().await else {
        panic!("no call");
    };
    let result = ToolResult { id: asked.id, output: "1".to_owned(), ..Default::default() };
    worker.say(client_event::Msg::ToolResult(result)).await;
    let result = caller.await.unwrap().unwrap().into_inner();
    assert_eq!((&*result.id, result.status()), ("c", ToolStatus::ToolOk));
}

#[tokio::test]
async fn half_close_ends_well_and_a_stop_does_not() {
    let mut server = Server::start(&[]);
    let mut stays = Agent::join(&server, "stays", &["t"], &[]).await;
    let leaves = Agent::join(&server, "leaves", &["t"], &[]).await;
    leaves.publish("t", "1").await;
    assert_eq!(stays.delivery().await, "t=1");
    let mut rest = leaves.half_close();
    assert!(rest.message().await.unwrap().is_some(), "its own event");
    assert_eq!(rest.message().await.unwrap(), None);

    server.signal("-TERM");
    assert_eq!(stays.hear().await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(server.wait().code(), Some(0));
}

#[tokio::test]
async fn a_ping_is_answered_on_the_stream() {
    let server = Server::start(&[]);
    let mut agent = Agent::join(&server, "agent", &[], &[]).await;
    agent.say(client_event::Msg::Ping(HeartbeatRequest { timestamp_ms: 1 })).await;
    match agent.hear().await {
        Ok(Some(server_event::Msg::Pong(pong))) => assert_eq!(pong.status, "ok"),
        other => panic!("not a pong: {other:?}"),
    }
}
