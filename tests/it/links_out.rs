//! Links that lead out of the store, in the place of its files and folders: what they lead to is not the store's. It is
//! neither moved nor removed, and a repair sets the link itself aside.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, SystemTime},
};

use crate::support::{Plain, Sandbox, sandbox::make_removable};

fn installed() -> (Sandbox, Plain) {
    let (sandbox, mirror) = (Sandbox::direct(), Plain::of(&["0.1.0", "0.2.0", "0.3.0"]));
    let source = format!("[[sources]]\ntype = \"mirror\"\nurl = \"{}\"\n", mirror.url());
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), &source);
    sandbox.write("loom.toml", "name = \"demo\"\n");
    for version in ["0.1.0", "0.2.0"] {
        sandbox.loom(&["get", version]).ok();
    }
    sandbox.loom(&["store", "keep", "0.1.0"]).ok();
    sandbox.loom(&["use", "0.2.0"]).ok();
    sandbox.loom(&["get", "9.9.9"]).code(3);
    (sandbox, mirror)
}

/// A folder of something else with old files at every level, some of whose names the store uses as well.
fn elsewhere(sandbox: &Sandbox) -> PathBuf {
    let folder = sandbox.folder("elsewhere");
    let digest = "a".repeat(64);
    let mut path = folder.clone();
    for level in ["loom-os", "loom-bridge-server", "0.2.0", "x"] {
        for name in
            ["passwd", "hosts.conf", "linux-x86_64", &digest, &format!("t{}", "b".repeat(12))]
        {
            let file = path.join(name);
            sandbox.write(&file, "precious");
            let file = fs::File::options().append(true).open(file).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(400 * 86_400)).unwrap();
        }
        path.push(level);
        fs::create_dir(&path).unwrap();
    }
    folder
}

/// Every file with its text and permissions, and every folder.
fn content(folder: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    if folder.is_file() {
        let mode = fs::metadata(folder).unwrap().permissions().mode();
        return [(folder.to_owned(), (mode, fs::read(folder).unwrap()))].into();
    }
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mode = fs::symlink_metadata(&path).unwrap().permissions().mode();
        if path.is_symlink() {
            let target = fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes();
            found.insert(path, (mode, target));
        } else if path.is_dir() {
            found.extend(content(&path));
            found.insert(path, (mode, vec![]));
        } else {
            let bytes = fs::read(&path).unwrap();
            found.insert(path, (mode, bytes));
        }
    }
    found
}

/// All paths in a store, without those of trees.
fn places(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        found.push(path.clone());
        if path.is_dir() && !path.is_symlink() {
            places(&path, found);
        }
    }
}

#[test]
fn what_a_link_leads_to_stays_as_it_is() {
    let (sandbox, _mirror) = installed();
    let elsewhere = elsewhere(&sandbox);
    let before = content(&elsewhere);
    let mut all = vec![sandbox.cache().join("damaged"), sandbox.cache().join("partial")];
    places(&sandbox.cache(), &mut all);
    all.sort();
    all.dedup();
    for path in all {
        // What an earlier link replaced may have another path now.
        let is_there = path.symlink_metadata().is_ok();
        let folder = path.parent().unwrap();
        if !folder.is_dir() || !is_there && folder != sandbox.cache() {
            continue;
        }
        let mode = fs::metadata(folder).unwrap().permissions();
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        if path.is_dir() && !path.is_symlink() {
            make_removable(&path);
            fs::remove_dir_all(&path).unwrap();
        } else if is_there {
            fs::remove_file(&path).unwrap();
        }
        symlink(&elsewhere, &path).unwrap();
        fs::set_permissions(folder, mode).unwrap();
        let name = path.display();
        for command in [
            &["store", "gc", "--keep", "0"][..],
            &["store", "verify"],
            &["store", "du"],
            &["store", "dedup"],
            &["doctor", "--offline"],
            &["list"],
            &["store", "repair"],
            &["store", "gc"],
        ] {
            sandbox.loom(command);
            assert_eq!(content(&elsewhere), before, "{name}: {command:?}");
        }
        let verify = sandbox.loom(&["store", "verify"]);
        assert_eq!(verify.exit(), 0, "{name}: {}{}", verify.stdout(), verify.stderr());
        for version in ["0.1.0", "0.2.0"] {
            sandbox.loom(&["get", version]).ok();
        }
        assert_eq!(content(&elsewhere), before, "{name}: get");
    }
}

/// The folders of a store and one file of each, without what is inside trees.
fn folders_and_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let is_file = |path: &PathBuf| path.is_file() && !path.is_symlink();
    let paths = || fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    found.extend(paths().filter(is_file).min());
    for path in paths() {
        if path.is_dir() && !path.is_symlink() {
            let is_tree = path.parent().is_some_and(|above| above.ends_with("store"));
            found.push(path.clone());
            if !is_tree {
                folders_and_files(&path, found);
            }
        }
    }
}

/// Copies a folder with permissions, links and times.
fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").args([from, to]).status().unwrap();
    assert!(done.success());
}

#[test]
fn nothing_is_written_to_where_a_link_leads() {
    let (sandbox, _mirror) = installed();
    let cache = sandbox.cache();
    for folder in ["damaged", "partial", "fingerprints"] {
        fs::create_dir_all(cache.join(folder)).unwrap();
    }
    // The next use of a version is noted.
    for file in sandbox.files("").iter().filter(|file| file.starts_with("verifications")) {
        let file = fs::File::options().append(true).open(cache.join(file)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(20 * 86_400)).unwrap();
    }
    let (whole, moved) = (sandbox.home().join("whole"), sandbox.home().join("moved"));
    copy(&cache, &whole);
    let mut places = vec![];
    folders_and_files(&cache, &mut places);
    places.sort();
    // One of each kind.
    let mut kinds = BTreeSet::new();
    places.retain(|place| {
        let below = place.strip_prefix(&cache).unwrap();
        kinds.insert((
            below.iter().next().map(ToOwned::to_owned),
            below.iter().count(),
            place.is_dir(),
        ))
    });
    let mut refused = 0;
    for place in places {
        let name = place.display();
        let parent = place.parent().unwrap();
        let mode = fs::metadata(parent).unwrap().permissions();
        fs::set_permissions(parent, fs::Permissions::from_mode(0o755)).unwrap();
        if place.is_dir() {
            fs::set_permissions(&place, fs::Permissions::from_mode(0o755)).unwrap();
        }
        fs::rename(&place, &moved).unwrap();
        symlink(&moved, &place).unwrap();
        fs::set_permissions(parent, mode).unwrap();
        let before = dated(&moved);
        for command in [
            &["get", "0.2.0", "--force-download"][..],
            &["get", "0.3.0"],
            &["get", "9.9.9"],
            &["use", "0.1.0"],
            &["store", "keep", "0.2.0"],
            &["store", "keep", "--remove", "0.1.0"],
            &["exec", "--version", "0.1.0", "--", "true"],
            &["up", "--detach"],
            &["store", "dedup"],
            &["store", "verify"],
            &["store", "gc", "--keep", "0"],
            &["remove", "--force", "0.1.0"],
            &["store", "repair"],
            &["store", "gc"],
        ] {
            let run = sandbox.loom(command);
            assert_eq!(dated(&moved), before, "{name}: {command:?}: {}", run.stderr());
            assert_ne!(run.exit(), 2, "{command:?}: {}", run.stderr());
            if run.exit() == 6 && place.is_symlink() && moved.is_dir() {
                assert!(run.stderr().contains("loom store repair"), "{name}: {}", run.stderr());
            }
            // What is only noted beside the command is a warning.
            let is_said = |line: &str| {
                !line.starts_with("warning: ") && line.contains("expected a folder, got a link")
            };
            if run.exit() != 0 && run.stderr().lines().any(is_said) {
                assert_eq!(run.exit(), 6, "{name}: {command:?}: {}", run.stderr());
                assert!(run.stderr().contains("loom store repair"), "{name}: {}", run.stderr());
                refused += 1;
            }
        }
        make_removable(&cache);
        fs::remove_dir_all(&cache).unwrap();
        if moved.is_dir() {
            make_removable(&moved);
            fs::remove_dir_all(&moved).unwrap();
        } else {
            fs::remove_file(&moved).unwrap();
        }
        copy(&whole, &cache);
    }
    assert!(refused > 0);
}

/// As [`content`], with the times of the files.
fn dated(folder: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>, Option<SystemTime>)> {
    let dated = |(path, (mode, bytes)): (PathBuf, (u32, Vec<u8>))| {
        let changed = fs::symlink_metadata(&path).unwrap().modified().unwrap();
        (path, (mode, bytes, Some(changed)))
    };
    content(folder).into_iter().map(dated).collect()
}

#[test]
fn a_file_that_is_no_copy_of_its_program_is_no_link() {
    let (sandbox, _mirror) = installed();
    let link = sandbox.link("0.2.0");
    fs::remove_file(&link).unwrap();
    fs::write(&link, "hello").unwrap();
    let verify = sandbox.loom(&["store", "verify"]).code(6);
    assert!(verify.stdout().contains(link.to_str().unwrap()), "{}", verify.stdout());
    sandbox.loom(&["store", "repair"]).ok();
    assert!(link.is_symlink());
    sandbox.verify();
}
