//! Runs the target that the variable `LOOM_FUZZ_TARGET` names: one program for all, because linking takes longer than
//! compiling.
#![no_main]

mod tokens;

use std::sync::OnceLock;

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use loom_fuzz_targets::{FuzzTarget, named};

fn target() -> &'static FuzzTarget {
    static TARGET: OnceLock<&'static FuzzTarget> = OnceLock::new();
    TARGET.get_or_init(|| {
        let name = std::env::var("LOOM_FUZZ_TARGET").unwrap_or_default();
        named(&name).unwrap_or_else(|| panic!("LOOM_FUZZ_TARGET names no target: {name:?}"))
    })
}

fuzz_target!(|data: &[u8]| (target().run)(data));

// One half of the changes of a text are of whole words, all others are libFuzzer's own.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut dice = tokens::MutationSeed::new(seed);
    if dice.below(2) == 0
        && let Ok(text) = std::str::from_utf8(&data[..size])
        && let Some(changed) = tokens::change(text, &mut dice)
        && changed.len() <= max_size
    {
        data[..changed.len()].copy_from_slice(changed.as_bytes());
        return changed.len();
    }
    fuzzer_mutate(data, size, max_size)
});
