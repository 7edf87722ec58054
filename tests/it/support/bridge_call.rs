//! Calls of the bridge of a running runtime, with messages that hold the fields that the tests set.

use serde_json::Value;
use tonic::codegen::http::uri::PathAndQuery;

/// `loom.v1.ToolCall`
#[derive(Clone, PartialEq, prost::Message)]
struct ToolCall {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(string, tag = "3")]
    arguments: String,
    #[prost(map = "string, string", tag = "4")]
    headers: std::collections::HashMap<String, String>,
    #[prost(int64, tag = "5")]
    timeout_ms: i64,
}

/// `loom.v1.ToolResult`, without its error.
#[derive(Clone, PartialEq, prost::Message)]
struct ToolResult {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(int32, tag = "2")]
    status: i32,
    #[prost(string, tag = "3")]
    output: String,
}

/// `loom.v1.Event`
#[derive(Clone, PartialEq, prost::Message)]
struct Event {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(bytes = "vec", tag = "6")]
    payload: Vec<u8>,
}

/// `loom.v1.PublishRequest`
#[derive(Clone, PartialEq, prost::Message)]
struct PublishRequest {
    #[prost(string, tag = "1")]
    topic: String,
    #[prost(message, optional, tag = "2")]
    event: Option<Event>,
}

/// `loom.v1.PublishResponse`
#[derive(Clone, PartialEq, prost::Message)]
struct PublishResponse {
    #[prost(bool, tag = "1")]
    success: bool,
}

/// The output of a tool of the runtime at `address`, called by `agent`.
#[track_caller]
pub fn call_tool(address: &Value, agent: &str, name: &str, arguments: &Value) -> Value {
    let call = ToolCall {
        id: "c".to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_string(),
        headers: [("x-agent-id".to_owned(), agent.to_owned())].into(),
        timeout_ms: 20_000,
    };
    let result: ToolResult = ask(address, "/loom.v1.Bridge/ForwardToolCall", call);
    assert_eq!(result.status, 0, "{name}: {result:?}");
    serde_json::from_str(&result.output).unwrap()
}

/// Publishes an event.
#[track_caller]
pub fn publish(address: &Value, topic: &str, payload: &str) {
    let event = Some(Event { id: "e".to_owned(), payload: payload.into() });
    let request = PublishRequest { topic: topic.to_owned(), event };
    let response: PublishResponse = ask(address, "/loom.v1.EventBus/Publish", request);
    assert!(response.success, "{response:?}");
}

#[track_caller]
fn ask<Q, R>(address: &Value, method: &'static str, message: Q) -> R
where
    Q: prost::Message + Send + Sync + 'static,
    R: prost::Message + Default + Send + Sync + 'static,
{
    let uri = format!("http://{}", address.as_str().unwrap());
    let request = async {
        let channel =
            tonic::transport::Endpoint::from_shared(uri).unwrap().connect().await.unwrap();
        let mut client = tonic::client::Grpc::new(channel);
        client.ready().await.unwrap();
        let codec = tonic_prost::ProstCodec::<Q, R>::default();
        let path = PathAndQuery::from_static(method);
        client.unary(tonic::Request::new(message), path, codec).await.unwrap().into_inner()
    };
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio.block_on(request)
}
