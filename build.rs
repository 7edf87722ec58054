//! Remembers the checkout that this `loom` is built from, so that it finds the runtime built there.

fn main() {
    println!("cargo:rerun-if-env-changed=LOOM_DIST");
    // A release knows of no checkout: the path would name the machine it was built on.
    let distributed = std::env::var_os("LOOM_DIST").is_some_and(|value| value == "1");
    if let (false, Some(checkout)) = (distributed, std::env::var_os("CARGO_MANIFEST_DIR")) {
        println!("cargo:rustc-env=LOOM_BUILT_FROM={}", checkout.to_string_lossy());
    }
    println!("cargo:rerun-if-changed=build.rs");
}
