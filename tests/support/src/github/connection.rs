//! Reads the requests of one connection and answers them, with the faults that are pending.

use std::{
    io::{self, BufReader, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use loom_base::LockExt as _;
use rustls::{ServerConnection, StreamOwned};

use super::{
    certificate::TestCertificate,
    fault::GithubFault,
    http::{self, RawRequest, RawResponse},
    rest_api,
    state::{GithubService, ServerState},
    storage, web_pages, write_api,
};

/// Accepts connections until the server stops, each on a thread of its own. `front` is the port of web pages and API.
pub(super) fn accept(
    state: &Arc<ServerState>,
    listener: &TcpListener,
    front: bool,
    certificate: Option<&TestCertificate>,
) {
    for stream in listener.incoming().map_while(Result::ok) {
        if state.is_stopped() {
            return;
        }
        state.connections.locked().extend(stream.try_clone());
        let (state, certificate) = (Arc::clone(state), certificate.cloned());
        thread::spawn(move || {
            let plain = stream.try_clone();
            // A client may close the connection at any time.
            let _ = serve(&state, stream, front, certificate);
            let _ = plain.and_then(|stream| stream.shutdown(Shutdown::Both));
        });
    }
}

fn serve(
    state: &ServerState,
    stream: TcpStream,
    front: bool,
    certificate: Option<TestCertificate>,
) -> io::Result<()> {
    // Head and body are written one after the other: without this, the second waits for an acknowledgement.
    stream.set_nodelay(true)?;
    match certificate {
        None => answer_all(state, stream, front),
        Some(certificate) => {
            let tls = ServerConnection::new(certificate.config).map_err(io::Error::other)?;
            answer_all(state, StreamOwned::new(tls, stream), front)
        }
    }
}

fn answer_all(state: &ServerState, stream: impl Read + Write, front: bool) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(mut request) = http::read_head(&mut stream)? {
        let service = if !front {
            GithubService::Storage
        } else if request.path().starts_with("/api/") {
            GithubService::Api
        } else {
            GithubService::Pages
        };
        let index = state.record(service, &request);
        let fault = state.take_fault(service, request.path());
        if let Some(GithubFault::AbortUpload(received)) = fault {
            http::read_body(&mut stream, &mut request, received)?;
            write_api::leave_incomplete(state, &request);
            return Ok(());
        }
        http::read_body(&mut stream, &mut request, usize::MAX)?;
        if let Some(GithubFault::Silent) = fault {
            state.wait_for_stop();
            return Ok(());
        }
        let response = respond(state, service, &request, fault.as_ref());
        if let Some(seen) = state.requests.locked().get_mut(index) {
            seen.status = response.status;
        }
        let head_only = request.method == "HEAD";
        let close = request.header("connection") == Some("close");
        let wait = || state.wait_for_stop();
        if !response.send(stream.get_mut(), head_only, fault.as_ref(), wait)? || close {
            return Ok(());
        }
    }
    Ok(())
}

fn respond(
    state: &ServerState,
    service: GithubService,
    request: &RawRequest,
    fault: Option<&GithubFault>,
) -> RawResponse {
    match (service, fault) {
        (_, Some(GithubFault::Html)) => web_pages::login(),
        (GithubService::Api, fault) => {
            let (response, exchange) = rest_api::respond(state, request, fault);
            state.transcript.locked().extend(exchange);
            response
        }
        (_, Some(GithubFault::Status(status, headers, message))) => {
            let response = RawResponse::new(*status, "text/plain", *message);
            headers.iter().fold(response, |response, (name, value)| response.with(name, value))
        }
        (GithubService::Pages, _) => web_pages::respond(state, request),
        (GithubService::Storage, fault) => storage::respond(state, request, fault),
    }
}
