//! How many requests a synchronisation with nothing new takes, and how much time.

use std::{fs, path::Path, sync::mpsc, time::Instant};

use loom_source::{
    Digest, Index, Record, Statement,
    record::{IndexPayload, RecordArtifact, object_path},
};

use crate::support::{Depot, Nginx, Sandbox};
use loom_test_support::s3::{KEY, S3Rights, S3Server, SECRET};

const RELEASES: usize = 2_000;

/// Fills a folder with releases of which all have one archive.
fn fill(folder: &Path) -> IndexPayload {
    let depot = Depot::of(&["0.1.0"]);
    let bytes = fs::read(depot.path().join(Index::PATH)).unwrap();
    let mut payload = Index::parse(&bytes).unwrap().payload;
    let first = payload.releases.remove(0);
    let statement = fs::read(depot.path().join(object_path(&first.statement))).unwrap();
    let statement = Statement::parse(&statement).unwrap();
    copy(depot.path(), folder, &object_path(&statement.archives[0].digest));
    copy(depot.path(), folder, "format");
    for number in 0..RELEASES {
        let version = format!("1.0.{number}").parse().unwrap();
        let statement = Statement { version, ..statement.clone() };
        let bytes = statement.to_bytes();
        let digest = Digest::of(&bytes);
        put(folder, &object_path(&digest), &bytes);
        let artifacts = vec![RecordArtifact::Archive { digest: statement.archives[0].digest }];
        let record = Record { statement: digest, artifacts, evidence: Vec::new() };
        put(folder, &Record::path(&statement.release()), &record.to_bytes());
        let mut entry = first.clone();
        (entry.version, entry.statement) = (statement.version, digest);
        payload.releases.push(entry);
    }
    put(folder, Index::PATH, &Index::unsigned(payload.clone()).to_bytes());
    payload
}

fn put(folder: &Path, path: &str, bytes: &[u8]) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn copy(from: &Path, to: &Path, path: &str) {
    put(to, path, &fs::read(from.join(path)).unwrap());
}

#[test]
fn nothing_new_takes_two_requests_at_the_source_and_one_at_the_destination() {
    let sandbox = Sandbox::new();
    let source = sandbox.project().join("source");
    fill(&source);
    // The source is signed: index and root are read. Its timestamp is a third request.
    for (folder, more, expected) in [("plain", &[][..], 2), ("stamped", &["--timestamp"][..], 3)] {
        let folder = sandbox.project().join(folder);
        let copied = std::process::Command::new("cp").arg("-r").args([&source, &folder]).status();
        assert!(copied.unwrap().success());
        let (to, keys) = (folder.to_str().unwrap(), format!("keys-{expected}"));
        let init = [&["mirror", "init", "--to", to, "--keys", &keys, "--json"], more].concat();
        let root = sandbox.loom(&init).ok().json();
        requests(&folder, root["sha256"].as_str().unwrap(), expected);
    }
}

fn requests(source: &Path, sha256: &str, expected: usize) {
    let mut sandbox = Sandbox::new();
    let nginx = Nginx::serve(source, "");
    let buckets = sandbox.folder("buckets");
    let destination = buckets.join("releases/loom");
    fs::create_dir_all(&destination).unwrap();
    sandbox.sources(&[(&nginx.url(), "name = \"corp\"")]);
    let root = source.join("root/1.json");
    let add = ["trust", "add-root", root.to_str().unwrap(), "--sha256", sha256];
    sandbox.loom(&[&add[..], &["--source", "corp"]].concat()).ok();
    // The first copy goes to the folder that becomes the bucket.
    let first =
        ["mirror", "sync", "--from", "corp", "--to", destination.to_str().unwrap(), "--json"];
    let document = sandbox.loom(&first).ok().json();
    assert_eq!(document["releases"], RELEASES);
    let (address, operations) = s3_server(&buckets);
    sandbox.set("AWS_ENDPOINT_URL", format!("http://{address}"));
    sandbox.set("AWS_ACCESS_KEY_ID", KEY).set("AWS_SECRET_ACCESS_KEY", SECRET);
    let before = nginx.log().len();
    let begun = Instant::now();
    let again = ["mirror", "sync", "--from", "corp", "--to", "s3://releases/loom", "--json"];
    let document = sandbox.loom(&again).ok().json();
    let took = begun.elapsed();
    assert_eq!(document["changed"], false);
    let requests = nginx.log().split_off(before);
    assert_eq!(requests.len(), expected, "{requests:?}");
    operations.0.send(()).unwrap();
    assert_eq!(operations.1.recv().unwrap(), ["GetObject"]);
    // A development build on a busy machine; a release build takes a tenth.
    eprintln!("{RELEASES} releases, nothing new: {took:?}");
    assert!(took.as_secs() < 5, "{took:?}");
}

type Operations = (tokio::sync::oneshot::Sender<()>, mpsc::Receiver<Vec<String>>);

/// An S3 server on a thread of its own, which ends once it was asked for the operations so far.
fn s3_server(root: &Path) -> (String, Operations) {
    let (started, address) = mpsc::channel();
    let (ask, asked) = tokio::sync::oneshot::channel();
    let (answer, answered) = mpsc::channel();
    let root = root.to_owned();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let server = S3Server::start(&root, S3Rights::All).await.unwrap();
            started.send(server.address.to_string()).unwrap();
            if asked.await.is_ok() {
                answer.send(server.operations()).unwrap();
            }
        });
    });
    (address.recv().unwrap(), (ask, answered))
}
