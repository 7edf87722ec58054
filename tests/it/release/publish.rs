//! `loom release publish` to a GitHub test server, judged by GitHub's own description of its API.

use std::{collections::BTreeSet, fs, sync::mpsc};

use loom_test_support::{
    github::{GithubFault, GithubServer, GithubService, Repository},
    s3::{KEY, S3Rights, S3Server, SECRET},
};

use super::{PLATFORMS, asset, packed};
use crate::support::{
    Hub, Sandbox, node,
    sandbox::names,
    signer::{Signer, required, trust},
};

/// A packed release, and a server with its tag as the source `hub`, whose token is in `HUB_TOKEN`.
fn stage() -> (Sandbox, Hub) {
    let (mut sandbox, _) = packed("0.2.0");
    let repository = Repository { git_tags: vec!["v0.2.0".into()], ..Repository::default() };
    let hub = Hub { server: GithubServer::start(repository) };
    hub.configure(&sandbox, "token_env = \"HUB_TOKEN\"");
    sandbox.set("HUB_TOKEN", "right-t0ken");
    (sandbox, hub)
}

const PUBLISH: [&str; 5] = ["release", "publish", "dist", "--to", "hub"];

#[test]
fn a_published_release_is_found_by_users() {
    let (sandbox, hub) = stage();
    sandbox.write("NOTES.md", "What is new.\n");
    let more = ["--notes", "NOTES.md", "--json"];
    let document = sandbox.loom(&[&PUBLISH[..], &more].concat()).ok().json();
    assert_eq!(document["published"], true);
    assert_eq!(document["tag"], "v0.2.0");
    let dist = names(&sandbox.project().join("dist"));
    assert_eq!(document["uploaded"].as_array().unwrap().len(), dist.len());
    sandbox.loom(&["get", "0.2.0"]).ok();
    sandbox.loom(&["release", "check", "hub", "0.2.0"]).ok();
    let again = sandbox.loom(&PUBLISH).ok().stdout();
    assert!(
        again.contains("was published already") && again.contains("(0 uploaded, 11 unchanged)"),
        "{again}"
    );
    let release = hub.server.repository(|repository| repository.releases[0].clone());
    assert_eq!(
        (release.draft, release.prerelease, release.body.as_str()),
        (false, false, "What is new.\n")
    );
}

#[test]
fn requests_and_responses_conform_to_githubs_description() {
    let (sandbox, hub) = stage();
    let server = &hub.server;
    server.repository(|repository| repository.git_tags.clear());
    sandbox
        .loom(&PUBLISH)
        .code(3)
        .says(&["the tag v0.2.0 does not exist", "git push origin v0.2.0"]);
    server.repository(|repository| repository.git_tags.push("v0.2.0".into()));
    server.fault(GithubService::Api, "/assets", GithubFault::AbortUpload(100), 1);
    sandbox.loom(&PUBLISH).ok();
    sandbox.loom(&PUBLISH).ok();
    // What loom does not ask for: a name that is taken, an asset that is not there, no token.
    let curl = |method: &str, path: &str, token: bool| {
        let mut curl = std::process::Command::new("curl");
        curl.args(["-sS", "-X", method, "--data-binary", "x"]);
        if token {
            curl.args(["-H", "Authorization: Bearer right-t0ken"]);
        }
        assert!(
            curl.arg(format!("{}{path}", server.base_url())).output().unwrap().status.success()
        );
    };
    let id = server.repository(|repository| repository.releases[0].id);
    let name = asset("0.2.0", PLATFORMS[0]);
    let upload = format!("/api/uploads/repos/o/r/releases/{id}/assets?name={name}");
    curl("POST", &upload, true);
    curl("POST", &upload, false);
    curl("DELETE", "/api/v3/repos/o/r/releases/assets/999", true);
    curl("POST", "/api/v3/repos/o/r/releases", true);
    let transcript = server.transcript();
    let lines: String = transcript.iter().map(|e| format!("{}\n", e.to_json())).collect();
    let output = node::script("github-schema.mjs", &lines);
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{report}{}", String::from_utf8_lossy(&output.stderr));
    let operations: BTreeSet<(String, u16)> =
        transcript.iter().map(|exchange| (exchange.method.clone(), exchange.status)).collect();
    for expected in [
        ("post", 201),
        ("post", 422),
        ("post", 401),
        ("patch", 200),
        ("delete", 204),
        ("delete", 404),
        ("get", 404),
    ] {
        assert!(
            operations.contains(&(expected.0.to_owned(), expected.1)),
            "{expected:?} in {operations:?}"
        );
    }
}

#[test]
fn an_interrupted_publication_goes_on_and_published_bytes_stay() {
    let (sandbox, hub) = stage();
    let server = &hub.server;
    server.fault(
        GithubService::Api,
        "/git/ref/tags/v0.2.0",
        GithubFault::Status(502, vec![], "x"),
        20,
    );
    sandbox.loom(&PUBLISH).code(5).says(&["502"]);
    assert!(server.repository(|repository| repository.releases.is_empty()));
    server.clear_faults();
    sandbox.loom(&PUBLISH).ok();
    // A release that is public: another file of the same name is refused by name.
    let asset = asset("0.2.0", "linux-x86_64");
    server.repository(|repository| {
        let assets = &mut repository.releases[0].assets;
        assets.iter_mut().find(|file| file.name == asset).unwrap().bytes.push(0);
    });
    sandbox.loom(&PUBLISH).code(6).says(&[&asset, "other bytes", "publish a new version"]);
}

#[test]
fn nothing_is_published_without_a_token_or_the_network() {
    let (mut sandbox, hub) = stage();
    sandbox
        .loom(&["--offline", "release", "publish", "dist", "--to", "github:o/r"])
        .code(4)
        .says(&["token"]);
    sandbox.set("GITHUB_TOKEN", "x");
    sandbox.loom(&["--offline", "release", "publish", "dist", "--to", "github:o/r"]).code(7);
    sandbox.set("HUB_TOKEN", "wrong");
    sandbox.loom(&PUBLISH).code(4).says(&["HUB_TOKEN"]).never_says(&["wrong-"]);
    assert!(hub.server.repository(|repository| repository.releases.is_empty()));
    fs::remove_file(sandbox.project().join("dist/SHA256SUMS")).unwrap();
    sandbox.loom(&PUBLISH).code(6).says(&["SHA256SUMS does not give the digest"]);
}

#[test]
fn a_mirror_gets_what_it_lacks_and_keeps_what_it_has() {
    let (sandbox, dist) = packed("0.2.0");
    let publish = ["release", "publish", "dist", "--to", "./mirror"];
    let document = sandbox.loom(&[&publish[..], &["--json"]].concat()).ok().json();
    let uploaded: Vec<&str> = document["uploaded"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    assert_eq!((uploaded.len(), uploaded[10]), (11, "SHA256SUMS"), "the list comes last");
    sandbox.loom(&["get", "0.2.0", "--source", "./mirror"]).ok();
    sandbox.loom(&["release", "check", "./mirror", "0.2.0"]).ok();
    let again = sandbox.loom(&publish).ok().stdout();
    assert!(again.contains("(0 uploaded, 11 unchanged)"), "{again}");
    // Another file of the same name stays, and nothing else is written.
    let (asset, folder) = (asset("0.2.0", "linux-x86_64"), sandbox.project().join("mirror/v0.2.0"));
    fs::write(folder.join(&asset), b"other").unwrap();
    fs::remove_file(folder.join("SHA256SUMS")).unwrap();
    sandbox.loom(&publish).code(6).says(&[&asset, "other bytes"]);
    assert_eq!(fs::read(folder.join(&asset)).unwrap(), b"other");
    assert!(!folder.join("SHA256SUMS").exists());
    fs::copy(dist.join(&asset), folder.join(&asset)).unwrap();
    sandbox.loom(&publish).ok();
    sandbox.loom(&[&publish[..], &["--tag", "v1"]].concat()).code(2);
    sandbox.loom(&["release", "publish", "dist", "--to", "http://127.0.0.1:1/x"]).code(2);
}

/// Packs a second binary into its own folder.
fn pack_other(sandbox: &Sandbox, to: &str) {
    let program = b"#!/bin/sh\necho loom-other 0.2.0\n";
    let folder = sandbox.project().join("other-builds/linux-x86_64");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("loom-other"), program).unwrap();
    let pack = ["release", "pack", "--binary", "loom-other", "--program", "other-builds"];
    let more = ["--version", "0.2.0", "--platform", "linux-x86_64", "--to", to];
    sandbox.loom(&[&pack[..], &more].concat()).ok();
}

const OTHER: [&str; 7] =
    ["release", "publish", "--binary", "loom-other", "other", "--to", "./mirror"];

#[test]
fn a_second_binary_keeps_the_checksums_of_the_first() {
    let (sandbox, dist) = packed("0.2.0");
    pack_other(&sandbox, "other");
    let publish = ["release", "publish", "dist", "--to", "./mirror"];
    sandbox.loom(&publish).ok();
    let uploaded = sandbox.loom(&[&OTHER[..], &["--json"]].concat()).ok().json();
    assert_eq!(uploaded["uploaded"].as_array().unwrap().len(), 3, "{uploaded}");
    let published = sandbox.project().join("mirror/v0.2.0/SHA256SUMS");
    let own = |folder: &std::path::Path| fs::read_to_string(folder.join("SHA256SUMS")).unwrap();
    let both = [own(&dist), own(&sandbox.project().join("other"))].concat();
    let mut lines: Vec<&str> = both.lines().collect();
    lines.sort_by_key(|line| line.split_once("  ").unwrap().1);
    let merged = format!("{}\n", lines.join("\n"));
    assert_eq!(fs::read_to_string(&published).unwrap(), merged);
    // Both are found, and neither takes the lines of the other away later.
    for folder in [&publish[..], &OTHER] {
        let again = sandbox.loom(folder).ok().stdout();
        assert!(again.contains("(0 uploaded,"), "{again}");
    }
    assert_eq!(fs::read_to_string(&published).unwrap(), merged);
    for name in ["SHA256SUMS", "loom-other-0.2.0-linux-x86_64.tar.gz"] {
        assert!(published.with_file_name(name).exists(), "{name}");
    }
    sandbox.loom(&["get", "0.2.0", "--source", "./mirror"]).ok();
    sandbox.loom(&["release", "check", "./mirror", "0.2.0"]).ok();
    let check = ["release", "check", "--binary", "loom-other", "./mirror", "0.2.0"];
    sandbox.loom(&[&check[..], &["--platform", "linux-x86_64"]].concat()).ok();
}

#[test]
fn signed_checksums_of_two_binaries_are_signed_together() {
    let (sandbox, dist) = packed("0.2.0");
    pack_other(&sandbox, "other");
    let signer = Signer::new();
    signer.sign(&dist.join("SHA256SUMS"));
    let publish = ["release", "publish", "dist", "--to", "./mirror"];
    sandbox.loom(&publish).ok();
    let folder = sandbox.project().join("mirror/v0.2.0");
    let before = names(&folder);
    let sums = fs::read(folder.join("SHA256SUMS")).unwrap();
    let refused = ["v0.2.0/SHA256SUMS", "SHA256SUMS.minisig", "loom-other", "loom-bridge-server"];
    sandbox.loom(&OTHER).code(6).says(&refused).says(&["loom release sign"]);
    assert_eq!(fs::read(folder.join("SHA256SUMS")).unwrap(), sums);
    assert_eq!(names(&folder), before);
    // The hint: the lines of both in one folder, signed again.
    pack_other(&sandbox, "dist");
    sandbox.loom(&publish).code(6).says(&["SHA256SUMS.minisig"]);
    fs::remove_file(dist.join("SHA256SUMS.minisig")).unwrap();
    sandbox.loom(&publish).code(6).says(&["SHA256SUMS.minisig", "no longer"]);
    signer.sign(&dist.join("SHA256SUMS"));
    sandbox.loom(&publish).ok();
    for name in ["SHA256SUMS", "SHA256SUMS.minisig"] {
        assert_eq!(fs::read(folder.join(name)).unwrap(), fs::read(dist.join(name)).unwrap());
    }
    sandbox.loom(&["release", "check", "./mirror", "0.2.0", "--key", &signer.public]).ok();
}

#[test]
fn a_signed_mirror_gets_records_signatures_and_an_index() {
    let (sandbox, dist) = packed("0.2.0");
    let signer = Signer::new();
    signer.sign(&dist.join("SHA256SUMS"));
    let init = ["mirror", "init", "--to", "./mirror", "--keys", "keys", "--json"];
    let root = sandbox.loom(&init).ok().json();
    let publish = ["release", "publish", "dist", "--to", "./mirror"];
    sandbox.loom(&publish).code(2).says(&["--key"]);
    let publish = [&publish[..], &["--key", "keys/index.pem"]].concat();
    let document = sandbox.loom(&[&publish[..], &["--json"]].concat()).ok().json();
    assert_eq!(document["uploaded"].as_array().unwrap().len(), 5, "{document}");
    sandbox.loom(&["mirror", "verify", "./mirror"]).ok();
    let check = ["release", "check", "./mirror", "0.2.0"];
    sandbox.loom(&check).ok();
    sandbox.loom(&[&check[..], &["--key", &signer.public]].concat()).ok();
    let foreign = Signer::new();
    let refused =
        sandbox.loom(&[&check[..], &["--key", &foreign.public]].concat()).code(6).stdout();
    assert!(refused.contains(&foreign.id), "{refused}");
    let again = sandbox.loom(&publish).ok().stdout();
    assert!(again.contains("(0 uploaded, 5 unchanged)"), "{again}");
    // Users have the root, and a key that signed SHA256SUMS.
    let (user, mirror) = (Sandbox::new(), sandbox.project().join("mirror"));
    trust(&user, &format!("file://{}", mirror.display()), &required(&[&signer.public]));
    let first = mirror.join("root/1.json");
    let sha256 = root["sha256"].as_str().unwrap();
    user.loom(&["trust", "add-root", first.to_str().unwrap(), "--sha256", sha256]).ok();
    user.loom(&["get"]).ok();
    // A signature that is made later is added.
    let asset = asset("0.2.0", "linux-x86_64");
    signer.sign(&dist.join(&asset));
    let later = sandbox.loom(&[&publish[..], &["--json"]].concat()).ok().json();
    assert_eq!(later["uploaded"], serde_json::json!([asset]));
    // A version that is taken stays as it is.
    let builds = sandbox.project().join("builds/linux-x86_64/loom-bridge-server");
    let mut other = fs::read(&builds).unwrap();
    other.extend(b"other");
    fs::write(&builds, other).unwrap();
    super::pack(&sandbox, "0.2.0", "other").ok();
    let other = ["release", "publish", "other", "--to", "./mirror", "--key", "keys/index.pem"];
    sandbox.loom(&other).code(6).says(&["0.2.0", "never changes"]);
    sandbox.loom(&["mirror", "verify", "./mirror"]).ok();
    sandbox.loom(&["release", "publish", "dist", "--to", "github:o/r", "--key", "k"]).code(2);
}

#[test]
fn signatures_over_the_same_checksums_stay_as_they_are() {
    let (sandbox, dist) = packed("0.2.0");
    let signer = Signer::new();
    signer.sign(&dist.join("SHA256SUMS"));
    let publish = ["release", "publish", "dist", "--to", "./plain"];
    sandbox.loom(&publish).ok();
    let published = sandbox.project().join("plain/v0.2.0/SHA256SUMS.minisig");
    let before = fs::read(&published).unwrap();
    Signer::new().sign(&dist.join("SHA256SUMS"));
    sandbox.loom(&publish).code(6).says(&["SHA256SUMS.minisig"]);
    assert_eq!(fs::read(&published).unwrap(), before);
}

#[test]
fn secret_keys_and_links_are_not_published() {
    let (sandbox, dist) = packed("0.2.0");
    let publish = ["release", "publish", "dist", "--to", "./plain"];
    sandbox.loom(&["mirror", "init", "--to", "./m", "--keys", "keys"]).ok();
    fs::copy(sandbox.project().join("keys/index.pem"), dist.join("notes.txt")).unwrap();
    sandbox.loom(&publish).code(2).says(&["notes.txt", "it is a secret key"]);
    fs::remove_file(dist.join("notes.txt")).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", dist.join("notes.txt")).unwrap();
    sandbox.loom(&publish).code(2).says(&["notes.txt", "not a regular file"]);
    assert!(!sandbox.project().join("plain").exists());
    // Keys are not made inside of a mirror.
    sandbox.loom(&["mirror", "init", "--to", "./n", "--keys", "n/keys"]).code(2).says(&["--keys"]);
    assert!(!sandbox.project().join("n/keys").exists());
}

#[test]
fn a_bucket_is_a_mirror() {
    let (mut sandbox, _) = packed("0.2.0");
    let root = sandbox.folder("buckets");
    fs::create_dir(root.join("releases")).unwrap();
    let (started, address) = mpsc::channel();
    // Stops with the test: the sender is dropped.
    let (_stop, stopped) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let server = S3Server::start(&root, S3Rights::All).await.unwrap();
            started.send(server.address).unwrap();
            let _: Result<(), _> = stopped.await;
        });
    });
    sandbox.set("AWS_ENDPOINT_URL", format!("http://{}", address.recv().unwrap()));
    sandbox.set("AWS_ACCESS_KEY_ID", KEY).set("AWS_SECRET_ACCESS_KEY", SECRET);
    sandbox.loom(&["release", "publish", "dist", "--to", "s3://releases/loom"]).ok();
    sandbox.loom(&["release", "check", "s3://releases/loom", "0.2.0"]).ok();
    let again =
        sandbox.loom(&["release", "publish", "dist", "--to", "s3://releases/loom"]).ok().stdout();
    assert!(again.contains("(0 uploaded, 11 unchanged)"), "{again}");
}

#[test]
fn a_pre_release_is_marked() {
    let (mut sandbox, _) = packed("0.3.0-rc.1");
    let hub = Hub { server: GithubServer::start(Repository::default()) };
    hub.configure(&sandbox, "token_env = \"HUB_TOKEN\"");
    sandbox.set("HUB_TOKEN", "right-t0ken");
    let commit = ["--commit", "0123456789abcdef0123456789abcdef01234567"];
    sandbox.loom(&[&PUBLISH[..], &commit].concat()).ok();
    let release = hub.server.repository(|repository| repository.releases[0].clone());
    assert_eq!((release.tag.as_str(), release.prerelease), ("v0.3.0-rc.1", true));
}
