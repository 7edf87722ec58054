//! Files that were replaced by folders or FIFOs, folders that were replaced by files, and a damaged file `format`: each is
//! named, stops no other work, and is mended.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use crate::support::{Plain, Sandbox, sandbox::make_removable};

const VERSIONS: [&str; 2] = ["0.1.0", "0.2.0"];

/// A store with two versions from a configured mirror, with roots of each kind.
fn installed() -> (Sandbox, Plain) {
    let (sandbox, mirror) = (Sandbox::direct(), Plain::of(&VERSIONS));
    let source = format!("[[sources]]\ntype = \"mirror\"\nurl = \"{}\"\n", mirror.url());
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), &source);
    sandbox.write("loom.toml", "name = \"demo\"\n");
    for version in VERSIONS {
        sandbox.loom(&["get", version]).ok();
    }
    sandbox.loom(&["store", "keep", "0.1.0"]).ok();
    sandbox.loom(&["use", "0.2.0"]).ok();
    sandbox.loom(&["get", "9.9.9"]).code(3);
    (sandbox, mirror)
}

fn delete(path: &Path) {
    make_removable(path);
    if path.is_dir() && !path.is_symlink() {
        fs::remove_dir_all(path).unwrap();
    } else {
        fs::remove_file(path).unwrap();
    }
}

/// Makes a folder writable for as long as something in it is replaced.
fn replace(path: &Path, with: impl Fn(&Path)) {
    let folder = path.parent().unwrap();
    let mode = fs::metadata(folder).unwrap().permissions();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    delete(path);
    with(path);
    fs::set_permissions(folder, mode).unwrap();
}

/// The damage at `path` is named, stops no collection, and is mended.
#[track_caller]
fn assert_mended(sandbox: &Sandbox, path: &Path) {
    let name = path.display();
    let text = path.to_str().unwrap();
    let verify = sandbox.loom(&["store", "verify"]).code(6);
    let output = format!("{}{}", verify.stdout(), verify.stderr());
    assert!(output.contains(text), "{name}: {output}");
    let doctor = sandbox.loom(&["doctor", "--offline", "--json"]);
    assert!(doctor.stdout().contains(text), "{name}: {}", doctor.stdout());
    let before = sandbox.trees();
    for gc in [&["store", "gc", "--dry-run"][..], &["store", "gc"]] {
        let run = sandbox.loom(gc);
        let needed = text.ends_with("format") || text.contains("/locks/");
        let is_named = run.exit() == 6 && run.stderr().contains(text);
        assert!(run.exit() == 0 || needed && is_named, "{name}: {}", run.stderr());
    }
    assert_eq!(sandbox.trees(), before, "{name}: a collection removed what is needed");
    let repair = sandbox.loom(&["store", "repair"]);
    assert_eq!(repair.exit(), 0, "{name}: {}{}", repair.stdout(), repair.stderr());
    // A tree is made again as one.
    let tree = path.ancestors().find(|it| it.parent() == Some(&sandbox.cache().join("store")));
    let made = tree.unwrap_or(path).to_str().unwrap();
    assert!(repair.stdout().contains(made), "{name}: {}", repair.stdout());
    let verify = sandbox.loom(&["store", "verify"]);
    assert_eq!(verify.exit(), 0, "{name}: {}", verify.stdout());
    for version in VERSIONS {
        sandbox.loom(&["get", "--offline", version]).ok();
    }
}

#[test]
fn a_folder_in_the_place_of_each_file_is_named_and_mended() {
    let (sandbox, _mirror) = installed();
    for file in sandbox.files("") {
        let path = sandbox.cache().join(&file);
        // Objects, links and documents of both versions are alike.
        let is_other = file.to_str().unwrap().contains("0.1.0/");
        if is_other && !file.starts_with("roots") || path.symlink_metadata().is_err() {
            continue;
        }
        replace(&path, |path| {
            fs::create_dir(path).unwrap();
            fs::write(path.join("inside"), "x").unwrap();
        });
        assert_mended(&sandbox, &path);
    }
    sandbox.loom(&["store", "gc"]).ok();
    assert!(!sandbox.cache().join("damaged").exists(), "a collection removes it");
}

#[test]
fn a_fifo_in_the_place_of_each_document_is_named_and_mended() {
    let (sandbox, _mirror) = installed();
    for folder in ["releases", "verifications", "receipts", "roots", "failures", "objects"] {
        let all = sandbox.files(folder);
        let file = all.iter().find(|file| !file.to_str().unwrap().contains("0.1.0/"));
        let path = sandbox.cache().join(folder).join(file.unwrap());
        let path = if path.exists() { path } else { sandbox.cache().join(file.unwrap()) };
        replace(&path, |path| _ = sandbox.fifo(path));
        assert_mended(&sandbox, &path);
    }
}

#[test]
fn a_fifo_in_the_place_of_a_file_of_a_tree_is_not_waited_for() {
    let (sandbox, _mirror) = installed();
    let program = fs::canonicalize(sandbox.link("0.2.0")).unwrap();
    replace(&program, |path| _ = sandbox.fifo(path));
    assert_mended(&sandbox, &program);
    // A command that needs the files mends them too.
    replace(&program, |path| _ = sandbox.fifo(path));
    sandbox.loom(&["get", "0.2.0"]).ok();
    sandbox.verify();
}

#[test]
fn a_link_whose_record_is_gone_too_is_mended_in_one_run() {
    let (sandbox, _mirror) = installed();
    delete(&sandbox.cache().join("releases"));
    let link = sandbox.link("0.1.0");
    replace(&link, |path| fs::write(path, "other").unwrap());
    let run = sandbox.loom(&["store", "repair"]).ok();
    assert!(run.stdout().contains(link.to_str().unwrap()), "{}", run.stdout());
    sandbox.verify();
    assert!(link.is_symlink());
}

#[test]
fn a_file_in_the_place_of_each_folder_is_named_and_mended() {
    let (sandbox, _mirror) = installed();
    let tree = format!("store/{}", sandbox.trees()[0]);
    for folder in [
        &tree,
        "bin",
        "bin/0.2.0",
        "store",
        "objects",
        "objects/sha256",
        "releases",
        "releases/loom-os",
        "verifications",
        "receipts",
        "roots",
        "roots/kept",
        "leases",
        "locks",
        "tmp",
        "fingerprints",
        "failures",
    ] {
        let path = sandbox.cache().join(folder);
        if path.symlink_metadata().is_err() {
            continue;
        }
        delete(&path);
        fs::write(&path, "no folder").unwrap();
        let run = sandbox.loom(&["store", "verify"]).code(6);
        assert!(run.stdout().contains(path.to_str().unwrap()), "{folder}: {}", run.stdout());
        let run = sandbox.loom(&["store", "repair"]);
        assert_eq!(run.exit(), 0, "{folder}: {}{}", run.stdout(), run.stderr());
        let run = sandbox.loom(&["store", "verify"]);
        assert_eq!(run.exit(), 0, "{folder}: {}", run.stdout());
        for version in VERSIONS {
            sandbox.loom(&["get", version]).ok();
        }
        if !sandbox.cache().join("roots/kept").is_dir() {
            sandbox.loom(&["store", "keep", "0.1.0"]).ok();
        }
    }
}

/// A name, and how it damages the file.
type FormatDamage = (&'static str, fn(&Path));

#[test]
fn a_damaged_format_is_refused_everywhere_and_mended() {
    let (sandbox, _mirror) = installed();
    let format = sandbox.cache().join("format");
    let damages: [FormatDamage; 4] = [
        ("garbage", |path| fs::write(path, b"\x00\xffgarbage").unwrap()),
        ("empty", |path| fs::write(path, b"").unwrap()),
        ("folder", |path| fs::create_dir(path).unwrap()),
        ("cut", |path| fs::write(path, b"loom-st").unwrap()),
    ];
    for (what, damage) in damages {
        delete(&format);
        damage(&format);
        let commands: [&[&str]; 7] = [
            &["get", "0.2.0"],
            &["which", "0.2.0"],
            &["list"],
            &["store", "verify"],
            &["store", "gc"],
            &["remove", "0.1.0"],
            &["store", "repair", "--dry-run"],
        ];
        for command in commands {
            let run = sandbox.loom(command).code(6);
            let output = format!("{}{}", run.stdout(), run.stderr());
            assert!(output.contains(format.to_str().unwrap()), "{what}: {output}");
            assert!(output.contains("loom store repair"), "{what}: {output}");
        }
        let run = sandbox.loom(&["store", "repair"]).ok();
        assert!(run.stdout().contains("written again"), "{what}: {}", run.stdout());
        assert_eq!(fs::read_to_string(&format).unwrap(), "loom-store 1\n");
        sandbox.verify();
        sandbox.loom(&["which", "0.2.0"]).ok();
    }
    fs::write(&format, "loom-store 2\n").unwrap();
    sandbox.loom(&["store", "repair"]).code(1).says(&["newer format"]);
    assert_eq!(fs::read_to_string(&format).unwrap(), "loom-store 2\n");
}

#[test]
fn the_folder_of_another_program_stays_as_it_is() {
    let sandbox = Sandbox::direct();
    fs::create_dir_all(sandbox.cache().join("store/mine")).unwrap();
    fs::write(sandbox.cache().join("format"), "PNG\n").unwrap();
    sandbox.loom(&["store", "repair"]).code(1).says(&["is not the format file of a store"]);
    assert_eq!(fs::read_to_string(sandbox.cache().join("format")).unwrap(), "PNG\n");
    assert_eq!(crate::support::sandbox::names(&sandbox.cache()), ["format", "store"]);
}

#[test]
fn a_cache_folder_with_files_of_others_is_refused_as_it_is() {
    let (sandbox, mirror) = (Sandbox::direct(), Plain::of(&["0.2.0"]));
    for path in ["bin/tool", "notes/today", "tmp/old"] {
        sandbox.write(sandbox.cache().join(path), "mine");
    }
    let refused = ["bin of another program", "LOOM_CACHE_DIR"];
    let get = ["get", "0.2.0", "--source", &mirror.url()];
    for command in [&get[..], &["store", "repair"]] {
        sandbox.loom(command).code(1).says(&refused);
    }
    let doctor = sandbox.loom(&["doctor", "--offline"]).code(1);
    assert!(doctor.stdout().contains(refused[0]), "{}", doctor.stdout());
    sandbox.loom(&["store", "gc"]).ok();
    assert_eq!(
        sandbox.files(""),
        ["bin/tool", "notes/today", "tmp/old"].map(std::path::PathBuf::from)
    );
}
