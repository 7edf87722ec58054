//! A registry that answers with something else: each time a named error.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    time::Duration,
};

use loom_http::NetworkSettings;
use loom_oci::OciOptions;
use loom_source::{
    Digest, ListingScope, Source as _, SourceError, SourceErrorKind, contract::product,
};
use serde_json::json;

use crate::support::{offer, password, read, source, with_login};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// What a registry answers to a path: the head of the response, and its body.
type Answer = Box<dyn Fn(&str) -> (String, Vec<u8>) + Send>;

/// A registry that answers as it is told.
struct HostileRegistry {
    address: String,
    /// The requests: their first lines, and whether they had a login.
    requests: Arc<Mutex<Vec<(String, bool)>>>,
}

impl HostileRegistry {
    fn start(answer: impl Fn(&str) -> (String, Vec<u8>) + Send + 'static) -> Self {
        let answer: Answer = Box::new(answer);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let requests: Arc<Mutex<Vec<(String, bool)>>> = Arc::default();
        let log = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let _ = serve(&answer, &log, stream);
            }
        });
        Self { address, requests }
    }

    async fn error(&self) -> SourceError {
        self.error_with(with_login(password())).await
    }

    async fn error_with(&self, options: OciOptions) -> SourceError {
        offer(&source(&self.address, options)).await.unwrap_err()
    }
}

fn serve(
    answer: &Answer,
    log: &Mutex<Vec<(String, bool)>>,
    stream: TcpStream,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut has_login = false;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        has_login |= line.to_ascii_lowercase().starts_with("authorization:");
    }
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    log.lock().unwrap().push((path.clone(), has_login));
    let (head, body) = answer(&path);
    let mut stream = reader.into_inner();
    let is_endless = head.contains("X-Endless");
    let length =
        if is_endless { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    stream.write_all(format!("HTTP/1.1 {head}\r\n{length}Connection: close\r\n\r\n").as_bytes())?;
    stream.write_all(&body)?;
    if is_endless {
        loop {
            stream.write_all(&[b' '; 65536])?;
        }
    }
    Ok(())
}

fn ok(media_type: &str, body: impl Into<Vec<u8>>) -> (String, Vec<u8>) {
    (format!("200 OK\r\nContent-Type: {media_type}"), body.into())
}

/// An index with the manifest for Linux on x86-64, whose descriptor states these.
fn index(digest: &str, size: usize, media_type: &str) -> Vec<u8> {
    let platform = json!({"os": "linux", "architecture": "amd64"});
    let manifest =
        json!({"mediaType": media_type, "digest": digest, "size": size, "platform": platform});
    json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [manifest]})
        .to_string()
        .into_bytes()
}

/// A registry whose index has this descriptor for `manifest`.
fn with_manifest(
    manifest: &str,
    digest: Option<String>,
    size: usize,
    media_type: &str,
) -> HostileRegistry {
    let digest = digest.unwrap_or_else(|| format!("sha256:{}", Digest::of(manifest.as_bytes())));
    let index = index(&digest, size, media_type);
    let manifest = manifest.to_owned();
    HostileRegistry::start(move |path| match path.ends_with("/0.2.0") {
        true => ok(INDEX, index.clone()),
        false => ok(MANIFEST, manifest.clone()),
    })
}

fn reason(error: &SourceError) -> String {
    match &error.kind {
        SourceErrorKind::Malformed { reason } => format!("malformed: {reason}"),
        SourceErrorKind::Damaged { reason } => format!("damaged: {reason}"),
        other => format!("{}: {error}", other.as_str()),
    }
}

#[tokio::test]
async fn a_manifest_has_the_digest_the_size_and_the_type_that_the_index_states() {
    let manifest = r#"{"schemaVersion":2,"layers":[]}"#;
    let size = manifest.len();
    let other = format!("sha256:{}", Digest::of(b"other"));
    for (registry, why) in [
        (
            with_manifest(manifest, Some(other), size, MANIFEST),
            "damaged: expected the digest sha256:",
        ),
        (with_manifest(manifest, None, size + 1, MANIFEST), "damaged: expected 32 bytes"),
        (with_manifest(manifest, None, size, "text/html"), "malformed: expected the media type"),
        (with_manifest(manifest, None, size, INDEX), "malformed: expected the media type"),
        (
            with_manifest(manifest, Some("sha256:00".into()), size, MANIFEST),
            "malformed: not a SHA-256",
        ),
        (
            with_manifest(manifest, Some("sha512:00".into()), size, MANIFEST),
            "malformed: not a SHA-256",
        ),
        (with_manifest(manifest, None, size, MANIFEST), "malformed: none of its layers"),
        (
            with_manifest(r#"{"schemaVersion":2,"manifests":[]}"#, None, 34, MANIFEST),
            "malformed: expected a manifest",
        ),
    ] {
        let error = reason(&registry.error().await);
        assert!(error.contains(why), "{why}: {error}");
    }
}

#[tokio::test]
async fn an_index_has_the_digest_that_the_registry_states() {
    let registry = HostileRegistry::start(|_| {
        let digest = format!("Docker-Content-Digest: sha256:{}", Digest::of(b"other"));
        (format!("200 OK\r\n{digest}"), index("sha256:00", 1, MANIFEST))
    });
    let error = reason(&registry.error().await);
    assert!(error.starts_with("damaged: expected the digest"), "{error}");
}

#[tokio::test]
async fn a_document_has_a_limit() {
    let descriptor =
        json!({"digest": format!("sha256:{}", Digest::of(b"")), "size": 1}).to_string();
    let many = vec![descriptor; 1_000_000].join(",");
    let text = format!(r#"{{"schemaVersion":2,"manifests":[{many}]}}"#);
    let registry = HostileRegistry::start(move |_| ok(INDEX, text.clone()));
    let error = reason(&registry.error().await);
    assert!(error.contains("malformed: it has more than 4194304 bytes"), "{error}");
    let small = vec!["{\"digest\":\"\",\"size\":1}"; 100_000].join(",");
    let text = format!(r#"{{"schemaVersion":2,"manifests":[{small}]}}"#);
    let registry = HostileRegistry::start(move |_| ok(INDEX, text.clone()));
    let error = reason(&registry.error().await);
    assert!(error.contains("at most 10000 elements"), "{error}");
    let endless = HostileRegistry::start(|_| ("200 OK\r\nX-Endless: 1".to_owned(), b"{".to_vec()));
    let error = reason(&endless.error().await);
    assert!(error.contains("malformed: it has more than 4194304 bytes"), "{error}");
}

#[tokio::test]
async fn pages_and_statuses_are_named() {
    let html = HostileRegistry::start(|_| ok("text/html; charset=utf-8", "<html>Sign in</html>"));
    assert_eq!(html.error().await.kind, SourceErrorKind::HtmlPage);
    let text = HostileRegistry::start(|_| ok("text/plain", "<html>Sign in</html>"));
    assert!(reason(&text.error().await).starts_with("malformed: expected value"));
    let looping = HostileRegistry::start(|path| (format!("307 Go\r\nLocation: {path}?x"), vec![]));
    assert!(matches!(looping.error().await.kind, SourceErrorKind::Redirect { .. }));
    let busy = HostileRegistry::start(|_| ("429 Busy\r\nRetry-After: 100".to_owned(), vec![]));
    let retry_after = Some(Duration::from_secs(100));
    assert_eq!(busy.error().await.kind, SourceErrorKind::HttpStatus { status: 429, retry_after });
    assert_eq!(busy.requests.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_pause_that_a_registry_asks_for_is_kept() {
    let answers = Mutex::new(0);
    let registry = HostileRegistry::start(move |_| {
        *answers.lock().unwrap() += 1;
        match *answers.lock().unwrap() {
            1 => ("429 Busy\r\nRetry-After: 1".to_owned(), vec![]),
            _ => ("404 Not Found".to_owned(), vec![]),
        }
    });
    let begun = std::time::Instant::now();
    assert!(offer(&source(&registry.address, OciOptions::default())).await.unwrap().is_none());
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!(registry.requests.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_list_of_tags_ends() {
    let repeating = HostileRegistry::start(|path| {
        let link = format!("Link: <{path}>; rel=\"next\"");
        (format!("200 OK\r\n{link}"), br#"{"tags":["0.1.0"]}"#.to_vec())
    });
    let endless = HostileRegistry::start(|path| {
        let next = path.rsplit('=').next().unwrap().parse::<u64>().unwrap() + 1;
        let path = path.split('?').next().unwrap();
        let link = format!("Link: <{path}?last={next}>; rel=\"next\"");
        (format!("200 OK\r\n{link}"), br#"{"tags":[]}"#.to_vec())
    });
    let elsewhere = HostileRegistry::start(|_| {
        let link = "Link: <http://127.0.0.1:1/v2/x/tags/list>; rel=\"next\"";
        (format!("200 OK\r\n{link}"), br#"{"tags":[]}"#.to_vec())
    });
    for (registry, why) in
        [(repeating, "repeats"), (endless, "more than 1000 pages"), (elsewhere, "leads elsewhere")]
    {
        let source = source(&registry.address, OciOptions::default());
        let error = source.list(&product(), ListingScope::All).await.unwrap_err();
        assert!(error.to_string().contains(why), "{why}: {error}");
    }
}

#[tokio::test]
async fn a_list_of_referrers_ends() {
    let layer = json!({
        "mediaType": "application/octet-stream", "digest": format!("sha256:{}", Digest::of(b"x")), "size": 1,
        "annotations": {"org.opencontainers.image.title": "loom-bridge-server-0.2.0-linux-x86_64.tar.gz"},
    });
    let manifest =
        json!({"schemaVersion": 2, "mediaType": MANIFEST, "layers": [layer]}).to_string();
    let digest = format!("sha256:{}", Digest::of(manifest.as_bytes()));
    let index = index(&digest, manifest.len(), MANIFEST);
    let one = json!({"mediaType": MANIFEST, "digest": digest, "size": 1});
    let few = json!({"schemaVersion": 2, "manifests": [one]}).to_string();
    let many = json!({"schemaVersion": 2, "manifests": vec![one; 10_000]}).to_string();
    for (list, next, why) in [
        (few.clone(), "", "repeats"),
        (few, "?last=PAGE", "more than 1000 pages"),
        (many, "?last=PAGE", "more than 100000 entries"),
    ] {
        let (index, manifest, pages) = (index.clone(), manifest.clone(), Mutex::new(0));
        let registry = HostileRegistry::start(move |path| match path {
            path if path.ends_with("/0.2.0") => ok(INDEX, index.clone()),
            path if path.contains("/referrers/") => {
                *pages.lock().unwrap() += 1;
                let next = next.replace("PAGE", &pages.lock().unwrap().to_string());
                let path = path.split('?').next().unwrap();
                let link = format!("Link: <{path}{next}>; rel=\"next\"");
                (format!("200 OK\r\nContent-Type: {INDEX}\r\n{link}"), list.clone().into_bytes())
            }
            _ => ok(MANIFEST, manifest.clone()),
        });
        let options = OciOptions { evidence: true, ..OciOptions::default() };
        let error = registry.error_with(options).await.to_string();
        assert!(error.contains(why), "{why}: {error}");
    }
}

#[tokio::test]
async fn a_login_stays_at_the_registry() {
    let other = HostileRegistry::start(|_| ok("application/octet-stream", "x"));
    let target = other.address.clone();
    let registry = HostileRegistry::start(move |path| match path.contains("/blobs/") {
        true => (format!("307 Go\r\nLocation: http://{target}/cdn"), vec![]),
        false => ("401 No\r\nWWW-Authenticate: Basic realm=x".to_owned(), vec![]),
    });
    let source = source(&registry.address, with_login(password()));
    assert!(offer(&source).await.is_err());
    let asset = loom_source::AssetRef::new(format!(
        "team/loom/loom-bridge-server@sha256:{}",
        Digest::of(b"x")
    ));
    assert_eq!(read(&source, &asset, 0).await.unwrap(), b"x");
    assert_eq!(*other.requests.lock().unwrap(), [("/cdn".to_owned(), false)]);
    assert!(registry.requests.lock().unwrap().iter().any(|(_, has_login)| *has_login));
}

#[tokio::test]
async fn a_realm_beyond_this_machine_without_encryption_gets_no_login() {
    let registry = HostileRegistry::start(|_| {
        let realm = "WWW-Authenticate: Bearer realm=\"http://realm.invalid/token\"";
        (format!("401 No\r\n{realm}"), vec![])
    });
    let network = NetworkSettings { allow_http: true, ..NetworkSettings::default() };
    let error = registry.error_with(OciOptions { network, ..with_login(password()) }).await;
    assert!(reason(&error).contains("is not encrypted; it gets no login"), "{error}");
}

#[tokio::test]
async fn a_registry_that_never_accepts_is_asked_a_few_times() {
    let realm = HostileRegistry::start(|_| ok("application/json", r#"{"token":"t"}"#));
    for status in [401, 403] {
        let address = realm.address.clone();
        let registry = HostileRegistry::start(move |_| {
            let realm = format!("WWW-Authenticate: Bearer realm=\"http://{address}/token\"");
            (format!("{status} No\r\n{realm}"), vec![])
        });
        let error = registry.error().await;
        assert!(matches!(error.kind, SourceErrorKind::AccessDenied(_)), "{error}");
        assert!(registry.requests.lock().unwrap().len() <= 3);
    }
    assert!(realm.requests.lock().unwrap().len() <= 4);
}
