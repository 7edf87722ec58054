//! Servers and checksum files as they are in the wild.

use std::fs;

use crate::support::{Fault, Packing, Plain, Sandbox, Server, Sums, program, sha256};

#[test]
fn a_server_may_declare_an_archive_as_compressed() {
    for (packing, encoding, accepted) in [
        (Packing::TarGz, "x-gzip", true),
        (Packing::TarGz, "gzip", true),
        (Packing::TarZst, "zstd", true),
        (Packing::Zip, "gzip", false),
    ] {
        let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
        mirror.add("0.2.0", packing, &program::small("0.2.0"), Sums::Sidecar);
        let server = Server::serve(mirror.path());
        server.fault(&packing.asset("0.2.0"), Fault::Encoding(encoding.into()));
        let run = sandbox.loom(&["get", "--source", &server.url(), "--version", "0.2.0"]);
        assert_eq!(run.exit() == 0, accepted, "{encoding}: {}", run.stderr());
    }
    // The digest decides.
    let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
    mirror.add("0.2.0", Packing::TarGz, &program::small("0.2.0"), Sums::Sidecar);
    let server = Server::serve(mirror.path());
    server.fault(".tar.gz", Fault::Encoding("gzip".into()));
    fs::write(mirror.asset("0.2.0", Packing::TarGz), b"something else").unwrap();
    sandbox.loom(&["get", "--source", &server.url(), "--version", "0.2.0"]).code(6);
    sandbox.verify();
}

#[test]
fn checksum_files_of_common_tools_are_read() {
    let asset = Packing::Bare.asset("0.2.0");
    let program = program::small("0.2.0");
    let digest = sha256(&program);
    let utf16 = |text: &str| -> Vec<u8> {
        format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
    };
    let latin1 = [&digest.clone().into_bytes()[..], b"  caf\xe9\n"].concat();
    for (name, bytes) in [
        (format!("{asset}.sha256"), utf16(&format!("{digest}\r\n"))),
        (format!("{asset}.sha256"), format!("{digest}  -\n").into_bytes()),
        ("SHA256SUMS".to_owned(), [latin1, format!("{digest}  {asset}\n").into_bytes()].concat()),
        ("SHA256SUMS.txt".to_owned(), format!("{digest}  {asset}\n").repeat(2).into_bytes()),
        (
            "checksums.txt".to_owned(),
            format!("SHA256 ({asset}) = {digest}\nSIZE ({asset}) = 7\n").into_bytes(),
        ),
    ] {
        let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
        mirror.add("0.2.0", Packing::Bare, &program, Sums::None);
        fs::write(mirror.path().join("v0.2.0").join(&name), bytes).unwrap();
        let server = Server::serve(mirror.path());
        for url in [mirror.url(), server.url()] {
            let get = ["get", "--source", &url, "--version", "0.2.0", "--force-download"];
            let run = sandbox.loom(&get);
            assert_eq!(run.exit(), 0, "{name} from {url}: {}", run.stderr());
        }
        sandbox.verify();
    }
}
