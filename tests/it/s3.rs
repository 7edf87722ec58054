//! S3 buckets on two real servers: one verifies signatures, the other supports conditional range requests.

use std::{fs, path::Path, sync::mpsc};

use crate::support::{ArtifactKind, Depot, Entry, Packing, Plain, Sandbox, Sums, program, sandbox};
use loom_test_support::{
    moto::MotoServer,
    s3::{KEY, S3Rights, S3Server, SECRET},
};

/// A bucket in a sandbox, on a server that runs beside the test.
struct Bucket {
    sandbox: Sandbox,
    endpoint: String,
    _stop: tokio::sync::oneshot::Sender<()>,
}

const BUCKET: &str = "s3://releases/loom";

impl Bucket {
    /// Moves the contents of `folder` into the bucket. The environment has the valid keys and the endpoint.
    fn of(folder: &Path, rights: S3Rights) -> Self {
        let mut sandbox = Sandbox::new();
        let root = sandbox.folder("buckets");
        fs::create_dir(root.join("releases")).unwrap();
        fs::rename(folder, root.join("releases/loom")).unwrap();
        fs::create_dir(folder).unwrap();
        let (started, address) = mpsc::channel();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let server = S3Server::start(&root, rights).await.unwrap();
                started.send(server.address).unwrap();
                // Resolves when the test drops the sender.
                let _: Result<(), _> = stopped.await;
            });
        });
        let endpoint = format!("http://{}", address.recv().unwrap());
        sandbox.set("AWS_ENDPOINT_URL", &endpoint);
        sandbox.set("AWS_ACCESS_KEY_ID", KEY).set("AWS_SECRET_ACCESS_KEY", SECRET);
        Self { sandbox, endpoint, _stop: stop }
    }

    fn plain(rights: S3Rights) -> Self {
        Self::of(Plain::of(&["0.1.0", "0.2.0"]).path(), rights)
    }
}

const PINNED: [&str; 5] = ["get", "--source", BUCKET, "--version", "0.2.0"];

/// Asserts that no file below `folder` contains the secret.
fn assert_no_file_contains(secret: &str, folder: &Path) {
    for name in sandbox::names(folder) {
        let path = folder.join(name);
        if path.is_dir() {
            assert_no_file_contains(secret, &path);
        } else if let Ok(bytes) = fs::read(&path) {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{} holds the secret", path.display());
        }
    }
}

#[test]
fn the_release_layout_in_a_bucket() {
    let bucket = Bucket::plain(S3Rights::All);
    let sandbox = &bucket.sandbox;
    let run = sandbox.loom(&["get", "--source", BUCKET]).ok();
    assert_eq!(run.path(), sandbox.link("0.2.0"), "the newest version is found by listing");
    sandbox.loom(&["get", "--source", BUCKET, "--version", "0.1.0"]).ok();
    sandbox.verify();
    assert_no_file_contains(SECRET, &sandbox.home());
}

#[test]
fn the_store_layout_in_a_bucket() {
    let depot = Depot::empty();
    let entries = Entry::program(&program::small("0.2.0"));
    depot.add("0.2.0", &entries, &[ArtifactKind::Archive(Packing::TarZst), ArtifactKind::Loose]);
    let bucket = Bucket::of(depot.path(), S3Rights::All);
    let run = bucket.sandbox.loom(&["get", "--source", BUCKET]).ok();
    assert_eq!(run.path(), bucket.sandbox.link("0.2.0"));
    bucket.sandbox.verify();
}

#[test]
fn a_wrong_secret_is_exit_4_and_never_printed() {
    const WRONG: &str = "wr0ng-s3cret";
    let mut bucket = Bucket::plain(S3Rights::All);
    bucket.sandbox.set("AWS_SECRET_ACCESS_KEY", WRONG);
    let run = bucket.sandbox.loom(&PINNED).code(4).says(&["SignatureDoesNotMatch"]);
    bucket.sandbox.snapshot("s3_wrong_secret", &run);
    let json = bucket.sandbox.loom(&[&PINNED[..], &["--json", "-vv"]].concat()).code(4);
    for text in [run.stderr(), json.stdout(), json.stderr()] {
        assert!(!text.contains(WRONG), "{text}");
    }
    assert_no_file_contains(WRONG, &bucket.sandbox.home());
}

#[test]
fn without_the_right_to_list_a_version_must_be_given() {
    let bucket = Bucket::plain(S3Rights::ReadOnly);
    bucket.sandbox.loom(&PINNED).ok();
    let other = Bucket::plain(S3Rights::ReadOnly);
    let run = other.sandbox.loom(&["get", "--source", BUCKET]).code(4);
    other.sandbox.snapshot("s3_unlisted", &run);
}

#[test]
fn an_empty_bucket_has_no_such_version() {
    let bucket = Bucket::of(Plain::empty().path(), S3Rights::All);
    bucket.sandbox.loom(&PINNED).code(3).says(&["0.2.0"]);
    bucket.sandbox.loom(&["get", "--source", BUCKET]).code(3);
}

#[test]
fn an_endpoint_and_a_profile_may_be_configured() {
    let mut bucket = Bucket::plain(S3Rights::All);
    let Bucket { sandbox, endpoint, .. } = &mut bucket;
    for variable in ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        sandbox.unset(variable);
    }
    let keys = format!("[corp]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n");
    sandbox.write(sandbox.home().join(".aws/credentials"), &keys);
    sandbox.write(sandbox.home().join(".aws/config"), "[profile sso]\nsso_session = x\n");
    let table = format!(
        "[[sources]]\ntype = \"mirror\"\nname = \"corp\"\nurl = \"{BUCKET}\"\nendpoint = \"{endpoint}\"\n\
         region = \"eu-west-1\"\npath_style = true\nlayout = \"release\"\n"
    );
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), &table);
    let get = ["get", "--version", "0.2.0"];
    sandbox.set("AWS_PROFILE", "sso");
    let run = sandbox.loom(&get).code(4).says(&["export-credentials"]);
    sandbox.snapshot("s3_profile_without_keys", &run);
    sandbox.set("AWS_PROFILE", "corp");
    sandbox.loom(&get).ok();
    assert_no_file_contains(SECRET, &sandbox.cache());
    assert_no_file_contains(SECRET, &sandbox.state());
}

#[test]
fn missing_credentials_are_reported_with_a_hint() {
    let mut bucket = Bucket::plain(S3Rights::Public);
    let sandbox = &mut bucket.sandbox;
    sandbox.unset("AWS_ACCESS_KEY_ID").unset("AWS_SECRET_ACCESS_KEY");
    sandbox.set("AWS_EC2_METADATA_DISABLED", "true");
    let run = sandbox.loom(&PINNED).code(4).says(&["anonymous = true"]);
    sandbox.snapshot("s3_no_credentials", &run);
    let table = format!("[[sources]]\nurl = \"{BUCKET}\"\nanonymous = true\n");
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), &table);
    sandbox.loom(&["get", "--version", "0.2.0"]).ok();
}

#[test]
fn offline_only_a_bucket_on_loopback_is_requested() {
    let mut bucket = Bucket::plain(S3Rights::All);
    let offline = [&PINNED[..], &["--offline"]].concat();
    bucket.sandbox.loom(&offline).ok();
    bucket.sandbox.set("AWS_ENDPOINT_URL", "https://s3.example");
    let other = ["get", "--source", BUCKET, "--version", "0.1.0", "--offline"];
    bucket.sandbox.loom(&other).code(7);
    let plain = "http://s3.example";
    bucket.sandbox.set("AWS_ENDPOINT_URL", plain);
    bucket.sandbox.loom(&other[..5]).code(5).says(&["http:// is not encrypted", "allow_http"]);
    bucket.sandbox.set("AWS_ENDPOINT_URL", "nonsense");
    bucket.sandbox.loom(&other[..5]).code(2).says(&["AWS_ENDPOINT_URL"]);
}

#[test]
fn a_bucket_on_moto() {
    let moto = MotoServer::start();
    let mirror = Plain::of(&["0.1.0", "0.2.0"]);
    mirror.add("0.3.0", Packing::TarZst, &program::large("0.3.0", 3 << 20), Sums::File);
    moto.fill("releases", "loom", mirror.path());
    let mut sandbox = Sandbox::new();
    sandbox.set("AWS_ENDPOINT_URL_S3", format!("http://{}", moto.address));
    sandbox.set("AWS_ACCESS_KEY_ID", KEY).set("AWS_SECRET_ACCESS_KEY", SECRET);
    let run = sandbox.loom(&["get", "--source", BUCKET]).ok();
    assert_eq!(fs::read(run.path()).unwrap(), program::large("0.3.0", 3 << 20));
    sandbox.loom(&PINNED).ok();
    sandbox.verify();
}
