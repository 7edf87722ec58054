//! Publishing to a registry that fails, or that is hostile: each time a named error, and nothing that is half published.

use std::{
    slice,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use loom_base::Backoff;
use loom_http::{NetworkSettings, RequestRetry};
use loom_oci::{
    ImagePublisher, ImageWriteError, Oci, OciLocation, OciOptions, publish::ReleaseImage,
};
use loom_source::SourceErrorKind;
use loom_test_support::{
    docker_registry::{DockerRegistry, RegistryAccess},
    ferro_registry::FerroRegistry,
};

use crate::{
    failing_registry::{FailingRegistry, Passage, PassingRequest},
    releases::{LINUX, Releases, check, publish, signed},
    support::{offer, password, with_login},
};

/// Options with short pauses, and a time limit of a second.
fn impatient() -> OciOptions {
    let backoff = Backoff { first: Duration::from_millis(1), longest: Duration::from_millis(10) };
    let retry = RequestRetry { attempts: 3, backoff };
    let network =
        NetworkSettings { timeout: Duration::from_secs(1), retry, ..NetworkSettings::default() };
    OciOptions { network, ..OciOptions::default() }
}

fn to(address: &str, prefix: &str, options: OciOptions) -> ImagePublisher {
    let url = format!("oci://{address}/{prefix}").parse().unwrap();
    ImagePublisher::open(OciLocation::Registry(url), options).unwrap()
}

fn from(address: &str, prefix: &str) -> Oci {
    let url = format!("oci://{address}/{prefix}").parse().unwrap();
    let options = OciOptions { evidence: true, ..OciOptions::default() };
    Oci::open(OciLocation::Registry(url), options).unwrap()
}

/// A release with one signature.
fn release(folder: &Releases) -> ReleaseImage {
    let mut release = signed(folder.release(LINUX, "linux"));
    release.evidence.truncate(1);
    release
}

/// The kind of a request: what is written or asked for.
fn kind(request: &PassingRequest) -> &'static str {
    let PassingRequest { method, path, .. } = request;
    match (method.as_str(), path) {
        ("POST", _) => "begin",
        ("PUT", path) if path.contains("/blobs/") => "blob",
        ("PUT", path) if path.ends_with("/manifests/0.2.0") => "tag",
        ("PUT", _) => "document",
        ("HEAD", path) if path.contains("/blobs/") => "look",
        _ => "other",
    }
}

/// The error of publishing where this becomes of requests of a kind.
async fn error_at(
    registry: &DockerRegistry,
    at: &'static str,
    passage: impl Fn() -> Passage + Send + 'static,
) -> (ImageWriteError, Vec<PassingRequest>) {
    let folder = Releases::new();
    let line = FailingRegistry::before(&registry.address, move |request| match kind(request) {
        one if one == at => passage(),
        _ => Passage::Passed,
    });
    let prefix = format!("of/{}", line.address.rsplit(':').next().unwrap());
    let begun = Instant::now();
    let publisher = to(&line.address, &prefix, impatient());
    let error = publish(&publisher, &[release(&folder)]).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(20), "{at}: {:?}", begun.elapsed());
    // The tag is the last thing that is written.
    assert!(offer(&from(&registry.address, &prefix)).await.unwrap().is_none());
    let text = loom_base::error_chain(&error);
    let is_named = [line.address.as_str(), "registry.invalid"].iter().any(|at| text.contains(at));
    assert!(is_named, "the error of {at} names no URL: {text}");
    (error, line.requests())
}

fn cause(error: &ImageWriteError) -> &SourceErrorKind {
    match error {
        ImageWriteError::Answer(error) => &error.kind,
        other => panic!("{other}"),
    }
}

/// The number of blobs that a registry has got in a repository.
fn received(requests: &[String], prefix: &str) -> usize {
    let is_blob = |request: &&String| {
        request.starts_with(&format!("PUT /v2/{prefix}/"))
            && request.contains("/blobs/uploads/")
            && request.ends_with(" 201")
    };
    requests.iter().filter(is_blob).count()
}

/// Publishes over a line that breaks at every second request in turn from the one with this number on, and once more over one that
/// does not. Returns the prefixes.
async fn broken(registry: &str, first: usize, cut: fn() -> Passage) -> Vec<String> {
    let folder = Releases::new();
    let release = release(&folder);
    let line = FailingRegistry::before(registry, |_| Passage::Passed);
    let mut prefixes = Vec::new();
    for from_here in (first..).step_by(2) {
        let prefix = format!("cut/at{from_here}");
        line.set(move |request| match request.number >= from_here {
            true => cut(),
            false => Passage::Passed,
        });
        let publisher = to(&line.address, &prefix, impatient());
        let published = publish(&publisher, slice::from_ref(&release)).await;
        if line.requests().len() <= from_here {
            published.unwrap();
            break;
        }
        let error = published.unwrap_err();
        assert!(error.to_string().contains(&line.address), "{error}");
        let source = from(registry, &prefix);
        if let Some(offer) = offer(&source).await.unwrap() {
            assert_eq!(offer.evidence.len(), 1, "a tag without its signatures: {prefix}");
            check(&source, &release).await;
        }
        line.set(|_| Passage::Passed);
        let publisher = to(&line.address, &prefix, impatient());
        publish(&publisher, slice::from_ref(&release)).await.unwrap();
        check(&source, &release).await;
        assert_eq!(offer(&source).await.unwrap().unwrap().evidence.len(), 1, "{prefix}");
        prefixes.push(prefix);
    }
    prefixes
}

/// Nothing is half published, and the next run sends what is missing: each blob arrives once.
async fn breaks(first: usize, cut: fn() -> Passage) {
    let registry = DockerRegistry::start(&RegistryAccess::Open);
    let prefixes = broken(&registry.address, first, cut).await;
    assert!(prefixes.len() > 10, "{} requests", prefixes.len());
    let requests = registry.requests();
    for prefix in prefixes {
        assert_eq!(received(&requests, &prefix), 5, "{prefix}: a blob was sent twice");
    }
}

#[tokio::test]
async fn a_line_that_breaks_in_the_middle_leaves_nothing_half_published() {
    breaks(0, || Passage::CutInTheMiddle).await;
}

#[tokio::test]
async fn what_arrived_although_its_answer_was_lost_is_not_sent_again() {
    breaks(1, || Passage::AnswerLost).await;
}

#[tokio::test]
async fn a_registry_that_is_busy_is_asked_again() {
    let folder = Releases::new();
    let registry = DockerRegistry::start(&RegistryAccess::Open);
    for (number, (busy, at)) in [
        ("503 Busy", "begin"),
        ("500 Broken", "blob"),
        ("502 Broken", "document"),
        ("503 Busy", "tag"),
        ("429 Slow\r\nRetry-After: 1", "look"),
        ("429 Slow\r\nRetry-After: 1", "begin"),
        ("429 Slow\r\nRetry-After: 1", "blob"),
        ("429 Slow\r\nRetry-After: 1", "document"),
        ("503 Slow\r\nRetry-After: 1", "tag"),
    ]
    .into_iter()
    .enumerate()
    {
        let is_first = AtomicBool::new(true);
        let line = FailingRegistry::before(&registry.address, move |request| {
            match kind(request) == at && is_first.swap(false, Ordering::Relaxed) {
                true => Passage::Answered(busy.to_owned(), Vec::new()),
                false => Passage::Passed,
            }
        });
        let prefix = format!("busy/{number}");
        let (begun, publisher) = (Instant::now(), to(&line.address, &prefix, impatient()));
        publish(&publisher, &[release(&folder)]).await.unwrap();
        let is_kept = !busy.contains("Retry-After") || begun.elapsed() >= Duration::from_secs(1);
        assert!(is_kept, "{busy} at {at}: {:?}", begun.elapsed());
        check(&from(&registry.address, &prefix), &release(&folder)).await;
        assert_eq!(received(&registry.requests(), &prefix), 5, "{busy} at {at}");
    }
}

#[tokio::test]
async fn a_registry_that_stays_busy_is_named() {
    let registry = DockerRegistry::start(&RegistryAccess::Open);
    for at in ["look", "begin", "blob", "document", "tag"] {
        let busy = || Passage::Answered("503 Busy".to_owned(), Vec::new());
        let (error, requests) = error_at(&registry, at, busy).await;
        assert!(
            matches!(cause(&error), SourceErrorKind::HttpStatus { status: 503, .. }),
            "{error}"
        );
        let count = requests.iter().filter(|request| kind(request) == at).count();
        assert!((3..=9).contains(&count), "{at}: {count}");
        // Nobody waits for a day.
        let slow = "429 Slow\r\nRetry-After: 100000";
        let slow = || Passage::Answered(slow.to_owned(), Vec::new());
        let (error, requests) = error_at(&registry, at, slow).await;
        assert!(
            matches!(cause(&error), SourceErrorKind::HttpStatus { status: 429, .. }),
            "{error}"
        );
        assert_eq!(requests.iter().filter(|request| kind(request) == at).count(), 1);
    }
}

#[tokio::test]
async fn pages_endless_answers_and_redirects_are_named() {
    let registry = DockerRegistry::start(&RegistryAccess::Open);
    let page = || {
        let head = "200 OK\r\nContent-Type: text/html; charset=utf-8".to_owned();
        Passage::Answered(head, b"<html>Sign in</html>".to_vec())
    };
    for at in ["look", "begin", "blob", "document", "tag"] {
        let (error, _) = error_at(&registry, at, page).await;
        assert_eq!(*cause(&error), SourceErrorKind::HtmlPage, "{at}");
    }
    for (at, status) in [("begin", "202 Accepted"), ("blob", "201 Created"), ("tag", "201 Created")]
    {
        let endless = move || Passage::Endless(status.to_owned());
        let (error, _) = error_at(&registry, at, endless).await;
        assert!(error.to_string().contains("more than 262144 bytes"), "{at}: {error}");
        let looping = || Passage::Answered("307 Go\r\nLocation: /v2/loop".to_owned(), Vec::new());
        let (error, requests) = error_at(&registry, at, looping).await;
        assert!(
            matches!(cause(&error), SourceErrorKind::HttpStatus { status: 307, .. }),
            "{error}"
        );
        assert!(!requests.iter().any(|request| request.path == "/v2/loop"), "{at}");
    }
}

#[tokio::test]
async fn a_registry_keeps_what_it_accepts() {
    let registry = DockerRegistry::start(&RegistryAccess::Open);
    // It states another digest.
    for at in ["blob", "document"] {
        let other = || {
            Passage::Changed(Box::new(|head| {
                let lines = head.lines().map(|line| {
                    match line.to_ascii_lowercase().starts_with("docker-content-digest:") {
                        true => format!("Docker-Content-Digest: sha256:{}", "0".repeat(64)),
                        false => line.to_owned(),
                    }
                });
                lines.collect::<Vec<_>>().join("\r\n")
            }))
        };
        let (error, _) = error_at(&registry, at, other).await;
        assert!(error.to_string().contains(&"0".repeat(64)), "{at}: {error}");
    }
    // It accepts, and keeps nothing.
    for at in ["blob", "document", "tag"] {
        let accepted = || Passage::Answered("201 Created".to_owned(), Vec::new());
        let (error, _) = error_at(&registry, at, accepted).await;
        assert!(error.to_string().contains("accepted"), "{at}: {error}");
        assert!(matches!(cause(&error), SourceErrorKind::Damaged { .. }), "{at}: {error}");
    }
    // It keeps something else.
    let other = || {
        Passage::Replaced(br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#.to_vec())
    };
    let folder = Releases::new();
    let line = FailingRegistry::before(&registry.address, move |request| match kind(request) {
        "tag" => other(),
        _ => Passage::Passed,
    });
    let publisher = to(&line.address, "other", impatient());
    let error = publish(&publisher, &[release(&folder)]).await.unwrap_err();
    assert!(error.to_string().contains("expected the digest sha256:"), "{error}");
    // One byte is missing of a blob that is there: it is sent again.
    let line = FailingRegistry::before(&registry.address, |request| match kind(request) {
        "look" => Passage::Changed(Box::new(|head| {
            let lines = head.lines().map(|line| match line.strip_prefix("Content-Length: ") {
                Some(length) => format!("Content-Length: {}", length.parse::<u64>().unwrap() - 1),
                None => line.to_owned(),
            });
            lines.collect::<Vec<_>>().join("\r\n")
        })),
        _ => Passage::Passed,
    });
    let publisher = to(&line.address, "short", impatient());
    let error = publish(&publisher, &[release(&folder)]).await.unwrap_err();
    assert!(error.to_string().contains("accepted, and are not there"), "{error}");
}

/// A `Location` that is replaced by this one, with the path that it has.
fn located(at: String) -> impl Fn() -> Passage + Send + 'static {
    move || {
        let at = at.clone();
        Passage::Changed(Box::new(move |head| {
            let lines = head.lines().map(|line| match line.strip_prefix("Location: http://") {
                Some(rest) => {
                    let (_, path) = rest.split_once('/').unwrap();
                    format!("Location: {}", at.replace("PATH", path))
                }
                None => line.to_owned(),
            });
            lines.collect::<Vec<_>>().join("\r\n")
        }))
    }
}

#[tokio::test]
async fn a_login_is_never_sent_to_where_an_upload_goes_on() {
    let folder = Releases::new();
    let registry = DockerRegistry::start(&RegistryAccess::Password);
    let free = DockerRegistry::start(&RegistryAccess::Open);
    let options = || OciOptions { network: impatient().network, ..with_login(password()) };
    // Another server gets the blob without the login, and what the registry says is its login is not sent either.
    for login in ["", "ada:other@"] {
        let other = FailingRegistry::before(&free.address, |_| {
            Passage::Answered("201 Created".to_owned(), Vec::new())
        });
        let location = located(format!("http://{login}{}/PATH", other.address));
        let line = FailingRegistry::before(&registry.address, move |request| match kind(request) {
            "begin" => location(),
            _ => Passage::Passed,
        });
        let publisher = to(&line.address, "elsewhere", options());
        let error = publish(&publisher, &[release(&folder)]).await.unwrap_err();
        assert!(error.to_string().contains("accepted, and are not there"), "{error}");
        let requests = other.requests();
        assert!(!requests.is_empty() && requests.iter().all(|one| !one.has_login), "{requests:?}");
        assert!(line.requests().iter().any(|one| one.has_login));
    }
    // On the registry itself the login is our own.
    let line = FailingRegistry::before(&registry.address, |_| Passage::Passed);
    let location = located(format!("http://ada:other@{}/PATH", line.address));
    line.set(move |request| match kind(request) {
        "begin" => location(),
        _ => Passage::Passed,
    });
    publish(&to(&line.address, "own", options()), &[release(&folder)]).await.unwrap();
    // Neither a file nor a server without encryption beyond this machine.
    for (at, why) in [
        ("file:///etc/passwd", "its upload goes on at no http URL"),
        ("http://registry.invalid/PATH", "registry.invalid"),
    ] {
        let (error, _) = error_at(&free, "begin", located_at(at)).await;
        let text = loom_base::error_chain(&error);
        assert!(text.contains(why), "{at}: {text}");
    }
}

fn located_at(at: &str) -> impl Fn() -> Passage + Send + 'static {
    located(at.to_owned())
}

#[tokio::test]
async fn a_registry_with_a_list_of_referrers_is_gone_on_with() {
    let registry = FerroRegistry::start();
    let prefixes = broken(&registry.address.to_string(), 0, || Passage::AnswerLost).await;
    // Its repositories share their blobs: the later ones need fewer requests.
    assert!(prefixes.len() > 4, "{} requests", prefixes.len());
}
