//! Mirrors that are written: the same for a folder, for the buckets of two S3 servers and for a container of Azure.

use std::{fs, time::Duration};

use bytes::Bytes;
use loom_mirror::{
    Destination, MirrorError, MirrorOptions, ObjectOptions,
    destination::{DestinationError, ObjectBody, PutOutcome, Replacement},
    open_destination,
};
use loom_test_support::{
    azurite::{ACCOUNT, ACCOUNT_KEY, AzuriteServer, CONTAINER},
    moto::MotoServer,
    s3::{S3Rights, S3Server, SECRET},
    serialised_puts::SerialisedPuts,
};
use tempfile::TempDir;
use url::Url;

use crate::support::s3_options;

fn folder(root: &TempDir) -> Box<dyn Destination> {
    let url = Url::from_file_path(root.path().join("new/mirror")).unwrap();
    open_destination(url, MirrorOptions::default()).unwrap()
}

fn bucket(address: impl std::fmt::Display) -> Box<dyn Destination> {
    let options =
        MirrorOptions { objects: s3_options(address, SECRET), ..MirrorOptions::default() };
    open_destination("s3://bucket/some/prefix".parse().unwrap(), options).unwrap()
}

async fn s3_server() -> (TempDir, S3Server) {
    let root = TempDir::new().unwrap();
    fs::create_dir(root.path().join("bucket")).unwrap();
    let server = S3Server::start(root.path(), S3Rights::All).await.unwrap();
    (root, server)
}

fn moto_server() -> MotoServer {
    let moto = MotoServer::start();
    moto.fill("bucket", "", TempDir::new().unwrap().path());
    moto
}

async fn content(destination: &dyn Destination, key: &str) -> Option<Bytes> {
    destination.read(key, 100).await.unwrap().map(|(bytes, _)| bytes)
}

/// Every operation, with the results that are the same everywhere.
async fn check(destination: &dyn Destination) {
    let index = "releases/index.json";
    assert!(destination.read(index, 100).await.unwrap().is_none());
    assert!(destination.stat(index).await.unwrap().is_none());
    assert!(destination.list("").await.unwrap().is_empty());

    // A file that changes is replaced only where it is what the writer read.
    let replace = async |text: &'static str, tag: Option<&_>| {
        destination.replace(index, Bytes::from_static(text.as_bytes()), tag).await.unwrap()
    };
    assert_eq!(replace("1", None).await, Replacement::Replaced);
    assert_eq!(replace("lost", None).await, Replacement::Conflict);
    let (bytes, first) = destination.read(index, 100).await.unwrap().unwrap();
    assert_eq!(bytes, "1");
    assert_eq!(replace("2", Some(&first)).await, Replacement::Replaced);
    assert_eq!(replace("lost", Some(&first)).await, Replacement::Conflict);
    assert_eq!(content(destination, index).await.unwrap(), "2");
    let error = destination.read(index, 0).await.unwrap_err();
    assert!(matches!(error, DestinationError::Answer(_)), "{error:?}");

    // An object is written once; one of another size is written again.
    let object = "objects/sha256/ab/abcd";
    let put =
        async |bytes: &[u8]| destination.put_object(object, bytes.to_vec().into()).await.unwrap();
    assert_eq!(put(b"half").await, PutOutcome::Written);
    assert_eq!(put(b"complete").await, PutOutcome::Written);
    assert_eq!(put(b"complete").await, PutOutcome::Present);
    assert_eq!(content(destination, object).await.unwrap(), "complete");
    let stat = destination.stat(object).await.unwrap().unwrap();
    assert_eq!(stat.size, 8);
    assert!(stat.is_younger(Duration::from_secs(3600), std::time::SystemTime::now()));

    // Files of any size, moved or copied. This one takes two parts.
    let large = vec![7; 9 * 1024 * 1024];
    let staging = destination.staging().unwrap();
    let mut file = match &staging {
        Some(folder) => tempfile::NamedTempFile::new_in(folder).unwrap(),
        None => tempfile::NamedTempFile::new().unwrap(),
    };
    std::io::Write::write_all(&mut file, &large).unwrap();
    let copied = ObjectBody::file(file.path()).unwrap();
    destination.write("store/copied", copied).await.unwrap();
    let moved = ObjectBody::Temporary { size: large.len() as u64, path: file.into_temp_path() };
    destination.write("store/moved", moved).await.unwrap();
    for key in ["store/copied", "store/moved"] {
        let (bytes, _) = destination.read(key, large.len()).await.unwrap().unwrap();
        assert_eq!(bytes, large, "{key}");
    }
    destination.sync().await.unwrap();

    let keys = async |prefix: &str| {
        let files = destination.list(prefix).await.unwrap();
        let mut keys: Vec<String> = files.into_iter().map(|file| file.key).collect();
        keys.retain(|key| key != "locks/mirror");
        keys.sort();
        keys
    };
    assert_eq!(keys("").await, [object, index, "store/copied", "store/moved"]);
    assert_eq!(keys("objects/").await, [object]);
    assert!(keys("obj/").await.is_empty());
    for _ in 0..2 {
        destination.delete(object).await.unwrap();
    }
    assert!(keys("objects/").await.is_empty());
}

/// Adds numbers to a list, with as many writers at the same time, none of which may be lost.
async fn check_concurrency(destination: &dyn Destination) {
    const WRITERS: usize = 6;
    const EACH: usize = 4;
    let add = async |writer: usize| {
        for number in 0..EACH {
            loop {
                let read = destination.read("list", 10_000).await.unwrap();
                let (mut text, tag) = match read {
                    Some((bytes, tag)) => (String::from_utf8(bytes.to_vec()).unwrap(), Some(tag)),
                    None => (String::new(), None),
                };
                text.push_str(&format!("{writer}.{number} "));
                match destination.replace("list", text.into(), tag.as_ref()).await.unwrap() {
                    Replacement::Replaced => break,
                    Replacement::Conflict => {}
                }
            }
        }
    };
    futures::future::join_all((0..WRITERS).map(add)).await;
    let (bytes, _) = destination.read("list", 10_000).await.unwrap().unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let mut numbers: Vec<&str> = text.split_whitespace().collect();
    numbers.sort_unstable();
    let mut expected: Vec<String> =
        (0..WRITERS).flat_map(|w| (0..EACH).map(move |n| format!("{w}.{n}"))).collect();
    expected.sort();
    assert_eq!(numbers, expected);
}

#[tokio::test]
async fn a_folder_is_written() {
    let root = TempDir::new().unwrap();
    let destination = folder(&root);
    check(destination.as_ref()).await;
    check_concurrency(destination.as_ref()).await;
    // Nothing is left of what was written on the way.
    let temporary = root.path().join("new/mirror/tmp");
    assert_eq!(fs::read_dir(temporary).unwrap().count(), 0);
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_of_a_folder_can_be_served() {
    use std::os::unix::fs::PermissionsExt as _;
    let root = TempDir::new().unwrap();
    let destination = folder(&root);
    let file = tempfile::NamedTempFile::new_in(destination.staging().unwrap().unwrap()).unwrap();
    destination.write("a", b"x".to_vec().into()).await.unwrap();
    let moved = ObjectBody::Temporary { size: 0, path: file.into_temp_path() };
    destination.write("b", moved).await.unwrap();
    let mode = |name: &str| {
        let meta = fs::metadata(root.path().join("new/mirror").join(name)).unwrap();
        meta.permissions().mode() & 0o777
    };
    // What the umask of this process leaves of 0666.
    fs::write(root.path().join("new/mirror/own"), "").unwrap();
    assert_eq!([mode("a"), mode("b")], [mode("own"); 2]);
}

#[tokio::test]
async fn the_buckets_of_an_s3_server_are_written() {
    let (_root, server) = s3_server().await;
    let serialised = SerialisedPuts::start(server.address.to_string()).unwrap();
    let destination = bucket(serialised.address);
    check(destination.as_ref()).await;
    check_concurrency(destination.as_ref()).await;
}

#[tokio::test]
async fn the_buckets_of_moto_are_written() {
    let moto = moto_server();
    let serialised = SerialisedPuts::start(&moto.address).unwrap();
    let destination = bucket(serialised.address);
    check(destination.as_ref()).await;
    check_concurrency(destination.as_ref()).await;
}

#[tokio::test]
async fn the_containers_of_azure_are_written() {
    let azurite = AzuriteServer::start();
    let key = ("AZURE_STORAGE_ACCOUNT_KEY".to_owned(), ACCOUNT_KEY.to_owned().into());
    let objects = ObjectOptions {
        endpoint: Some(format!("http://{}/{ACCOUNT}", azurite.address).parse().unwrap()),
        variables: [key].into(),
        ..ObjectOptions::default()
    };
    let options = MirrorOptions { objects, ..MirrorOptions::default() };
    let url = format!("az://{CONTAINER}/some/prefix").parse().unwrap();
    let destination = open_destination(url, options).unwrap();
    check(destination.as_ref()).await;
    check_concurrency(destination.as_ref()).await;
}

#[test]
fn a_web_server_is_not_written() {
    let url = "https://user:s3cret@mirror.example/loom".parse().unwrap();
    let error = open_destination(url, MirrorOptions::default()).unwrap_err();
    assert!(matches!(error, MirrorError::ReadOnly { .. }), "{error:?}");
    assert!(!error.to_string().contains("s3cret"), "{error}");
}
