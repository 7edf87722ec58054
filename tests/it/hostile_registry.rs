//! A registry that answers with something else: each time an error that says what, little memory, and a store that stays as it is.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use loom_source::Digest;
use loom_test_support::release_images::ReleaseImages;

use crate::{
    oci::{PREFIX, assets},
    support::{BINARY, Plain, Run, Sandbox},
};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// What `loom` may have at most, in KiB: an answer that does not end would fill it in a moment.
const MEMORY: u64 = 256 * 1024;

/// What is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Index,
    Manifest,
    Layer,
    Tags,
    Token,
}

/// What a registry answers.
enum Reply {
    /// These bytes, and nothing more.
    Bytes(Vec<u8>),
    /// These bytes, and spaces without an end.
    Endless(Vec<u8>),
    /// Nothing, although the connection stays.
    Silence,
}

/// The registry with the release 0.2.0 that answers one kind of request as it likes.
struct HostileRegistry {
    images: ReleaseImages,
    kind: Kind,
    reply: fn(&str, &[u8]) -> Reply,
}

impl HostileRegistry {
    /// Starts the registry; returns the address of the source. `reply` gets the path of the request and the body that a registry
    /// would send.
    fn start(kind: Kind, reply: fn(&str, &[u8]) -> Reply) -> String {
        let registry = Self { images: assets(&["0.2.0"]), kind, reply };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let registry = Arc::new(registry);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let registry = Arc::clone(&registry);
                // Who asks gives up in the middle.
                std::thread::spawn(move || drop(registry.serve(stream)));
            }
        });
        format!("oci://{address}/{PREFIX}")
    }

    fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream);
        let (mut first, mut has_login) = (String::new(), false);
        reader.read_line(&mut first)?;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
                break;
            }
            has_login |= line.to_ascii_lowercase().starts_with("authorization:");
        }
        let mut stream = reader.into_inner();
        let path = first.split(' ').nth(1).unwrap_or_default();
        if self.kind == Kind::Token && !has_login && !path.starts_with("/token") {
            let realm = format!("Bearer realm=\"http://{}/token\"", stream.local_addr()?);
            let head = format!("401 Unauthorized\r\nWWW-Authenticate: {realm}");
            return stream.write_all(&response(&head, b""));
        }
        let (kind, body) = self.answer(path);
        let reply = match kind == self.kind {
            true => (self.reply)(path, &body),
            false => Reply::Bytes(response("200 OK", &body)),
        };
        match reply {
            Reply::Bytes(bytes) => stream.write_all(&bytes),
            Reply::Endless(bytes) => {
                stream.write_all(&bytes)?;
                loop {
                    stream.write_all(&[b' '; 65536])?;
                }
            }
            Reply::Silence => {
                std::thread::sleep(Duration::from_secs(10));
                Ok(())
            }
        }
    }

    /// The kind of a request, and what a registry would send.
    fn answer(&self, path: &str) -> (Kind, Vec<u8>) {
        let key = (BINARY.to_owned(), "0.2.0".to_owned());
        let by_digest = || {
            let digest: Digest = path.rsplit(':').next().unwrap().parse().unwrap();
            self.images.blobs[&digest].clone()
        };
        match path {
            path if path.starts_with("/token") => (Kind::Token, br#"{"token":"t"}"#.to_vec()),
            path if path.contains("/tags/") => (Kind::Tags, br#"{"tags":["0.2.0"]}"#.to_vec()),
            path if path.contains("/blobs/") => (Kind::Layer, by_digest()),
            path if path.contains("/manifests/sha256:") => (Kind::Manifest, by_digest()),
            _ => (Kind::Index, self.images.blobs[&self.images.tags[&key]].clone()),
        }
    }
}

/// A response with this status line and these headers.
fn response(head: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// A response whose body is framed as the head says.
fn framed(head: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n").as_bytes(), body].concat()
}

fn html(_: &str, _: &[u8]) -> Reply {
    Reply::Bytes(response("200 OK\r\nContent-Type: text/html", b"<html>Sign in</html>"))
}

fn looping(path: &str, _: &[u8]) -> Reply {
    Reply::Bytes(response(&format!("307 Go\r\nLocation: {path}"), b""))
}

fn busy(_: &str, _: &[u8]) -> Reply {
    Reply::Bytes(response("429 Busy\r\nRetry-After: 100000", b""))
}

fn truncated(_: &str, body: &[u8]) -> Reply {
    let head = format!("Content-Length: {}", body.len());
    Reply::Bytes(framed(&head, &body[..body.len() / 2]))
}

fn endless(_: &str, _: &[u8]) -> Reply {
    Reply::Endless(b"HTTP/1.1 200 OK\r\n\r\n".to_vec())
}

fn endless_head(_: &str, _: &[u8]) -> Reply {
    Reply::Endless(b"HTTP/1.1 200 OK\r\nX-A: ".to_vec())
}

/// Chunks that are none, or have no end.
fn no_chunk(_: &str, _: &[u8]) -> Reply {
    Reply::Bytes(framed("Transfer-Encoding: chunked", b"zz\r\nx\r\n0\r\n\r\n"))
}

fn half_a_chunk(_: &str, body: &[u8]) -> Reply {
    let body = [format!("{:x}\r\n", body.len()).as_bytes(), &body[..body.len() / 2]].concat();
    Reply::Bytes(framed("Transfer-Encoding: chunked", &body))
}

fn huge_chunk(_: &str, _: &[u8]) -> Reply {
    let head = framed("Transfer-Encoding: chunked", b"ffffffffffffffff\r\n");
    Reply::Endless(head)
}

fn no_last_chunk(_: &str, body: &[u8]) -> Reply {
    let body = [format!("{:x}\r\n", body.len()).as_bytes(), body, b"\r\n"].concat();
    Reply::Bytes(framed("Transfer-Encoding: chunked", &body))
}

fn longer(_: &str, body: &[u8]) -> Reply {
    Reply::Bytes(response("200 OK", &[body, b" "].concat()))
}

fn other(_: &str, body: &[u8]) -> Reply {
    let mut bytes = body.to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    Reply::Bytes(response("200 OK", &bytes))
}

static MANY: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let descriptor = format!(r#"{{"digest":"sha256:{}","size":1}}"#, Digest::of(b""));
    let all = vec![descriptor; 1_000_000].join(",");
    let text = format!(r#"{{"schemaVersion":2,"manifests":[{all}],"tags":[]}}"#);
    response(&format!("200 OK\r\nContent-Type: {INDEX}"), text.as_bytes())
});

/// A document with a million descriptors.
fn many(_: &str, _: &[u8]) -> Reply {
    Reply::Bytes(MANY.clone())
}

fn deep(_: &str, _: &[u8]) -> Reply {
    Reply::Bytes(response("200 OK", &[b'['; 100_000]))
}

fn repeating_pages(path: &str, body: &[u8]) -> Reply {
    Reply::Bytes(response(&format!("200 OK\r\nLink: <{path}>; rel=\"next\""), body))
}

fn silence(_: &str, _: &[u8]) -> Reply {
    Reply::Silence
}

fn no_token(_: &str, _: &[u8]) -> Reply {
    Reply::Bytes(response("200 OK", br#"{"token":"","expires_in":1}"#))
}

fn split_token(_: &str, _: &[u8]) -> Reply {
    Reply::Bytes(response("200 OK", br#"{"token":"a\r\nX-Evil: 1"}"#))
}

fn noise(_: &str, _: &[u8]) -> Reply {
    Reply::Bytes(b"\x16\x03\x01\x00\x00\xff\xfe no HTTP\r\n\r\n".to_vec())
}

/// A reply to one kind of request, the exit code, and what is said.
type Attack = (Kind, fn(&str, &[u8]) -> Reply, i32, &'static str);

const ATTACKS: [Attack; 59] = [
    (Kind::Index, html, 5, "returned an HTML page instead of a file"),
    (Kind::Index, looping, 5, "too many redirects"),
    (Kind::Index, busy, 5, "answered with HTTP status 429"),
    (Kind::Index, truncated, 5, "end of file before message length reached"),
    (Kind::Index, endless, 5, "more than 4194304 bytes"),
    (Kind::Index, endless_head, 5, "message head is too large"),
    (Kind::Index, no_chunk, 5, "Invalid chunk size line"),
    (Kind::Index, half_a_chunk, 5, "end of file before message length reached"),
    (Kind::Index, huge_chunk, 5, "more than 4194304 bytes"),
    (Kind::Index, no_last_chunk, 5, "unexpected EOF during chunk size line"),
    (Kind::Index, many, 5, "more than 4194304 bytes"),
    (Kind::Index, deep, 5, "recursion limit exceeded"),
    (Kind::Index, silence, 5, "within 1s"),
    (Kind::Index, noise, 5, "invalid HTTP version parsed"),
    (Kind::Manifest, html, 5, "returned an HTML page instead of a file"),
    (Kind::Manifest, looping, 5, "too many redirects"),
    (Kind::Manifest, busy, 5, "answered with HTTP status 429"),
    (Kind::Manifest, truncated, 5, "end of file before message length reached"),
    (Kind::Manifest, endless, 5, "more than 4194304 bytes"),
    (Kind::Manifest, longer, 6, "expected the digest sha256:"),
    (Kind::Manifest, other, 6, "expected the digest sha256:"),
    (Kind::Manifest, no_chunk, 5, "Invalid chunk size line"),
    (Kind::Manifest, half_a_chunk, 5, "end of file before message length reached"),
    (Kind::Manifest, no_last_chunk, 5, "unexpected EOF during chunk size line"),
    (Kind::Manifest, many, 5, "more than 4194304 bytes"),
    (Kind::Layer, html, 5, "returned an HTML page instead of a file"),
    (Kind::Layer, looping, 5, "too many redirects"),
    (Kind::Layer, busy, 5, "answered with HTTP status 429"),
    (Kind::Layer, truncated, 5, "end of file before message length reached"),
    (Kind::Layer, endless, 6, "size mismatch for"),
    (Kind::Layer, endless_head, 5, "message head is too large"),
    (Kind::Layer, longer, 6, "size mismatch for"),
    (Kind::Layer, other, 6, "checksum mismatch for"),
    (Kind::Layer, no_chunk, 5, "Invalid chunk size line"),
    (Kind::Layer, half_a_chunk, 5, "end of file before message length reached"),
    (Kind::Layer, huge_chunk, 6, "size mismatch for"),
    (Kind::Layer, no_last_chunk, 5, "unexpected EOF during chunk size line"),
    (Kind::Layer, silence, 5, "within 1s"),
    (Kind::Tags, html, 5, "returned an HTML page instead of a file"),
    (Kind::Tags, looping, 5, "too many redirects"),
    (Kind::Tags, busy, 5, "answered with HTTP status 429"),
    (Kind::Tags, truncated, 5, "end of file before message length reached"),
    (Kind::Tags, endless, 5, "more than 4194304 bytes"),
    (Kind::Tags, many, 5, "more than 4194304 bytes"),
    (Kind::Tags, repeating_pages, 5, "a page of its list repeats"),
    (Kind::Tags, deep, 5, "recursion limit exceeded"),
    (Kind::Tags, no_chunk, 5, "Invalid chunk size line"),
    (Kind::Token, html, 5, "returned an HTML page instead of a file"),
    (Kind::Token, looping, 5, "/token answered with HTTP status 307"),
    (Kind::Token, busy, 5, "answered with HTTP status 429"),
    (Kind::Token, truncated, 5, "end of file before message length reached"),
    (Kind::Token, endless, 5, "more than 262144 bytes"),
    (Kind::Token, many, 5, "more than 262144 bytes"),
    (Kind::Token, deep, 5, "not the response of a realm"),
    (Kind::Token, no_token, 5, "it has no token"),
    (Kind::Token, split_token, 5, "it has no token"),
    (Kind::Token, no_chunk, 5, "Invalid chunk size line"),
    (Kind::Token, silence, 5, "within 1s"),
    (Kind::Token, noise, 5, "invalid HTTP version parsed"),
];

/// `loom get` with little memory, which waits this many seconds for an answer.
fn get(sandbox: &Sandbox, source: &str, timeout: u64, version: &[&str]) -> Run {
    let script = format!("ulimit -d {MEMORY} && exec \"$0\" \"$@\"");
    let mut command = sandbox.command("/bin/sh");
    command.args(["-c", &script]).arg(Sandbox::program());
    let table =
        format!("[[sources]]\ntype = \"oci\"\nurl = \"{source}\"\ntimeout = \"{timeout}s\"\n");
    sandbox.write_user_config(&table);
    let args = [&["get", "-v"], version].concat();
    command.args(&args);
    sandbox.start(&args, command).wait()
}

#[test]
fn a_hostile_registry_ends_in_a_named_error_and_changes_nothing() {
    let sandbox = Sandbox::new();
    let plain = Plain::of(&["0.1.0"]);
    sandbox.loom(&["get", "0.1.0", "--source", &plain.url()]).ok();
    let files = || ["bin", "objects", "releases", "store"].map(|folder| sandbox.files(folder));
    let before = files();
    LazyLock::force(&MANY);
    for (number, (kind, reply, code, text)) in ATTACKS.into_iter().enumerate() {
        let source = HostileRegistry::start(kind, reply);
        // A list of tags is asked for where no version is named.
        let version: &[&str] = if kind == Kind::Tags { &["--version", "0.2"] } else { &["0.2.0"] };
        let timeout = if text == "within 1s" { 1 } else { 20 };
        let begun = Instant::now();
        let run = get(&sandbox, &source, timeout, version);
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(30), "attack {number} on {kind:?}: {took:?}");
        let said = run.code(code).stderr();
        assert!(said.contains(text), "attack {number} on {kind:?}: expected {text:?}: {said}");
        assert_eq!(files(), before, "attack {number} on {kind:?}");
    }
    sandbox.verify();
    // Without an attack it is a registry like any other.
    let source =
        HostileRegistry::start(Kind::Token, |_, body| Reply::Bytes(response("200 OK", body)));
    get(&sandbox, &source, 20, &["0.2.0"]).ok();
}
