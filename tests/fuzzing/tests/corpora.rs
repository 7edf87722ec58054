//! Runs every input of the corpora through its target, on a stable compiler and without libFuzzer.

use std::{
    fs,
    path::{Path, PathBuf},
};

use loom_fuzz_targets::{FuzzTarget, TARGETS};

/// How often each input of the corpora is changed.
const CHANGES: usize = 60;

fn corpora() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus")
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.collect()
}

#[test]
fn every_input_of_the_corpora_is_read() {
    for target in TARGETS {
        let folder = corpora().join(target.name);
        let inputs = names(&folder);
        assert!(!inputs.is_empty(), "{} has no corpus", target.name);
        for name in inputs {
            println!("{} {name}", target.name);
            (target.run)(&fs::read(folder.join(name)).unwrap());
        }
    }
}

#[test]
fn every_corpus_has_its_target_and_all_are_small() {
    let mut bytes = 0;
    for corpus in names(&corpora()) {
        assert!(TARGETS.iter().any(|target| target.name == corpus), "{corpus} has no target");
        let folder = corpora().join(&corpus);
        for name in names(&folder) {
            bytes += fs::metadata(folder.join(name)).unwrap().len();
        }
    }
    assert!(bytes < 1 << 20, "the corpora have {bytes} bytes");
}

/// Random numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % bound.max(1)
    }
}

/// Changes, inserts, removes or repeats a few bytes.
fn change(input: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=numbers.below(3) {
        let at = numbers.below(bytes.len().max(1)).min(bytes.len());
        let end = (at + 1 + numbers.below(16)).min(bytes.len());
        match numbers.below(5) {
            0 if at < bytes.len() => bytes[at] ^= 1 << numbers.below(8),
            1 if at < bytes.len() => bytes[at] = b"\0\n\"/.{}[]:,0\xff\x80"[numbers.below(14)],
            2 => bytes.insert(at, numbers.below(256) as u8),
            3 => drop(bytes.drain(at..end)),
            _ => {
                let piece = bytes[at..end].to_vec();
                let to = numbers.below(bytes.len() + 1);
                bytes.splice(to..to, piece);
            }
        }
    }
    bytes
}

/// Changed inputs of one target. What fails is kept in a file for the corpus.
fn changed(target: &FuzzTarget, numbers: &mut Numbers) {
    let folder = corpora().join(target.name);
    let mut inputs = names(&folder);
    inputs.sort();
    for name in inputs {
        let input = fs::read(folder.join(&name)).unwrap();
        for _ in 0..CHANGES {
            let bytes = change(&input, numbers);
            let result = std::panic::catch_unwind(|| (target.run)(&bytes));
            assert!(
                result.is_ok(),
                "{} {name}: {:?}",
                target.name,
                String::from_utf8_lossy(&bytes)
            );
        }
    }
}

#[test]
fn changed_inputs_of_the_corpora_are_read() {
    let changes = std::env::var("LOOM_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let mut numbers = Numbers(changes.unwrap_or(0x9e37_79b9_7f4a_7c15));
    TARGETS.iter().for_each(|target| changed(target, &mut numbers));
}
