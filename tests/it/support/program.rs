//! The programs that mirrors serve.

use std::{fs, path::PathBuf};

/// The runtime server that was built for the tests.
pub fn server_path() -> PathBuf {
    let path = std::env::var_os("LOOM_TEST_SERVER").map(PathBuf::from).expect(
        "LOOM_TEST_SERVER must name a built loom-bridge-server; `cargo xtask test` builds one",
    );
    assert!(path.is_file(), "LOOM_TEST_SERVER names {}, which is no file", path.display());
    path
}

/// The bytes of the real runtime server.
pub fn server() -> Vec<u8> {
    fs::read(server_path()).unwrap()
}

/// A small program that prints `loom-bridge-server {version}`: sufficient for tests that start no runtime.
pub fn small(version: &str) -> Vec<u8> {
    format!("#!/bin/sh\necho {} {version}\n", super::BINARY).into_bytes()
}

/// The same, followed by `size` incompressible bytes, so that its archive is at least that large.
pub fn large(version: &str, size: usize) -> Vec<u8> {
    let mut program = small(version);
    program.extend_from_slice(b"exit 0\n");
    program.extend(noise(size, version));
    program
}

/// Incompressible bytes, the same for the same seed.
pub fn noise(size: usize, seed: &str) -> Vec<u8> {
    let seed = seed.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut state = seed | 1;
    let mut words = std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes()
    });
    let mut bytes: Vec<u8> = words.by_ref().take(size / 8 + 1).flatten().collect();
    bytes.truncate(size);
    bytes
}
