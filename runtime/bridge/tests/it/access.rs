//! Other users of the machine: refused on bridge and dashboard where no token is set.
//!
//! Connections of another user can be made by root only; as another user, these tests end at once. What the kernel's
//! table says is tested in `access/socket_table.rs` in any case.
#![cfg(target_os = "linux")]

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    thread,
};

use hyper_util::rt::TokioIo;
use loom_bridge::proto::{HeartbeatRequest, bridge_client::BridgeClient};
use rustix::{
    process::{Gid, Uid, geteuid},
    thread::{set_thread_gid, set_thread_uid},
};
use tonic::{
    Code,
    metadata::MetadataMap,
    transport::{Channel, Endpoint},
};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::support::{DEADLINE, Server};

const NOBODY: u32 = 65534;

/// A connection of another user: the ids of a thread are its own.
fn connection_of_nobody(address: &str) -> TcpStream {
    let address = address.to_owned();
    let connect = move || {
        set_thread_gid(Gid::from_raw(NOBODY)).unwrap();
        set_thread_uid(Uid::from_raw(NOBODY)).unwrap();
        TcpStream::connect(address).unwrap()
    };
    let connection = thread::spawn(connect).join().unwrap();
    connection.set_read_timeout(Some(DEADLINE)).unwrap();
    connection
}

async fn channel_of_nobody(address: &str) -> Channel {
    let connection = connection_of_nobody(address);
    connection.set_nonblocking(true).unwrap();
    let mut io = Some(TokioIo::new(tokio::net::TcpStream::from_std(connection).unwrap()));
    let connector = tower::service_fn(move |_| {
        let io = io.take().ok_or_else(|| std::io::Error::other("one connection only"));
        std::future::ready(io)
    });
    let endpoint = Endpoint::from_static("http://loom").timeout(DEADLINE);
    endpoint.connect_with_connector(connector).await.unwrap()
}

async fn heartbeat(channel: Channel, token: Option<&str>) -> Result<(), tonic::Status> {
    let mut request = tonic::Request::new(HeartbeatRequest { timestamp_ms: 1 });
    if let Some(token) = token {
        let mut metadata = MetadataMap::new();
        metadata.insert("authorization", format!("Bearer {token}").parse().unwrap());
        *request.metadata_mut() = metadata;
    }
    BridgeClient::new(channel).heartbeat(request).await.map(|_| ())
}

/// Status and body of a request by another user.
fn get_as_nobody(server: &Server, path: &str) -> (u16, String) {
    let url = server.dashboard.as_ref().unwrap();
    let authority = url.strip_prefix("http://").unwrap();
    let mut connection = connection_of_nobody(authority);
    let request = format!("GET {path} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).unwrap();
    let mut response = String::new();
    connection.read_to_string(&mut response).unwrap();
    let status = response.split(' ').nth(1).unwrap().parse().unwrap();
    (status, response)
}

fn with_dashboard<'a>(more: &[(&'a str, &'a str)]) -> Server {
    let dashboard = [("LOOM_DASHBOARD", "on"), ("LOOM_DASHBOARD_PORT", "0")];
    Server::start(&[&dashboard, more].concat())
}

#[tokio::test]
async fn another_user_is_refused_with_the_setting_that_admits_it() {
    if !geteuid().is_root() {
        return;
    }
    let server = with_dashboard(&[]);
    heartbeat(server.channel().await, None).await.unwrap();
    let address = server.bridge.to_string();
    let refused = heartbeat(channel_of_nobody(&address).await, None).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert!(refused.message().contains("LOOM_ALLOW_USERS=65534"), "{refused}");
    let mut health = HealthClient::new(channel_of_nobody(&address).await);
    health.check(HealthCheckRequest::default()).await.unwrap();
    for path in ["/", "/static/app.js", "/api/topology", "/api/events/stream", "/metrics"] {
        let (status, response) = get_as_nobody(&server, path);
        assert_eq!(status, 403, "{path}");
        assert!(response.contains("LOOM_ALLOW_USERS=65534"), "{response}");
    }
    for path in ["/healthz", "/readyz"] {
        assert_eq!(get_as_nobody(&server, path).0, 200, "{path}");
    }
}

#[tokio::test]
async fn allowed_users_and_holders_of_the_token_are_admitted() {
    if !geteuid().is_root() {
        return;
    }
    let server = with_dashboard(&[("LOOM_ALLOW_USERS", "33, 65534")]);
    heartbeat(channel_of_nobody(&server.bridge.to_string()).await, None).await.unwrap();
    assert_eq!(get_as_nobody(&server, "/api/topology").0, 200);

    let server = with_dashboard(&[("LOOM_BRIDGE_TOKEN", "s3cret")]);
    let address = server.bridge.to_string();
    heartbeat(channel_of_nobody(&address).await, Some("s3cret")).await.unwrap();
    let refused = heartbeat(channel_of_nobody(&address).await, None).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert_eq!(get_as_nobody(&server, "/api/topology").0, 401);
}

#[tokio::test]
async fn all_forms_of_loopback_are_checked() {
    if !geteuid().is_root() {
        return;
    }
    for (listen, targets) in [
        ("[::1]:0", &["[::1]"][..]),
        ("127.0.0.1:0", &["127.0.0.1", "[::ffff:127.0.0.1]"]),
        ("[::]:0", &["[::1]", "127.0.0.1", "[::ffff:127.0.0.1]"]),
    ] {
        let server = Server::start(&[("LOOM_BRIDGE_ADDR", listen), ("LOOM_BRIDGE_INSECURE", "1")]);
        for target in targets {
            let address = format!("{target}:{}", server.bridge.port());
            let refused = heartbeat(channel_of_nobody(&address).await, None).await.unwrap_err();
            assert_eq!(refused.code(), Code::PermissionDenied, "{listen} from {target}");
            let own = Endpoint::from_shared(format!("http://{address}")).unwrap();
            heartbeat(own.connect().await.unwrap(), None).await.unwrap();
        }
    }
}
