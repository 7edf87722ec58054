//! Tar archives that must be refused, and of which nothing may stay.

use tar::EntryType;

use super::*;

/// Unpacks and admits an archive; nothing of it may be left in `store/` or beside it.
fn refused(tar: &[u8]) -> String {
    refused_within(tar, TreeLimits::default())
}

fn refused_within(tar: &[u8], limits: TreeLimits) -> String {
    let home = home();
    let release = release("0.1.0");
    let mut staged = home.store.stage(limits).unwrap();
    let unpacked = unpack(&mut staged, tar).map_err(|e| e.to_string());
    let error = match unpacked {
        Err(e) => {
            drop(staged);
            e
        }
        Ok(()) => home.store.admit(staged, &waived(&release), None).unwrap_err().to_string(),
    };
    assert_eq!(trees(&home.store), [] as [&str; 0]);
    assert_eq!(names(home.folder.path()), ["cache"]);
    assert_eq!(names(&home.store.root().join("tmp")), [] as [&str; 0]);
    assert_eq!(names(&home.store.root().join("objects")), [] as [&str; 0]);
    error
}

fn with(part: Part<'_>) -> Vec<u8> {
    tar(&[program("loom-bridge-server", b"#!"), part])
}

#[test]
fn paths_that_leave_the_tree_or_are_invalid_on_a_platform() {
    for path in [
        "/etc/passwd",
        "../x",
        "a/../../x",
        "a/./b",
        "a//b",
        "..",
        "a\\b",
        "c:x",
        "a*",
        "a?b",
        "a\"b",
        "a<b",
        "a>b",
        "a|b",
        "a\nb",
        "a\u{1b}b",
        "é",
        "nul",
        "a/aux.txt",
        "COM1",
        "a.",
        "a./b",
        " a",
        "a ",
    ] {
        let error = refused(&with(file(path, b"x")));
        assert!(error.contains("is refused"), "{path:?}: {error}");
        let error = refused(&with(entry(EntryType::Directory, path, "")));
        assert!(error.contains("is refused"), "{path:?}: {error}");
    }
}

#[test]
fn paths_that_collide_on_a_case_insensitive_file_system() {
    for (first, second, why) in [
        ("a", "a", "occurs twice"),
        ("a", "A", "upper and lower case"),
        ("d/a", "D/b", "upper and lower case"),
        ("a", "a/b", "also a folder"),
    ] {
        let archive =
            tar(&[program("loom-bridge-server", b""), file(first, b""), file(second, b"")]);
        assert!(refused(&archive).contains(why), "{first} {second}");
    }
    let archive = tar(&[file("a/b", b""), file("a", b"")]);
    assert!(refused(&archive).contains("is refused"));
}

#[test]
fn a_link_as_a_parent() {
    let archive = tar(&[
        program("loom-bridge-server", b""),
        entry(EntryType::Symlink, "d", "/tmp"),
        file("d/evil", b"x"),
    ]);
    assert!(refused(&archive).contains("also a folder"));
}

#[test]
fn links_that_leave_the_tree_or_dangle() {
    for target in ["/etc/passwd", "../x", "../../x", "a/../../x", "..", "", "missing", "d", "self"]
    {
        let archive = tar(&[
            program("loom-bridge-server", b""),
            file("d/f", b""),
            entry(EntryType::Symlink, "self", target),
        ]);
        let error = refused(&archive);
        assert!(error.contains("refused") || error.contains("no target"), "{target:?}: {error}");
    }
    assert!(refused(&tar(&chain_of_links(9, &names_of_links()))).contains("too many links"));
}

fn names_of_links() -> Vec<String> {
    (0..10).map(|n| format!("l{n}")).collect()
}

/// The program, and this many links in a row that lead to a file.
fn chain_of_links(links: usize, names: &[String]) -> Vec<Part<'_>> {
    let mut parts = vec![program("loom-bridge-server", b"")];
    for pair in names[..=links].windows(2) {
        parts.push(entry(EntryType::Symlink, &pair[0], &pair[1]));
    }
    parts.push(file(&names[links], b""));
    parts
}

#[test]
fn eight_links_in_a_row_and_a_mebibyte_of_zeros_are_allowed() {
    let names = names_of_links();
    let mut archive = tar(&chain_of_links(8, &names));
    archive.resize(archive.len() + (1 << 20), 0);
    let home = home();
    let mut staged = home.store.stage(TreeLimits::default()).unwrap();
    unpack(&mut staged, &archive).unwrap();
    let checked = home.store.admit(staged, &waived(&release("0.1.0")), None).unwrap();
    assert!(checked.listing().get("l0").is_some());
    archive.push(0);
    assert!(refused(&archive).contains("after the archive"));
}

#[test]
fn hard_links_to_anything_but_an_earlier_file() {
    for target in ["later", "/etc/passwd", "../../etc/passwd", "link"] {
        let archive = tar(&[
            program("loom-bridge-server", b""),
            entry(EntryType::Symlink, "link", "loom-bridge-server"),
            entry(EntryType::Link, "hard", target),
            file("later", b""),
        ]);
        assert!(refused(&archive).contains("earlier file"), "{target}");
    }
}

#[test]
fn entries_that_are_neither_file_folder_nor_link() {
    for (kind, why) in [
        (EntryType::Char, "device"),
        (EntryType::Block, "device"),
        (EntryType::Fifo, "pipe"),
        (EntryType::GNUSparse, "sparse"),
        (EntryType::new(b'V'), "unknown kind"),
    ] {
        let error = refused(&with(entry(kind, "x", "")));
        assert!(error.contains(why), "{kind:?}: {error}");
    }
}

#[test]
fn sparse_files_and_second_sizes_in_pax_headers() {
    let pax = |key: &str, value: &str| {
        let body = format!(" {key}={value}\n");
        let length = (1..).find(|n: &usize| n.to_string().len() + body.len() == *n).unwrap();
        format!("{length}{body}")
    };
    for (key, value, why) in [
        ("GNU.sparse.major", "1", "sparse"),
        ("size", "9", "two sizes"),
        ("path", "../x", "refused"),
    ] {
        let header = pax(key, value);
        let archive = tar(&[
            program("loom-bridge-server", b""),
            Part { kind: EntryType::XHeader, ..file("h", header.as_bytes()) },
            file("f", b"x"),
        ]);
        let error = refused(&archive);
        assert!(error.contains(why), "{key}: {error}");
    }
}

#[test]
fn data_after_the_end_and_ends_without_a_mark() {
    let parts = [program("loom-bridge-server", b"#!")];
    let mut trailing = tar(&parts);
    trailing.extend_from_slice(&tar_blocks(&[file("x", b"")]));
    assert!(refused(&trailing).contains("after the archive"));
    let mut late = tar(&parts);
    late.extend_from_slice(&vec![0; 2 << 20]);
    assert!(refused(&late).contains("after the archive"));
    assert!(refused(&tar_blocks(&parts)).contains("ends early"));
    assert!(refused(b"").contains("ends early"));
    let whole = tar(&[program("loom-bridge-server", &[1; 4096])]);
    assert!(!refused(&whole[..2048]).is_empty());
    assert!(!refused(b"<html>not an archive</html>").is_empty());
    assert!(refused(&[0; 1024]).contains("empty"));
    assert!(!refused(&tar(&[entry(EntryType::Directory, "d", "")])).is_empty());
}

#[test]
fn archives_that_exceed_a_limit() {
    let limits = TreeLimits::default();
    let two = with(file("b", b"12345678"));
    assert!(refused_within(&two, TreeLimits { files: 1, ..limits }).contains("limit of 1 files"));
    assert!(refused_within(&two, TreeLimits { bytes: 9, ..limits }).contains("limit of 9 bytes"));
    assert!(
        refused_within(&two, TreeLimits { path: 10, ..limits })
            .contains("limit of 10 bytes in a path")
    );
    let long = "d/".repeat(48) + &"f".repeat(3);
    assert!(
        refused_within(&with(file(&long, b"")), TreeLimits { path: 80, ..limits })
            .contains("in a path")
    );
    let zeros = vec![0; 80 << 20];
    let bomb = tar(&[program("loom-bridge-server", &zeros)]);
    let home = home();
    let mut staged = home.store.stage(limits).unwrap();
    let error = staged.unpack_tar(&bomb[..], ArchiveFormat::TarGz, None, &|| 1000).unwrap_err();
    assert!(error.to_string().contains("per packed byte"), "{error}");
    assert!(written(&staged) <= (65 << 20), "{}", written(&staged));
    let folders: Vec<String> = (0..50).map(|n| format!("d{n}")).collect();
    let parts: Vec<_> = folders.iter().map(|f| entry(EntryType::Directory, f, "")).collect();
    assert!(
        refused_within(&tar(&parts), TreeLimits { files: 10, ..limits })
            .contains("limit of 10 files")
    );
}

/// The number of bytes that lie in a staged tree.
fn written(staged: &Staged) -> u64 {
    let files = std::fs::read_dir(staged.folder.path()).unwrap();
    files.map(|file| file.unwrap().metadata().unwrap().len()).sum()
}

#[test]
fn every_byte_counts_when_it_is_written() {
    let zeros = vec![0; 1 << 20];
    let names: Vec<String> = (0..70).map(|n| format!("z{n}")).collect();
    let copies = |kind, target: &'static str| {
        let mut parts = vec![program("loom-bridge-server", &zeros)];
        parts.extend(names.iter().map(|name| Part {
            bytes: if target.is_empty() { &zeros } else { b"" },
            ..entry(kind, name, target)
        }));
        tar(&parts)
    };
    for (what, archive) in [
        ("hard links", copies(EntryType::Link, "loom-bridge-server")),
        ("files", copies(EntryType::Regular, "")),
        ("data of folders", copies(EntryType::Directory, "")),
        ("extended headers", {
            let header = Part { kind: EntryType::XGlobalHeader, ..file("g", &zeros[..60 << 10]) };
            let one = tar_blocks(&[header]);
            one.repeat(1100)
        }),
    ] {
        let home = home();
        let mut staged = home.store.stage(TreeLimits::default()).unwrap();
        let result = staged.unpack_tar(&archive[..], ArchiveFormat::TarGz, None, &|| 1000);
        assert!(result.unwrap_err().to_string().contains("per packed byte"), "{what}");
        assert!(written(&staged) <= (65 << 20), "{what}: {}", written(&staged));
        let limits = TreeLimits { bytes: 10 << 20, ratio: 1 << 40, ..TreeLimits::default() };
        assert!(refused_within(&archive, limits).contains("bytes"), "{what}");
    }
}

#[test]
fn long_paths_and_targets_are_not_kept() {
    let long = "p/".repeat(600) + "f";
    let named = |kind| Part { kind, ..file("././@LongLink", long.as_bytes()) };
    for (kind, what) in [(EntryType::GNULongName, "in a path"), (EntryType::GNULongLink, "")] {
        let entry = entry(EntryType::Symlink, "f", "t");
        let archive = tar(&[program("loom-bridge-server", b""), named(kind), entry]);
        assert!(refused(&archive).contains(what), "{kind:?}");
    }
    let target = "t".repeat(5000);
    let name = Part { kind: EntryType::GNULongLink, ..file("././@LongLink", target.as_bytes()) };
    let archive =
        tar(&[program("loom-bridge-server", b""), name, entry(EntryType::Symlink, "f", "t")]);
    assert!(refused(&archive).contains("target of a link"));
    // Each path adds all of its folders.
    let deep: Vec<String> = (0..12).map(|n| format!("{n}/").repeat(12) + "f").collect();
    let parts: Vec<_> = deep.iter().map(|path| file(path, b"")).collect();
    let limits = TreeLimits { files: 20, ..TreeLimits::default() };
    assert!(refused_within(&tar(&parts), limits).contains("limit of 20 files"));
}

#[test]
fn extended_headers_that_are_too_long() {
    let name = "n".repeat(70 * 1024);
    let archive = tar(&[
        Part { kind: EntryType::GNULongName, ..file("././@LongLink", name.as_bytes()) },
        file("f", b""),
    ]);
    assert!(refused(&archive).contains("extended header"));
    let name = "n".repeat(121);
    let archive = tar(&[
        program("loom-bridge-server", b""),
        Part { kind: EntryType::GNULongName, ..file("././@LongLink", name.as_bytes()) },
        file("f", b""),
    ]);
    assert!(refused(&archive).contains("120 bytes in a path"));
}

#[test]
fn archives_without_the_program() {
    let error = refused(&tar(&[program("something-else", b"")]));
    assert!(error.contains("has no program \"loom-bridge-server\""), "{error}");
    let twice = tar(&[program("a/loom-bridge-server", b""), program("b/loom-bridge-server", b"")]);
    assert!(refused(&twice).contains("has no program"));
}

#[test]
fn archives_without_the_top_folder_to_strip() {
    let home = home();
    let archive = tar(&[program("loom-bridge-server", b"")]);
    let mut staged = home.store.stage(TreeLimits::default()).unwrap();
    let result = staged.unpack_tar(&archive[..], ArchiveFormat::TarGz, Some(true), &|| 1);
    assert!(matches!(result, Err(UnpackError::Strip)));
}
