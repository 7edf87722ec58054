//! Writers of one mirror at the same time: none loses what another wrote.

use std::{fs, path::Path, sync::mpsc};

use crate::support::{ArtifactKind, Depot, Entry, Packing, Sandbox, program};
use loom_test_support::{
    moto::MotoServer,
    s3::{KEY, S3Rights, S3Server, SECRET},
    serialised_puts::SerialisedPuts,
};

/// How many push at the same time.
const WRITERS: usize = 6;

/// Pushes a version from each of several machines to `to`, all at the same time, with these variables.
fn push_at_once(to: &str, variables: &[(&str, &str)]) {
    let machines: Vec<(Sandbox, String)> = (0..WRITERS)
        .map(|number| {
            let (mut sandbox, depot) = (Sandbox::new(), Depot::empty());
            let version = format!("0.{number}.0");
            let entries = Entry::program(&program::small(&version));
            depot.add(&version, &entries, &[ArtifactKind::Archive(Packing::TarGz)]);
            sandbox.loom(&["get", "--source", &depot.url()]).ok();
            for (name, value) in variables {
                sandbox.set(name, *value);
            }
            (sandbox, version)
        })
        .collect();
    let running: Vec<_> = machines
        .iter()
        .map(|(sandbox, _)| sandbox.spawn(&["mirror", "push", "--to", to, "loom-bridge-server"]))
        .collect();
    for run in running {
        run.wait().ok().never_says(&[SECRET]);
    }
    let (sandbox, _) = &machines[0];
    let verified = sandbox.loom(&["mirror", "verify", to, "--json"]).ok().json();
    let mut versions: Vec<&str> = verified["releases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|release| release["version"].as_str().unwrap())
        .collect();
    versions.sort_unstable();
    let expected: Vec<&String> = machines.iter().map(|(_, version)| version).collect();
    assert_eq!(versions, expected.iter().map(|v| v.as_str()).collect::<Vec<_>>());
    assert_eq!(verified["serial"], WRITERS);
}

#[test]
fn a_folder() {
    let sandbox = Sandbox::new();
    let folder = sandbox.root().join("mirror");
    push_at_once(folder.to_str().unwrap(), &[]);
}

#[test]
fn a_bucket_of_an_s3_server() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("releases")).unwrap();
    let (address, _stop) = s3_server(root.path());
    let proxy = SerialisedPuts::start(address).unwrap();
    push_to_bucket(&proxy);
}

#[test]
fn a_bucket_of_moto() {
    let moto = MotoServer::start();
    moto.fill("releases", "", tempfile::tempdir().unwrap().path());
    let proxy = SerialisedPuts::start(&moto.address).unwrap();
    push_to_bucket(&proxy);
}

fn push_to_bucket(proxy: &SerialisedPuts) {
    let endpoint = format!("http://{}", proxy.address);
    let variables = [
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("AWS_ACCESS_KEY_ID", KEY),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
    ];
    push_at_once("s3://releases/loom", &variables);
}

/// An S3 server on a thread of its own; it stops when the sender is dropped.
fn s3_server(root: &Path) -> (String, tokio::sync::oneshot::Sender<()>) {
    let (started, address) = mpsc::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let root = root.to_owned();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let server = S3Server::start(&root, S3Rights::All).await.unwrap();
            started.send(server.address.to_string()).unwrap();
            // Resolves when the test drops the sender.
            let _: Result<(), _> = stopped.await;
        });
    });
    (address.recv().unwrap(), stop)
}
