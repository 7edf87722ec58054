//! Compiles the `.proto` files without protoc, and writes their descriptors for reflection.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message as _;

const FILES: [&str; 4] =
    ["loom/v1/action.proto", "loom/v1/agent.proto", "loom/v1/bridge.proto", "loom/v1/event.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let descriptors = protox::compile(FILES, ["proto"])?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    fs::write(out.join("loom.bin"), descriptors.encode_to_vec())?;
    // Without the transport the generated clients take a channel from the caller, and the server needs no client
    // transport.
    tonic_prost_build::configure()
        .build_transport(false)
        .bytes(".")
        .extern_path(".loom.v1.Delivery", "crate::delivery::Delivery")
        .compile_fds(descriptors)?;
    Ok(())
}
