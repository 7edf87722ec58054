//! A mirror carries the signatures of a release to readers whose keys the administrator of the mirror does not have.

use crate::support::{
    Packing, Plain, Sandbox, Sums, program,
    signer::{Signer, required, trust},
};

/// Where the signature is: over the archive, or over `SHA256SUMS`.
const SIGNED: [Sums; 2] = [Sums::Sidecar, Sums::File];

fn release(sums: Sums, signer: &Signer) -> Plain {
    let releases = Plain::empty();
    let asset = releases.add("0.2.0", Packing::TarGz, &program::small("0.2.0"), sums);
    let signed = match sums {
        Sums::File => asset.with_file_name("SHA256SUMS"),
        _ => asset,
    };
    signer.sign(&signed);
    releases
}

/// A reader accepts the release from `source` with this key, and refuses it with another one.
fn check(source: &str, signer: &Signer) {
    for (key, code) in [(&signer.public, 0), (&Signer::new().public, 6)] {
        let reader = Sandbox::new();
        trust(&reader, source, &required(&[key]));
        reader.loom(&["get", "0.2.0"]).code(code);
    }
}

#[test]
fn sync_copies_signatures_that_it_cannot_judge() {
    for sums in SIGNED {
        let (signer, sandbox) = (Signer::new(), Sandbox::new());
        let releases = release(sums, &signer);
        let sync = ["mirror", "sync", "--from", &releases.url(), "--to", "./mirror"];
        sandbox.loom(&sync).ok();
        check(&format!("file://{}", sandbox.project().join("mirror").display()), &signer);
    }
}

#[test]
fn an_index_over_a_release_folder_keeps_its_signatures() {
    let (signer, sandbox) = (Signer::new(), Sandbox::new());
    let releases = release(Sums::File, &signer);
    check(&releases.url(), &signer);
    let folder = releases.url();
    sandbox.loom(&["mirror", "index", folder.strip_prefix("file://").unwrap()]).ok();
    check(&releases.url(), &signer);
}
