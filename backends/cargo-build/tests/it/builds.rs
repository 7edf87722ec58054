//! Real builds of a small workspace by the real cargo.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use futures::TryStreamExt as _;
use loom_cargo_build::{CargoBuild, CargoBuildOptions, CargoOutput, PackageSelection, is_checkout};
use loom_source::{
    Advice, Authority, ListingScope, Name, Offer, Packaging, Platform, Product, RangeRequest,
    Release, Slot, Source as _, SourceErrorKind, VersionListing,
};

struct Checkout(tempfile::TempDir);

impl Checkout {
    /// A workspace whose `loom-bridge` prints one word and has no dependencies.
    fn new() -> Self {
        let checkout = Self(tempfile::tempdir().unwrap());
        checkout.write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"runtime/bridge\"]\n[profile.fast]\ninherits = \"dev\"");
        checkout.write(
            "runtime/bridge/Cargo.toml",
            "[package]\nname = \"loom-bridge\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
             [[bin]]\nname = \"loom-bridge-server\"\npath = \"main.rs\"",
        );
        checkout.write("runtime/bridge/main.rs", "fn main() { print!(\"real\"); }");
        assert!(is_checkout(checkout.path()));
        checkout
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn executable(&self, path: &str, text: &str) {
        let path = self.write(path, text);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn source(&self, change: impl FnOnce(&mut CargoBuildOptions)) -> CargoBuild {
        let mut options = CargoBuildOptions::new(self.path());
        change(&mut options);
        CargoBuild::open(options)
    }

    /// A source that builds, and the output of cargo.
    fn building(
        &self,
        change: impl FnOnce(&mut CargoBuildOptions),
    ) -> (CargoBuild, Arc<Mutex<String>>) {
        let output = Arc::new(Mutex::new(String::new()));
        let text = Arc::clone(&output);
        let lines = CargoOutput::Lines(Arc::new(move |line| text.lock().unwrap().push_str(line)));
        let source = self.source(|options| {
            options.build = true;
            // Otherwise the inner cargo would inherit the variable of the surrounding one.
            options.target_dir = Some(self.path().join("target"));
            options.output = lines;
            change(options);
        });
        (source, output)
    }
}

fn product() -> Product {
    let platform = Platform::current().unwrap();
    Product { authority: Authority::default(), binary: Name::default(), platform }
}

fn dev() -> Release {
    product().in_slot(Slot::Dev)
}

async fn content(source: &CargoBuild, offer: &Offer) -> String {
    let [artifact] = offer.artifacts.as_slice() else { panic!("one artifact: {offer:?}") };
    assert_eq!(artifact.packaging, Packaging::Bare);
    let download = source.open(&artifact.asset, &RangeRequest::whole()).await.unwrap();
    assert_eq!(download.total, artifact.size);
    let pieces: Vec<_> = download.body.try_collect().await.unwrap();
    String::from_utf8_lossy(&pieces.concat()).into_owned()
}

#[tokio::test]
async fn a_build_is_never_offered_under_a_version() {
    let checkout = Checkout::new();
    checkout.executable("target/debug/loom-bridge-server", "build");
    let source = checkout.source(|_| {});
    assert!(source.find(&dev()).await.unwrap().is_some());
    let pinned = product().at_version("0.2.0".parse().unwrap());
    assert!(source.find(&pinned).await.unwrap().is_none());
    let (building, output) = checkout.building(|_| {});
    assert!(building.find(&pinned).await.unwrap().is_none());
    assert_eq!(*output.lock().unwrap(), "", "nothing was built for it");
    assert_eq!(
        source.list(&product(), ListingScope::All).await.unwrap(),
        VersionListing::Versions(vec![])
    );
}

#[tokio::test]
async fn builds_are_found_in_the_configured_target_folder() {
    let checkout = Checkout::new();
    let source = checkout.source(|_| {});
    assert!(source.find(&dev()).await.unwrap().is_none(), "nothing built yet");
    let cases = [
        ("target/debug", "debug", None),
        ("configured/release", "release", None),
        ("variable/x86_64-unknown-linux-gnu/fast", "fast", Some("variable")),
    ];
    for (folder, profile, variable) in cases {
        if folder.starts_with("configured") {
            checkout.write(".cargo/config.toml", "build.target-dir = \"configured\"");
        }
        if folder.contains("x86_64") && dev().platform != Platform::LinuxX86_64 {
            continue;
        }
        checkout.executable(&format!("{folder}/loom-bridge-server"), folder);
        let source = checkout.source(|options| options.target_dir = variable.map(PathBuf::from));
        let offer = source.find(&dev()).await.unwrap().unwrap();
        assert_eq!(content(&source, &offer).await, folder);
        let build = offer.build.unwrap();
        assert_eq!(build.profile, profile);
        assert_eq!(build.checkout, checkout.path().canonicalize().unwrap());
    }
}

#[tokio::test]
async fn only_the_requested_profile_is_offered() {
    let checkout = Checkout::new();
    checkout.executable("target/debug/loom-bridge-server", "debug");
    for (profile, expected) in
        [("dev", true), ("debug", true), ("release", false), ("../debug", false)]
    {
        let source = checkout.source(|options| options.profile = Some(profile.to_owned()));
        assert_eq!(source.find(&dev()).await.unwrap().is_some(), expected, "{profile}");
    }
}

#[tokio::test]
async fn the_executable_that_cargo_reports_is_offered() {
    let checkout = Checkout::new();
    checkout.executable("target/release/loom-bridge-server", "older or newer, but not reported");
    let (source, output) = checkout.building(|_| {});
    let offer = source.find(&dev()).await.unwrap().unwrap();
    assert_eq!(offer.build.as_ref().unwrap().profile, "debug");
    assert!(output.lock().unwrap().contains("Compiling loom-bridge"), "{output:?}");
    let ran = std::process::Command::new(offer.artifacts[0].asset.as_str()).output().unwrap();
    assert_eq!(ran.stdout, b"real");
    assert!(content(&source, &offer).await.len() > 1000);

    let (fast, _) = checkout.building(|options| options.profile = Some("fast".to_owned()));
    assert_eq!(fast.find(&dev()).await.unwrap().unwrap().build.unwrap().profile, "fast");
}

#[tokio::test]
async fn a_failed_build_is_reported_and_stops_the_search() {
    let checkout = Checkout::new();
    checkout.write("runtime/bridge/main.rs", "fn main() { missing() }");
    let (source, output) = checkout.building(|_| {});
    let error = source.find(&dev()).await.unwrap_err();
    assert_eq!(error.kind.advice(), Advice::Stop);
    let text = error.to_string();
    assert!(
        text.starts_with("cargo build -p loom-bridge --bin loom-bridge-server failed in"),
        "{text}"
    );
    assert!(output.lock().unwrap().contains("cannot find function `missing`"), "{output:?}");

    let (source, _) = checkout.building(|options| options.cargo = "no-such-cargo".into());
    let error = source.find(&dev()).await.unwrap_err();
    assert!(error.to_string().contains("no-such-cargo cannot be started"), "{error}");
}

#[tokio::test]
async fn a_missing_checkout_is_an_error_that_names_it() {
    let checkout = Checkout::new();
    fs::remove_file(checkout.path().join("Cargo.toml")).unwrap();
    let error = checkout.source(|_| {}).find(&dev()).await.unwrap_err();
    assert_eq!(error.kind, SourceErrorKind::Read, "{error:?}");
    assert!(error.at.ends_with("Cargo.toml"), "{error:?}");
}

/// Whether each package was compiled (`fresh` is false) or reused, by cargo's JSON messages.
fn freshness(messages: &str) -> Vec<(String, bool)> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str(line).ok());
    let artifacts = messages.filter(|m: &serde_json::Value| m["reason"] == "compiler-artifact");
    artifacts
        .map(|artifact| {
            let name = artifact["target"]["name"].as_str().unwrap().to_owned();
            (name, artifact["fresh"].as_bool().unwrap())
        })
        .collect()
}

#[tokio::test]
async fn what_cargo_run_has_compiled_is_not_compiled_again() {
    let checkout = Checkout::new();
    checkout.write(
        "Cargo.toml",
        "[workspace]\nresolver = \"3\"\nmembers = [\"program\", \"shared\", \"runtime/bridge\"]\n\
         default-members = [\"program\", \"runtime/bridge\"]",
    );
    let manifest = |name: &str, more: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n{more}")
    };
    checkout.write("shared/Cargo.toml", &manifest("shared", "[features]\nmore = []\n"));
    checkout.write("shared/src/lib.rs", "");
    // As the build script of `ring`: it depends on a variable that `cargo run` sets for the program.
    let script = "fn main() { println!(\"cargo::rerun-if-env-changed=CARGO_PKG_NAME\"); }";
    checkout.write("shared/build.rs", script);
    let needs = "[dependencies]\nshared = { path = \"../shared\", features = [\"more\"] }\n";
    checkout.write("program/Cargo.toml", &manifest("program", needs));
    checkout.write("program/src/main.rs", "fn main() {}");
    let bridge = "[dependencies]\nshared = { path = \"../../shared\" }\n\
                  [[bin]]\nname = \"loom-bridge-server\"\npath = \"main.rs\"\n";
    checkout.write("runtime/bridge/Cargo.toml", &manifest("loom-bridge", bridge));

    let real = std::env::var("CARGO").unwrap();
    let mut run = std::process::Command::new(&real);
    run.args(["run", "--quiet", "--bin", "program"]).current_dir(checkout.path());
    run.env("CARGO_TARGET_DIR", checkout.path().join("target"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_PKG_")) {
        run.env_remove(name);
    }
    let output = run.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    // This test was started by cargo too, so that these variables are set for the second cargo as well.
    assert!(std::env::var("CARGO_PKG_NAME").is_ok());
    let messages = checkout.path().join("messages");
    let wrapper = format!("#!/bin/sh\n{real} \"$@\" | tee {}\n", messages.display());
    checkout.executable("cargo", &wrapper);
    let (build, output) = checkout.building(|options| {
        options.cargo = checkout.path().join("cargo");
        options.selection = PackageSelection::DefaultMembers;
        options.profile = Some("dev".to_owned());
    });
    build.find(&dev()).await.unwrap().unwrap();
    let found = freshness(&fs::read_to_string(&messages).unwrap());
    let shared: Vec<_> = found.iter().filter(|(name, _)| name != "loom-bridge-server").collect();
    assert!(!shared.is_empty(), "{found:?}");
    assert!(shared.iter().all(|(_, fresh)| *fresh), "{found:?} {output:?}");
    assert!(found.contains(&("loom-bridge-server".to_owned(), false)), "{found:?}");
}
