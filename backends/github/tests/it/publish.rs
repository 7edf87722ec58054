//! Publishing: a draft until it is complete, resumed where it was interrupted, and never changed once it is public.

use std::{fs, sync::Mutex, time::Duration};

use loom_base::Backoff;
use loom_github::publish::{
    Publication, PublishError, PublishEvent, PublishFile, PublishRequest, Publisher,
};
use loom_http::RequestRetry;
use loom_source::{Digest, SourceErrorKind, TokenState};
use loom_test_support::github::{
    GithubAsset, GithubFault, GithubRelease, GithubServer, GithubService, Repository, ShownDigest,
};

use crate::support::options;

/// A server with the tag v0.2.0, and the files of the release.
struct Stage {
    server: GithubServer,
    folder: tempfile::TempDir,
    request: PublishRequest,
}

impl Stage {
    fn new() -> Self {
        Self::on(Repository::default())
    }

    fn on(mut repository: Repository) -> Self {
        repository.git_tags.push("v0.2.0".into());
        let folder = tempfile::tempdir().unwrap();
        // Larger than what is sent at once.
        let large: Vec<u8> = (0..700_000_u32).map(|n| (n / 7) as u8).collect();
        let files =
            [("a.tar.gz", large), ("a.tar.gz.sha256", b"x\n".to_vec()), ("b.zip", b"b".to_vec())];
        let files = files.map(|(name, bytes)| {
            let path = folder.path().join(name);
            fs::write(&path, &bytes).unwrap();
            let (size, sha256) = (bytes.len() as u64, Digest::of(&bytes));
            PublishFile { name: name.to_owned(), path, size, sha256 }
        });
        let request = PublishRequest {
            tag: "v0.2.0".to_owned(),
            commit: None,
            notes: Some("The notes.".to_owned()),
            prerelease: false,
            files: files.into(),
        };
        Self { server: GithubServer::start(repository), folder, request }
    }

    fn publisher(&self, token: Option<&str>) -> Publisher {
        let mut options = options(&self.server, token);
        let backoff =
            Backoff { first: Duration::from_millis(1), longest: Duration::from_millis(5) };
        options.network.retry = RequestRetry { attempts: 1, backoff };
        Publisher::open(options).unwrap()
    }

    async fn publish(&self) -> Result<Publication, PublishError> {
        let publisher = self.publisher(Some("right-t0ken"));
        publisher.publish(&self.request, &|_| ()).await
    }

    /// The release at the server: whether it is a draft, and its complete assets.
    fn release(&self) -> Option<(bool, Vec<String>)> {
        self.server.repository(|repository| {
            let release = repository.releases.iter().find(|release| release.tag == "v0.2.0")?;
            let complete = release.assets.iter().filter(|asset| asset.uploaded);
            Some((release.draft, complete.map(|asset| asset.name.clone()).collect()))
        })
    }

    /// The methods of the requests that change something.
    fn changes(&self) -> Vec<String> {
        let requests = self.server.requests();
        requests.into_iter().map(|seen| seen.method).filter(|method| method != "GET").collect()
    }

    /// Whether the server has exactly the files.
    fn assert_complete(&self) {
        let assets = self.server.repository(|repository| {
            let release = repository.releases.iter().find(|release| release.tag == "v0.2.0");
            release.unwrap().assets.clone()
        });
        assert_eq!(assets.len(), self.request.files.len());
        for file in &self.request.files {
            let asset = assets.iter().find(|asset| asset.name == file.name).unwrap();
            assert_eq!(Digest::of(&asset.bytes), file.sha256, "{}", file.name);
            assert!(asset.uploaded, "{}", file.name);
        }
    }
}

/// All files of the stage.
const ALL: [&str; 3] = ["a.tar.gz", "a.tar.gz.sha256", "b.zip"];

#[tokio::test]
async fn a_release_is_a_draft_until_it_is_complete() {
    let stage = Stage::new();
    let seen = Mutex::new(Vec::new());
    let observer = |event: PublishEvent<'_>| {
        if let PublishEvent::Publishing { .. } = event {
            *seen.lock().unwrap() = vec![stage.release().unwrap()];
        }
    };
    let publisher = stage.publisher(Some("right-t0ken"));
    let published = publisher.publish(&stage.request, &observer).await.unwrap();
    assert_eq!(published.uploaded, ALL);
    assert!(published.published && published.kept.is_empty() && published.other.is_empty());
    assert!(published.url.ends_with("/o/r/releases/tag/v0.2.0"), "{}", published.url);
    let before = seen.lock().unwrap()[0].clone();
    assert_eq!(before, (true, ALL.map(str::to_owned).to_vec()));
    assert!(!stage.release().unwrap().0, "it is public");
    stage.assert_complete();
    let body = stage.server.repository(|repository| repository.releases[0].body.clone());
    assert_eq!(body, "The notes.");
}

#[tokio::test]
async fn publishing_again_changes_nothing() {
    let stage = Stage::new();
    stage.publish().await.unwrap();
    stage.server.clear_requests();
    let again = stage.publish().await.unwrap();
    assert_eq!(again.kept, ALL);
    assert!(!again.published && again.uploaded.is_empty());
    assert!(stage.changes().is_empty(), "{:?}", stage.changes());
    assert_eq!(stage.server.count(GithubService::Api), 2);
}

#[tokio::test]
async fn an_interrupted_upload_is_made_again_in_the_same_run() {
    for fault in [
        GithubFault::AbortUpload(0),
        GithubFault::AbortUpload(300_000),
        GithubFault::Status(502, Vec::new(), "Bad Gateway"),
    ] {
        let stage = Stage::new();
        stage.server.fault(GithubService::Api, "/assets", fault.clone(), 2);
        let published = stage.publish().await.unwrap();
        assert!(published.published, "{fault:?}");
        stage.assert_complete();
        // Each incomplete asset was deleted.
        let deleted = stage.changes().iter().filter(|method| *method == "DELETE").count();
        assert_eq!(deleted, 2, "{fault:?}");
    }
}

#[tokio::test]
async fn a_run_that_ended_early_is_resumed() {
    let stage = Stage::new();
    let b = &stage.request.files[2];
    let publisher = stage.publisher(Some("right-t0ken"));
    // The first two files arrive, then the server fails for good.
    let fail = |event: PublishEvent<'_>| {
        if matches!(event, PublishEvent::Uploading { name, .. } if name == b.name) {
            stage.server.fault(GithubService::Api, "", GithubFault::Status(502, vec![], "x"), 20);
        }
    };
    let error = publisher.publish(&stage.request, &fail).await.unwrap_err();
    let PublishError::Request(error) = error else { panic!("{error}") };
    assert!(matches!(error.kind, SourceErrorKind::HttpStatus { status: 502, .. }), "{error}");
    let draft = (true, vec!["a.tar.gz".to_owned(), "a.tar.gz.sha256".to_owned()]);
    assert_eq!(stage.release(), Some(draft));
    stage.server.clear_faults();
    let published = stage.publish().await.unwrap();
    assert_eq!(
        (published.uploaded, published.kept),
        (vec!["b.zip".to_owned()], ALL[..2].iter().map(|name| (*name).to_owned()).collect())
    );
    stage.assert_complete();
}

#[tokio::test]
async fn a_draft_with_other_bytes_or_without_digests_is_repaired() {
    let stage = Stage::new();
    let bytes = fs::read(&stage.request.files[0].path).unwrap();
    let unknown = GithubAsset { shown: ShownDigest::Null, ..GithubAsset::new("a.tar.gz", bytes) };
    let other = GithubAsset::new("b.zip", "c");
    let release = GithubRelease { draft: true, ..GithubRelease::new("v0.2.0") };
    stage
        .server
        .publish(release.with(unknown).with(other).with(GithubAsset::new("notes.txt", "n")));
    let published = stage.publish().await.unwrap();
    assert_eq!(published.uploaded, ALL);
    assert_eq!(published.other, ["notes.txt"]);
    assert!(!stage.release().unwrap().0, "it is public");
}

#[tokio::test]
async fn a_server_without_digests_is_trusted_for_own_uploads_and_compared_later() {
    let stage = Stage::on(Repository { computes_digests: false, ..Repository::default() });
    assert!(stage.publish().await.unwrap().published);
    stage.assert_complete();
    stage.server.clear_requests();
    assert_eq!(stage.publish().await.unwrap().kept, ALL);
    assert!(stage.changes().is_empty());
    assert_eq!(stage.server.count(GithubService::Storage), 3, "each asset is downloaded");
    // The same size, other bytes.
    stage.server.repository(|repository| {
        let asset = repository.releases[0].assets.iter_mut().find(|a| a.name == "b.zip").unwrap();
        asset.bytes = b"x".to_vec();
    });
    let error = stage.publish().await.unwrap_err();
    assert!(matches!(&error, PublishError::Differs { name, .. } if name == "b.zip"), "{error}");
}

#[tokio::test]
async fn a_public_release_is_never_changed() {
    let stage = Stage::new();
    stage.publish().await.unwrap();
    let path = stage.folder.path().join("b.zip");
    fs::write(&path, b"B").unwrap();
    let mut request = stage.request.clone();
    request.files[2].sha256 = Digest::of(b"B");
    stage.server.clear_requests();
    let publisher = stage.publisher(Some("right-t0ken"));
    let error = publisher.publish(&request, &|_| ()).await.unwrap_err();
    assert!(matches!(&error, PublishError::Differs { name, .. } if name == "b.zip"), "{error}");
    assert!(stage.changes().is_empty());
    stage.assert_complete();
}

#[tokio::test]
async fn a_public_release_gets_what_it_lacks_unless_it_is_immutable() {
    for immutable_releases in [false, true] {
        let stage = Stage::on(Repository { immutable_releases, ..Repository::default() });
        stage.publish().await.unwrap();
        let path = stage.folder.path().join("b.zip.minisig");
        fs::write(&path, b"s").unwrap();
        let mut request = stage.request.clone();
        let (size, sha256) = (1, Digest::of(b"s"));
        request.files.push(PublishFile { name: "b.zip.minisig".to_owned(), path, size, sha256 });
        let publisher = stage.publisher(Some("right-t0ken"));
        let published = publisher.publish(&request, &|_| ()).await;
        match published {
            Ok(published) => {
                assert!(!immutable_releases);
                assert_eq!(published.uploaded, ["b.zip.minisig"]);
            }
            Err(PublishError::Immutable { name, .. }) => {
                assert!(immutable_releases);
                assert_eq!(name, "b.zip.minisig");
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn pauses_that_the_server_asks_for_are_made() {
    let stage = Stage::new();
    stage.server.fault(GithubService::Api, "/assets", GithubFault::retry_after(1), 1);
    let limit = GithubFault::Status(
        403,
        vec![("Retry-After", "1".to_owned())],
        "You have exceeded a secondary rate limit.",
    );
    stage.server.fault(GithubService::Api, "/releases", limit, 1);
    let waits = Mutex::new(0);
    let observer = |event: PublishEvent<'_>| {
        if let PublishEvent::Waiting { pause } = event {
            assert!(pause <= Duration::from_secs(1));
            *waits.lock().unwrap() += 1;
        }
    };
    let begun = std::time::Instant::now();
    let publisher = stage.publisher(Some("right-t0ken"));
    assert!(publisher.publish(&stage.request, &observer).await.unwrap().published);
    assert_eq!(*waits.lock().unwrap(), 2);
    assert!(begun.elapsed() >= Duration::from_millis(1800), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_limit_that_ends_too_late_is_an_error() {
    let stage = Stage::new();
    let limit = GithubFault::retry_after(3000);
    stage.server.fault(GithubService::Api, "", limit, 1);
    let error = stage.publish().await.unwrap_err();
    let PublishError::Request(error) = error else { panic!("{error}") };
    assert!(matches!(error.kind, SourceErrorKind::RateLimited(_)), "{error}");
}

#[tokio::test]
async fn a_token_is_needed_and_goes_to_the_server_only() {
    let stage = Stage::new();
    let error = stage.publisher(None).publish(&stage.request, &|_| ()).await.unwrap_err();
    let PublishError::Request(error) = error else { panic!("{error}") };
    let SourceErrorKind::AccessDenied(denial) = &error.kind else { panic!("{error}") };
    assert!(matches!(denial.token, TokenState::Missing { .. }), "{denial:?}");
    assert!(stage.server.requests().is_empty());
    let wrong = stage.publisher(Some("wrong")).publish(&stage.request, &|_| ()).await.unwrap_err();
    assert!(matches!(wrong, PublishError::Request(_)), "{wrong}");
    // Another server asks for the uploads.
    let other = GithubServer::start(Repository::default());
    let uploads = format!("{}/api/uploads", other.base_url());
    stage.server.repository(|repository| repository.uploads = Some(uploads));
    let error = stage.publish().await.unwrap_err();
    assert!(matches!(error, PublishError::UploadHost { .. }), "{error}");
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn a_tag_has_to_exist_or_a_commit_be_named() {
    let stage = Stage::new();
    stage.server.repository(|repository| repository.git_tags.clear());
    let error = stage.publish().await.unwrap_err();
    assert!(matches!(error, PublishError::NoTag { .. }), "{error}");
    assert!(stage.changes().is_empty());
    let commit = "0123456789abcdef0123456789abcdef01234567".to_owned();
    let request = PublishRequest { commit: Some(commit), ..stage.request.clone() };
    let publisher = stage.publisher(Some("right-t0ken"));
    assert!(publisher.publish(&request, &|_| ()).await.unwrap().published);
}

#[tokio::test]
async fn several_drafts_of_a_tag_are_refused() {
    let stage = Stage::new();
    for name in ["first", "second"] {
        let draft = GithubRelease { draft: true, ..GithubRelease::new(name) };
        stage.server.publish(draft);
    }
    stage.server.repository(|repository| {
        repository.releases.iter_mut().for_each(|release| release.tag = "v0.2.0".to_owned());
    });
    let error = stage.publish().await.unwrap_err();
    assert!(matches!(error, PublishError::SeveralDrafts { count: 2, .. }), "{error}");
}

#[tokio::test]
async fn a_file_that_changed_is_not_published() {
    let stage = Stage::new();
    fs::write(&stage.request.files[0].path, b"shorter").unwrap();
    let error = stage.publish().await.unwrap_err();
    assert!(matches!(error, PublishError::Changed { .. }), "{error}");
    assert_eq!(stage.release(), Some((true, vec![])));
}
