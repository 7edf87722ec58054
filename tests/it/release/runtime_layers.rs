//! `loom release publish --runtime-layer auto`: the smallest layer that the real server runs with.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use super::tool;
use crate::support::{BINARY, Plain, Sandbox, platform, server_release};

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
    let run = run.says(&["MB, compressed", "7.5 MB at most"]);
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

/// The digest of the index in a packed layout.
fn bundled(sandbox: &Sandbox, file: &str) -> String {
    let index = tool(sandbox, &sandbox.project(), &["tar", "-xOf", file, "index.json"]);
    let index: Value = serde_json::from_str(&index).unwrap();
    index["manifests"][0]["digest"].as_str().unwrap().to_owned()
}

#[test]
fn a_pushed_and_a_bundled_image_get_a_layer_too() {
    let mirror = Plain::with_server("0.2.0");
    let sandbox = Sandbox::new();
    sandbox.write_user_config("[store]\nkeep_archives = true\n");
    sandbox.loom(&["get", "0.2.0", "--source", &mirror.url()]).ok();
    let push = ["mirror", "push", "--json", "--to"];
    let auto = ["--runtime-layer", "auto"];
    let bare = sandbox.loom(&[&push[..], &["oci-layout:bare"]].concat()).ok();
    bare.says(&["does not run by itself", "--runtime-layer auto"]);
    let run = sandbox.loom(&[&push[..], &["oci-layout:images"], &auto].concat()).ok();
    let run = run.never_says(&["does not run by itself"]);
    let digest = run.json()["images"][0]["digest"].as_str().unwrap().to_owned();
    assert_eq!(layers(&sandbox, &digest).len(), 3);
    let bundle = ["mirror", "bundle", "--version", "0.2.0", "--format", "oci-layout", "--to"];
    sandbox.loom(&[&bundle[..], &["auto.tar"], &auto].concat()).ok();
    assert_eq!(bundled(&sandbox, "auto.tar"), digest);
    sandbox.loom(&[&bundle[..], &["bare.tar"]].concat()).ok().says(&["does not run by itself"]);
    assert_ne!(bundled(&sandbox, "bare.tar"), digest);
    // The image of a registry or a layout keeps its layers.
    let from = ["--from", "oci-layout:images"];
    sandbox.loom(&[&bundle[..], &["again.tar"], &from].concat()).ok();
    assert_eq!(bundled(&sandbox, "again.tar"), digest);
    for other in [["mirror", "push", "--to", "./mirror"], ["mirror", "bundle", "--to", "x"]] {
        sandbox
            .loom(&[&other[..], &auto].concat())
            .code(2)
            .says(&["--runtime-layer is for images"]);
    }
}

#[test]
fn a_release_without_its_archive_is_no_image_which_is_said() {
    let mirror = Plain::of(&["0.2.0"]);
    let sandbox = Sandbox::new();
    let get = ["get", "0.2.0", "--source", &mirror.url()];
    sandbox.loom(&get).ok();
    let told = [
        "loom-bridge-server 0.2.0",
        &platform(),
        "becomes an artifact, which no engine runs",
        "keep_archives = true",
        "--force-download",
    ];
    let push = ["mirror", "push", "--json", "--to"];
    let run = sandbox.loom(&[&push[..], &["oci-layout:images"]].concat()).ok().says(&told);
    let digest = run.json()["images"][0]["digest"].as_str().unwrap().to_owned();
    assert_eq!(layers(&sandbox, &digest).len(), 1);
    let bundle = ["mirror", "bundle", "--version", "0.2.0", "--format", "oci-layout", "--to"];
    sandbox.loom(&[&bundle[..], &["bare.tar"]].concat()).ok().says(&told);
    // What is said helps.
    sandbox.write_user_config("[store]\nkeep_archives = true\n");
    sandbox.loom(&[&get[..], &["--force-download"]].concat()).ok();
    let run = sandbox.loom(&[&bundle[..], &["whole.tar"]].concat()).ok();
    run.never_says(&["becomes an artifact"]);
    let from_mirror = ["--from", &mirror.url()];
    let run = sandbox.loom(&[&bundle[..], &["mirror.tar"], &from_mirror].concat()).ok();
    run.never_says(&["becomes an artifact"]);
    assert_eq!(bundled(&sandbox, "mirror.tar"), bundled(&sandbox, "whole.tar"));
}
