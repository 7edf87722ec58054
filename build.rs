//! Tells `loom` when it was built, and which checkout and profile it was built from, so that `--build` builds the runtime
//! there and in the same profile, and compiles no dependency twice.
#![allow(clippy::print_stdout)] // it is how a build script speaks to cargo

use std::{
    env,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=LOOM_DIST");
    println!("cargo::rerun-if-env-changed=SOURCE_DATE_EPOCH");
    if let Some(seconds) = built() {
        println!("cargo::rustc-env=LOOM_BUILD_TIME={seconds}");
    }
    // A distributed program must not contain a path of the machine that built it.
    if env::var_os("LOOM_DIST").is_some_and(|value| value == "1") {
        return;
    }
    if let Ok(checkout) = env::var("CARGO_MANIFEST_DIR") {
        println!("cargo::rustc-env=LOOM_BUILT_FROM={checkout}");
    }
    if let Some(profile) = profile() {
        println!("cargo::rustc-env=LOOM_BUILT_PROFILE={profile}");
    }
}

/// When this build was made, in seconds after 1970: no clock that is earlier is believed. A distributed program is the same
/// whenever it is built, so that the time has to be given.
fn built() -> Option<u64> {
    if let Ok(given) = env::var("SOURCE_DATE_EPOCH") {
        return given.parse().ok();
    }
    let is_distributed = env::var_os("LOOM_DIST").is_some_and(|value| value == "1");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    (!is_distributed).then_some(now.as_secs())
}

/// The profile of this build. `PROFILE` knows only `debug` and `release`; the name of a custom one is that of the folder
/// above `build` in the path of the output folder.
fn profile() -> Option<String> {
    let output = env::var("OUT_DIR").ok()?;
    let build = Path::new(&output).ancestors().find(|folder| folder.ends_with("build"))?;
    let name = build.parent()?.file_name()?.to_str()?;
    Some(if name == "debug" { "dev" } else { name }.to_owned())
}
