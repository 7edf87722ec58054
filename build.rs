//! Tells `loom` which checkout and profile it was built from, so that `--build` builds the runtime there and in the same
//! profile, and compiles no dependency twice.
#![allow(clippy::print_stdout)] // it is how a build script speaks to cargo

use std::{env, path::Path};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=LOOM_DIST");
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

/// The profile of this build. `PROFILE` knows only `debug` and `release`; the name of a custom one is that of the folder
/// above `build` in the path of the output folder.
fn profile() -> Option<String> {
    let output = env::var("OUT_DIR").ok()?;
    let build = Path::new(&output).ancestors().find(|folder| folder.ends_with("build"))?;
    let name = build.parent()?.file_name()?.to_str()?;
    Some(if name == "debug" { "dev" } else { name }.to_owned())
}
