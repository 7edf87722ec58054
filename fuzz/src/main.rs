//! Runs the target that the variable `LOOM_FUZZ_TARGET` names: one program for all, because linking takes longer than
//! compiling.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use loom_fuzz_targets::{FuzzTarget, named};

fn target() -> &'static FuzzTarget {
    static TARGET: OnceLock<&'static FuzzTarget> = OnceLock::new();
    TARGET.get_or_init(|| {
        let name = std::env::var("LOOM_FUZZ_TARGET").unwrap_or_default();
        named(&name).unwrap_or_else(|| panic!("LOOM_FUZZ_TARGET names no target: {name:?}"))
    })
}

fuzz_target!(|data: &[u8]| (target().run)(data));
