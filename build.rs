//! Tells `loom` which checkout it was built from, so that it can offer that checkout's builds.
#![allow(clippy::print_stdout)] // it is how a build script speaks to cargo

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=LOOM_DIST");
    // What is distributed must not carry a path of the machine that built it.
    let distributed = env::var_os("LOOM_DIST").is_some_and(|value| value == "1");
    if let (false, Ok(checkout)) = (distributed, env::var("CARGO_MANIFEST_DIR")) {
        println!("cargo::rustc-env=LOOM_BUILT_FROM={checkout}");
    }
}
