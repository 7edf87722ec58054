//! `loom release publish --runtime-layer auto`: the smallest layer that the real server runs with.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use super::tool;
use crate::support::{BINARY, Sandbox, platform, server_release};

/// A document of the layout `images`, by its digest.
fn document(sandbox: &Sandbox, digest: &str) -> Value {
    let blobs = sandbox.project().join("images/blobs/sha256");
    serde_json::from_slice(&fs::read(blobs.join(digest.trim_start_matches("sha256:"))).unwrap())
        .unwrap()
}

/// The layers of the image of this platform, by the digest of their index.
fn layers(sandbox: &Sandbox, index: &str) -> Vec<Value> {
    let index = document(sandbox, index);
    let manifest = document(sandbox, index["manifests"][0]["digest"].as_str().unwrap());
    manifest["layers"].as_array().unwrap().clone()
}

#[test]
fn the_server_gets_its_loader_and_libraries_and_is_told_its_size() {
    let sandbox = Sandbox::new();
    server_release::pack(&sandbox);
    let publish = ["release", "publish", "dist", "--json", "--to"];
    let auto = ["--runtime-layer", "auto"];
    let run = sandbox.loom(&[&publish[..], &["oci-layout:images"], &auto].concat()).ok();
    let digest = run.json()["digest"].as_str().unwrap().to_owned();
    // A development build is larger than a release may be.
    let run = run.says(&["MB, compressed", "6 MB at most"]);
    assert!(!run.stderr().contains("does not run by itself"), "{run:?}");
    let [_, libraries, archive] = &layers(&sandbox, &digest)[..] else { panic!("{run:?}") };
    assert_eq!(archive["annotations"]["dev.loom.carrier"], "tar.gz");
    assert_eq!(libraries["mediaType"], "application/vnd.oci.image.layer.v1.tar+gzip");
    // Far less than a distribution, and no file that the loader does not want.
    assert!(libraries["size"].as_u64().unwrap() < 2_500_000, "{libraries}");
    let blob = libraries["digest"].as_str().unwrap().trim_start_matches("sha256:");
    let blob = format!("images/blobs/sha256/{blob}");
    let listed = tool(&sandbox, &sandbox.project(), &["tar", "-tzf", &blob]);
    let names: BTreeSet<&str> = listed
        .lines()
        .filter_map(|path| path.rsplit('/').next())
        .filter(|name| !name.is_empty())
        .collect();
    let ldd =
        tool(&sandbox, &sandbox.project(), &["ldd", &format!("builds/{}/{BINARY}", platform())]);
    let wanted: BTreeSet<&str> = ldd
        .lines()
        .filter_map(|line| line.split_whitespace().next()?.rsplit('/').next())
        .filter(|name| !name.starts_with("linux-vdso"))
        .collect();
    assert_eq!(names, wanted, "{listed}");

    // Again, here and elsewhere, it is the same image.
    let again = sandbox.loom(&[&publish[..], &["oci-layout:images"], &auto].concat()).ok().json();
    assert_eq!((&again["digest"], &again["published"]), (&digest.as_str().into(), &false.into()));
    let elsewhere =
        sandbox.loom(&[&publish[..], &["oci-layout:others"], &auto].concat()).ok().json();
    assert_eq!(elsewhere["digest"], digest.as_str());
}

#[test]
fn an_image_that_does_not_run_is_told_and_stays() {
    let sandbox = Sandbox::new();
    server_release::pack(&sandbox);
    let publish = ["release", "publish", "dist", "--json", "--to"];
    let bare = sandbox.loom(&[&publish[..], &["oci-layout:images"]].concat()).ok();
    let bare = bare.says(&["does not run by itself", "--runtime-layer auto"]);
    let digest = bare.json()["digest"].as_str().unwrap().to_owned();
    assert_eq!(layers(&sandbox, &digest).len(), 2);
    // What is published is never replaced.
    let auto = ["--runtime-layer", "auto"];
    let again = sandbox.loom(&[&publish[..], &["oci-layout:images"], &auto].concat()).ok().json();
    assert_eq!(again["digest"], digest.as_str());
    let plain = ["release", "publish", "dist", "--to"];
    // For another platform than that of the folder it has no meaning.
    let other =
        ["--runtime-layer", "linux-aarch64=auto", "--runtime-layer", "linux-x86_64=missing.tar"];
    sandbox
        .loom(&[&plain[..], &["oci-layout:third"], &other].concat())
        .code(1)
        .says(&["missing.tar"]);
    sandbox
        .loom(&[&plain[..], &["./mirror"], &auto].concat())
        .code(2)
        .says(&["--runtime-layer is for images"]);
}
