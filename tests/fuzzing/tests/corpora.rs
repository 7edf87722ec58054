//! Runs every input of the corpora through its target, on a stable compiler and without libFuzzer.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use loom_fuzz_targets::TARGETS;

fn corpora() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus")
}

fn found() -> PathBuf {
    corpora().join("../found")
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
fn every_input_that_a_run_has_found_is_read() {
    for target in TARGETS {
        let folder = tempfile::tempdir().unwrap();
        let archive = found().join(format!("{}.tar.xz", target.name));
        let unpacked =
            Command::new("tar").arg("-xJf").arg(&archive).arg("-C").arg(folder.path()).status();
        assert!(unpacked.unwrap().success(), "{}", archive.display());
        let inputs = names(folder.path());
        assert!(inputs.len() > 10, "{} has {} inputs", target.name, inputs.len());
        for name in inputs {
            (target.run)(&fs::read(folder.path().join(name)).unwrap());
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
    for archive in names(&found()) {
        bytes += fs::metadata(found().join(archive)).unwrap().len();
    }
    assert!(bytes < 3 << 20, "the corpora have {bytes} bytes");
}
