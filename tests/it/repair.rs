//! `loom store repair`: what was deleted or damaged by hand is made again.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use crate::support::{Entry, Packing, Plain, Sandbox, Sums, program, sandbox::make_removable};

const VERSIONS: [&str; 2] = ["0.1.0", "0.2.0"];

/// The files of a release: the program differs from version to version, the licence does not.
fn entries(version: &str) -> Vec<Entry> {
    let mut entries = Entry::program(&program::small(version));
    entries.push(Entry::data("LICENSE", &program::noise(9_000, "licence")));
    entries
}

/// A store with two versions, from a mirror that is configured.
fn installed(keep_archives: bool) -> (Sandbox, Plain) {
    let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
    for version in VERSIONS {
        mirror.add_entries(version, Packing::TarGz, &entries(version), Sums::Sidecar);
    }
    let source = format!("[[sources]]\ntype = \"mirror\"\nurl = \"{}\"\n", mirror.url());
    let config = format!("[store]\nkeep_archives = {keep_archives}\n\n{source}");
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), &config);
    for version in VERSIONS {
        sandbox.loom(&["get", version]).ok();
    }
    sandbox.verify();
    (sandbox, mirror)
}

fn delete(path: &Path) {
    make_removable(path);
    if path.is_dir() {
        fs::remove_dir_all(path).unwrap();
    } else {
        fs::remove_file(path).unwrap();
    }
}

#[track_caller]
fn assert_all_here(sandbox: &Sandbox, what: &str) {
    let run = sandbox.loom(&["store", "verify"]);
    assert_eq!(run.exit(), 0, "{what}: {}", run.stdout());
    for version in VERSIONS {
        let run = sandbox.loom(&["get", "--offline", version]).ok();
        assert_eq!(run.stderr(), "", "{what}");
        assert_eq!(fs::read(run.path()).unwrap(), program::small(version), "{what}");
    }
}

const PARTS: [&str; 11] = [
    "bin",
    "store",
    "objects",
    "releases",
    "verifications",
    "receipts",
    "fingerprints",
    "leases",
    "locks",
    "tmp",
    "format",
];

#[test]
fn each_part_that_was_deleted_is_made_again_from_a_source() {
    for part in PARTS.iter().chain(&["CACHEDIR.TAG"]) {
        let (sandbox, _mirror) = installed(false);
        let path = sandbox.cache().join(part);
        if path.exists() {
            delete(&path);
        }
        let run = sandbox.loom(&["store", "repair"]);
        assert_eq!(run.exit(), 0, "{part}: {}{}", run.stdout(), run.stderr());
        assert_all_here(&sandbox, part);
        let again = sandbox.loom(&["store", "repair"]).ok();
        assert_eq!(again.stdout(), "OK: nothing is damaged, 2 releases\n", "{part}");
    }
}

#[test]
fn each_part_that_was_deleted_is_made_again_offline_where_something_is_left_of_it() {
    for part in PARTS {
        let (sandbox, _mirror) = installed(part == "store");
        let path = sandbox.cache().join(part);
        if path.exists() {
            delete(&path);
        }
        let run = sandbox.loom(&["store", "repair", "--offline"]);
        assert_eq!(run.exit(), 0, "{part}: {}{}", run.stdout(), run.stderr());
        assert_all_here(&sandbox, part);
    }
}

#[test]
fn a_tree_without_any_copy_is_named_offline() {
    let (sandbox, mirror) = installed(false);
    let tree = sandbox.link("0.2.0").canonicalize().unwrap().parent().unwrap().to_owned();
    delete(&tree);
    mirror_away(&mirror, true);
    let run = sandbox.loom(&["store", "repair", "--json"]).code(6).json();
    assert_eq!(run["left"][0]["path"], tree.to_str().unwrap(), "{run}");
    let text = sandbox.loom(&["store", "repair"]).code(6).stdout();
    assert!(text.ends_with("1 problem left\n"), "{text}");
    // Damage of another version is none of the one that is named.
    sandbox.loom(&["store", "repair", "0.1.0"]).ok();
    sandbox.loom(&["get", "--offline", "0.1.0"]).ok();
    mirror_away(&mirror, false);
    sandbox.loom(&["store", "repair"]).ok();
    assert_all_here(&sandbox, "with the source");
}

/// One damaged file is one problem, whose cause is told where it is mended and where it is left.
#[test]
fn a_damaged_file_counts_once_and_its_cause_is_told() {
    let (sandbox, mirror) = installed(false);
    let program = sandbox.link("0.2.0").canonicalize().unwrap();
    let tree = program.parent().unwrap();
    make_removable(tree);
    let set_mode = |mode| fs::set_permissions(&program, fs::Permissions::from_mode(mode)).unwrap();
    set_mode(0o755);
    fs::write(&program, "damaged").unwrap();
    set_mode(0o555);
    let found = sandbox.loom(&["store", "verify", "--json"]).code(6).json();
    let cause = found["findings"][0]["what"].as_str().unwrap().to_owned();
    assert!(cause.contains("expected ") && cause.contains("got 7"), "{cause}");
    mirror_away(&mirror, true);
    let run = sandbox.loom(&["store", "repair", "--json"]).code(6).json();
    assert_eq!(run["left"].as_array().unwrap().len(), 1, "{run}");
    assert_eq!(run["left"][0]["path"], program.to_str().unwrap(), "{run}");
    let what = run["left"][0]["what"].as_str().unwrap();
    assert!(what.starts_with(&cause) && what.contains("no source has"), "{what}");
    let text = sandbox.loom(&["store", "repair"]).code(6).stdout();
    assert_eq!(text.matches(&cause).count(), 1, "{text}");
    assert!(text.ends_with("1 problem left\n"), "{text}");
    mirror_away(&mirror, false);
    let run = sandbox.loom(&["store", "repair", "--json"]).ok().json();
    let repaired = run["repaired"].as_array().unwrap();
    assert_eq!(repaired.len(), 1, "{run}");
    assert!(repaired[0]["what"].as_str().unwrap().contains(&cause), "{run}");
    assert!(repaired[0]["how"].as_str().unwrap().contains("fetched from"), "{run}");
}

/// A listing with other bytes is one finding and one repair.
#[test]
fn a_damaged_object_counts_once() {
    let (sandbox, _mirror) = installed(false);
    let tree = sandbox.link("0.2.0").canonicalize().unwrap().parent().unwrap().to_owned();
    let digest = tree.file_name().unwrap().to_str().unwrap();
    let listing = sandbox.cache().join("objects/sha256").join(&digest[..2]).join(digest);
    let mut bytes = fs::read(&listing).unwrap();
    bytes.push(b'\n');
    fs::set_permissions(&listing, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(&listing, bytes).unwrap();
    let found = sandbox.loom(&["store", "verify", "--json"]).code(6).json();
    assert_eq!(found["findings"].as_array().unwrap().len(), 1, "{found}");
    let cause = found["findings"][0]["what"].as_str().unwrap();
    assert!(cause.starts_with(&format!("expected SHA-256 {digest}, got ")), "{cause}");
    let text = sandbox.loom(&["store", "repair"]).ok().stdout();
    assert!(text.contains(&format!("{cause}; made again from the tree")), "{text}");
    assert!(text.ends_with("OK: 1 file repaired, 2 releases\n"), "{text}");
}

/// Hides the releases of a mirror, or brings them back.
fn mirror_away(mirror: &Plain, away: bool) {
    for version in VERSIONS {
        let (here, there) =
            (mirror.path().join(format!("v{version}")), mirror.path().join(format!("x{version}")));
        if away { fs::rename(here, there).unwrap() } else { fs::rename(there, here).unwrap() }
    }
}

#[test]
fn a_file_is_made_again_from_an_identical_one_of_another_tree() {
    let (sandbox, mirror) = installed(false);
    mirror_away(&mirror, true);
    let tree = sandbox.link("0.2.0").canonicalize().unwrap().parent().unwrap().to_owned();
    let licence = tree.join("LICENSE");
    fs::set_permissions(&tree, fs::Permissions::from_mode(0o755)).unwrap();
    fs::remove_file(&licence).unwrap();
    fs::write(&licence, "damaged").unwrap();
    fs::write(tree.join("extra"), "not listed").unwrap();
    let run = sandbox.loom(&["store", "repair", "--json"]).ok().json();
    assert_eq!(run["left"], serde_json::json!([]), "{run}");
    assert!(run["repaired"].to_string().contains("identical files"), "{run}");
    assert_eq!(fs::read(&licence).unwrap(), program::noise(9_000, "licence"));
    assert_all_here(&sandbox, "from the other tree");
}

#[test]
fn only_the_versions_that_are_named_are_repaired() {
    let (sandbox, _mirror) = installed(false);
    for tree in sandbox.trees() {
        delete(&sandbox.cache().join("store").join(tree));
    }
    let dry = sandbox.loom(&["store", "repair", "--dry-run", "--json"]).code(6).json();
    assert_eq!(dry["left"].as_array().unwrap().len(), 2, "{dry}");
    let dry = sandbox.loom(&["store", "repair", "--dry-run", "--json", "0.1.0"]).code(6).json();
    assert_eq!(dry["left"].as_array().unwrap().len(), 1, "{dry}");
    for args in [&["9.9.9"][..], &["9.9.9", "--dry-run"], &["^7"]] {
        let run = sandbox.loom(&[&["store", "repair"][..], args].concat()).code(3);
        run.says(&["is not installed"]);
    }
    assert!(sandbox.trees().is_empty(), "nothing was changed");
    let run = sandbox.loom(&["store", "repair", "0.2"]).ok();
    assert!(run.stdout().ends_with("OK: 1 file repaired, 1 release\n"), "{}", run.stdout());
    sandbox.loom(&["which", "0.2.0"]).ok();
    sandbox.loom(&["which", "0.1.0"]).code(3);
    sandbox.loom(&["store", "repair", "latest"]).code(2);
    sandbox.loom(&["store", "repair"]).ok();
    assert_all_here(&sandbox, "all");
}

#[test]
fn a_waiver_is_not_made_again() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
    mirror.add("0.1.0", Packing::TarGz, &program::small("0.1.0"), Sums::None);
    let get = ["get", "0.1.0", "--allow-unverified", "--source", &mirror.url()];
    sandbox.loom(&get).ok();
    delete(&sandbox.cache().join("verifications"));
    let run = sandbox.loom(&["store", "repair", "--offline"]).code(6);
    assert!(run.stdout().contains("its verification is missing"), "{}", run.stdout());
    assert!(sandbox.files("verifications").is_empty());
    sandbox.loom(&["get", "--offline", "0.1.0"]).code(7);
}

#[test]
fn another_tree_is_not_taken_for_a_repair() {
    let (sandbox, mirror) = installed(false);
    for tree in sandbox.trees() {
        delete(&sandbox.cache().join("store").join(tree));
    }
    // Without the digests that were seen first, only the store tells what the tree was.
    delete(&sandbox.state().join("pins"));
    mirror.add("0.2.0", Packing::TarGz, &program::small("other"), Sums::Sidecar);
    let run = sandbox.loom(&["store", "repair"]).code(6);
    assert!(run.stdout().contains("has another loom-bridge-server 0.2.0"), "{}", run.stdout());
    sandbox.loom(&["which", "0.1.0"]).ok();
    sandbox.loom(&["which", "0.2.0"]).code(3);
    mirror.add_entries("0.2.0", Packing::TarGz, &entries("0.2.0"), Sums::Sidecar);
    sandbox.loom(&["store", "repair"]).ok();
    assert_all_here(&sandbox, "the right one");
}

#[test]
fn what_was_removed_stays_removed() {
    let (sandbox, _mirror) = installed(false);
    let receipts = sandbox.cache().join("receipts");
    let copy = sandbox.folder("copy");
    let copied = std::process::Command::new("cp").arg("-r").arg(&receipts).arg(&copy).status();
    assert!(copied.unwrap().success());
    sandbox.loom(&["remove", "0.1.0"]).ok();
    // As an interrupted removal leaves it.
    fs::remove_dir_all(&receipts).unwrap();
    fs::rename(copy.join("receipts"), &receipts).unwrap();
    sandbox.loom(&["store", "repair"]).ok();
    sandbox.loom(&["which", "0.1.0"]).code(3);
    sandbox.loom(&["which", "0.2.0"]).ok();
    sandbox.verify();
}

/// Numbers that follow from a seed.
struct Random(u64);

impl Random {
    fn is_heads(&mut self) -> bool {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 63 == 1
    }
}

#[test]
fn a_random_half_that_was_deleted_is_made_again() {
    for seed in 1..=12_u64 {
        let (sandbox, _mirror) = installed(seed % 2 == 0);
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        make_removable(&sandbox.cache());
        for file in sandbox.files("") {
            if random.is_heads() {
                fs::remove_file(sandbox.cache().join(file)).unwrap();
            }
        }
        let offline = sandbox.loom(&["store", "repair", "--offline", "--json"]);
        let left = offline.json();
        let is_left = !left["left"].as_array().unwrap().is_empty();
        assert_eq!(offline.exit(), if is_left { 6 } else { 0 }, "seed {seed}: {left}");
        let run = sandbox.loom(&["store", "repair"]);
        assert_eq!(run.exit(), 0, "seed {seed}: {}{}", run.stdout(), run.stderr());
        let verify = sandbox.loom(&["store", "verify"]);
        assert_eq!(verify.exit(), 0, "seed {seed}: {}", verify.stdout());
        // Of a version of which nothing was left that leads to it, nothing can be known.
        for version in VERSIONS {
            sandbox.loom(&["get", version]).ok();
        }
        assert_all_here(&sandbox, &format!("seed {seed}"));
    }
}

#[test]
fn every_damaged_file_is_mended() {
    let (sandbox, _mirror) = installed(true);
    let skipped = ["locks", "leases", "format", "receipts", "fingerprints", "CACHEDIR.TAG"];
    for file in sandbox.files("") {
        let text = file.to_str().unwrap();
        if skipped.iter().any(|folder| text.starts_with(folder)) || text.starts_with("bin") {
            continue;
        }
        let path = sandbox.cache().join(&file);
        if !path.exists() {
            continue;
        }
        let mode = fs::metadata(&path).unwrap().permissions();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, mode).unwrap();
        let run = sandbox.loom(&["store", "repair", "--offline"]);
        assert_eq!(run.exit(), 0, "{text}: {}{}", run.stdout(), run.stderr());
        assert_all_here(&sandbox, text);
    }
}
