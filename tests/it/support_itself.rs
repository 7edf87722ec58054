//! Tests of the test support: the servers and fixtures behave as the other tests assume, checked with curl.

use std::process::Command;

use crate::support::{
    Depot, Fault, Nginx, Packing, Plain, Server, Unreachable, plain, program, sha256,
};

fn curl(args: &[&str]) -> (Option<i32>, Vec<u8>) {
    let output = Command::new("curl").args(["-sS", "-m", "20"]).args(args).output().unwrap();
    (output.status.code(), output.stdout)
}

#[test]
fn a_range_is_answered_only_while_the_file_is_the_same() {
    let mirror = Plain::of(&["0.2.0"]);
    let server = Server::serve(mirror.path());
    let path = plain::asset_path("0.2.0", Packing::TarGz);
    let url = format!("{}/{path}", server.url());
    let whole = std::fs::read(mirror.path().join(&path)).unwrap();
    assert_eq!(curl(&[&url]).1, whole);
    assert_eq!(curl(&["-r", "10-", &url]).1, &whole[10..]);
    let stale = curl(&["-r", "10-", "-H", "If-Range: \"other\"", &url]).1;
    assert_eq!(stale, whole);
    let statuses: Vec<_> = server.requests_for(".tar.gz").iter().map(|r| r.status).collect();
    assert_eq!(statuses, [200, 206, 200]);
    assert_eq!(server.requests()[1].range(), Some("bytes=10-"));
}

#[test]
fn faults_are_exact() {
    let mirror = Plain::empty();
    let bytes = program::noise(10_000, "faults");
    std::fs::write(mirror.path().join("file"), &bytes).unwrap();
    let server = Server::serve(mirror.path());
    let url = format!("{}/file", server.url());

    server.fault_times("/file", Fault::Cut(1234), 1);
    let (code, got) = curl(&[&url]);
    assert_eq!((code, &got[..]), (Some(18), &bytes[..1234]));

    let gate = server.hold("/file", 1000);
    let held = std::thread::spawn({
        let url = url.clone();
        move || curl(&[&url])
    });
    gate.reached();
    gate.open();
    assert_eq!(held.join().unwrap().1, bytes);

    server.fault_times("/file", Fault::WrongOffset(5), 1);
    assert_eq!(curl(&["-r", "10-", &url]).1, &bytes[15..]);
    server.fault_times("/file", Fault::Status(503, vec![]), 1);
    assert_eq!(curl(&["-f", &url]).0, Some(22));
    server.fault_times("/file", Fault::Hangup, 1);
    assert_eq!(curl(&[&url]).0, Some(52));
    assert_eq!(curl(&[&url]).1, bytes);
}

#[test]
fn nginx_serves_files_and_an_unreachable_port_refuses_connections() {
    let mirror = Plain::of(&["0.2.0"]);
    let nginx = Nginx::serve(mirror.path(), "");
    let asset = mirror.asset("0.2.0", Packing::TarGz);
    let url = format!("{}/{}", nginx.url(), plain::asset_path("0.2.0", Packing::TarGz));
    assert_eq!(sha256(&curl(&[&url]).1), sha256(&std::fs::read(asset).unwrap()));
    assert_eq!(nginx.log().len(), 1);
    let unreachable = Unreachable::new();
    assert_eq!(curl(&[&unreachable.url()]).0, Some(7));
}

#[test]
fn a_depot_is_readable_by_the_parsers_of_loom_source() {
    use loom_source::{Index, Record, Statement, record::object_path};
    let depot = Depot::of(&["0.1.0", "0.2.0"]);
    let read = |path: &str| std::fs::read(depot.path().join(path)).unwrap();
    let index = Index::parse(&read(Index::PATH)).unwrap();
    assert_eq!(index.payload.releases.len(), 2);
    for entry in &index.payload.releases {
        let statement = Statement::parse(&read(&object_path(&entry.statement))).unwrap();
        let record = Record::parse(&read(&Record::path(&statement.release()))).unwrap();
        assert_eq!(record.statement, entry.statement);
        assert!(read(&object_path(&statement.tree)).starts_with(b"loom-tree 1\nx "));
    }
}
