//! Hostile archives are refused and leave no files.

use std::{fs, path::Path};

use crate::support::{
    self, BINARY, Entry, Packing, Plain, Sandbox, Sums,
    archive::{gzip, tar, zip},
    program,
};

/// A tar entry whose header is written as given, without the checks of a library.
struct Raw<'a> {
    path: &'a str,
    kind: u8,
    link: &'a str,
    bytes: &'a [u8],
}

fn raw_tar(entries: &[Raw]) -> Vec<u8> {
    let mut out = Vec::new();
    for Raw { path, kind, link, bytes } in entries {
        let mut header = tar::Header::new_ustar();
        let fields = header.as_ustar_mut().unwrap();
        fields.name[..path.len()].copy_from_slice(path.as_bytes());
        fields.linkname[..link.len()].copy_from_slice(link.as_bytes());
        fields.typeflag = [*kind];
        header.set_mode(0o755);
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        out.extend_from_slice(header.as_bytes());
        out.extend_from_slice(bytes);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

const fn file<'a>(path: &'a str, bytes: &'a [u8]) -> Raw<'a> {
    Raw { path, kind: b'0', link: "", bytes }
}

const fn link<'a>(path: &'a str, link: &'a str) -> Raw<'a> {
    Raw { path, kind: b'2', link, bytes: b"" }
}

/// Asserts that fetching this asset fails, and that neither the store nor the folders around it have changed.
#[track_caller]
fn assert_refused(what: &str, packing: Packing, bytes: &[u8]) {
    let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
    mirror.add_bytes("0.2.0", &packing.asset("0.2.0"), bytes, Sums::Sidecar);
    let get = ["get", "--source", &mirror.url(), "--version", "0.2.0"];
    let run = sandbox.loom(&get);
    assert_eq!(run.exit(), 6, "{what}: {}{}", run.stdout(), run.stderr());
    assert!(!run.stderr().contains("panicked"), "{what}: {}", run.stderr());
    assert!(sandbox.trees().is_empty(), "{what}");
    let staged = support::sandbox::names(&sandbox.cache().join("store"));
    assert!(staged.is_empty(), "{what} left {staged:?}");
    assert!(sandbox.files("tmp").is_empty(), "{what} left {:?}", sandbox.files("tmp"));
    for folder in [sandbox.root(), &sandbox.home(), &sandbox.cache(), Path::new("/tmp")] {
        assert!(!folder.join("loom-escaped").exists(), "{what} wrote outside the tree");
    }
    sandbox.verify();
}

#[test]
fn tar_entries_that_are_refused() {
    let program = program::small("0.2.0");
    let entry = || file(BINARY, &program);
    let device = |kind| Raw { path: "device", kind, link: "", bytes: b"" };
    let cases: Vec<(&str, Vec<Raw>)> = vec![
        ("a parent", vec![entry(), file("../loom-escaped", b"x")]),
        ("a parent inside", vec![entry(), file("a/../../loom-escaped", b"x")]),
        ("an absolute path", vec![entry(), file("/tmp/loom-escaped", b"x")]),
        ("a device", vec![entry(), device(b'3')]),
        ("a block device", vec![entry(), device(b'4')]),
        ("a pipe", vec![entry(), device(b'6')]),
        ("a link out", vec![entry(), link("out", "../loom-escaped")]),
        ("an absolute link", vec![entry(), link("out", "/etc/passwd")]),
        ("through a link", vec![entry(), link("d", "."), file("d/loom-escaped", b"x")]),
        ("a dangling link", vec![entry(), link("out", "absent")]),
        ("a link to itself", vec![entry(), link("out", "out")]),
        (
            "a hard link out",
            vec![entry(), Raw { path: "h", kind: b'1', link: "/etc/passwd", bytes: b"" }],
        ),
        ("twice", vec![entry(), file("a", b"1"), file("a", b"2")]),
        ("twice but for case", vec![entry(), file("a", b"1"), file("A", b"2")]),
        ("a file as a folder", vec![entry(), file("a", b"1"), file("a/b", b"2")]),
        ("a backslash", vec![entry(), file("a\\b", b"1")]),
        ("a drive", vec![entry(), file("c:x", b"1")]),
        ("a device name", vec![entry(), file("aux.txt", b"1")]),
        ("a trailing dot", vec![entry(), file("a.", b"1")]),
        ("a control character", vec![entry(), file("a\nb", b"1")]),
        ("not ASCII", vec![entry(), file("é", b"1")]),
        ("no program", vec![file("other", &program)]),
        ("no entry", vec![]),
    ];
    for (what, entries) in cases {
        assert_refused(what, Packing::TarGz, &gzip(&raw_tar(&entries)));
    }
}

#[test]
fn a_path_that_some_systems_cannot_represent_is_refused() {
    let long = Entry::data(&format!("{}f", "d/".repeat(60)), b"1");
    let entries = [Entry::program(&program::small("0.2.0")), vec![long]].concat();
    for packing in [Packing::TarGz, Packing::TarZst, Packing::Zip] {
        assert_refused("a long path", packing, &packing.pack(&entries));
    }
}

#[test]
fn archives_of_another_format_or_with_trailing_data_are_refused() {
    let entries = Entry::program(&program::small("0.2.0"));
    let whole = Packing::TarGz.pack(&entries);
    assert_refused("half", Packing::TarGz, &whole[..whole.len() / 2]);
    assert_refused("empty", Packing::TarGz, b"");
    assert_refused("another format", Packing::TarGz, &Packing::Zip.pack(&entries));
    assert_refused("noise", Packing::TarGz, &program::noise(5000, "noise"));
    assert_refused("noise as zst", Packing::TarZst, &program::noise(5000, "noise"));
    assert_refused("noise as zip", Packing::Zip, &program::noise(5000, "noise"));
    let trailing = [&whole[..], b"trailing"].concat();
    assert_refused("trailing data", Packing::TarGz, &trailing);
    let member = [&whole[..], &gzip(b"another member")[..]].concat();
    assert_refused("a second member", Packing::TarGz, &member);
}

#[test]
fn zip_entries_that_are_refused() {
    let program = Entry::program(&program::small("0.2.0"));
    for path in ["../loom-escaped", "/tmp/loom-escaped", "a\\..\\..\\loom-escaped", "c:x", "nul"] {
        let bytes = zip(&[&program[..], &[Entry::data(path, b"x")]].concat());
        assert_refused(path, Packing::Zip, &bytes);
    }
    let whole = zip(&program);
    assert_refused("half", Packing::Zip, &whole[..whole.len() / 2]);
}

#[test]
fn a_decompression_bomb_is_stopped_by_the_size_limit() {
    let bomb = Entry::data("zeroes", &vec![0; 160 << 20]);
    let entries = [Entry::program(&program::small("0.2.0")), vec![bomb]].concat();
    assert_refused("zst", Packing::TarZst, &zstd::encode_all(&tar(&entries)[..], 3).unwrap());
}

#[test]
fn copies_by_hard_links_count_as_bytes() {
    let zeroes = vec![0; 40 << 20];
    let program = program::small("0.2.0");
    let copy = |path| Raw { path, kind: b'1', link: "zeroes", bytes: b"" };
    let entries =
        [file(BINARY, &program), file("zeroes", &zeroes), copy("a"), copy("b"), copy("c")];
    assert_refused("hard links", Packing::TarGz, &gzip(&raw_tar(&entries)));
}

#[test]
fn data_between_the_entries_of_a_zip_file_is_refused() {
    let whole = zip(&Entry::program(&program::small("0.2.0")));
    let directory = whole.windows(4).rposition(|bytes| bytes == b"PK\x01\x02").unwrap();
    let end = whole.len() - 22;
    let mut gap = [&whole[..directory], b"gap", &whole[directory..]].concat();
    let offset = u32::try_from(directory + 3).unwrap().to_le_bytes();
    gap[end + 3 + 16..end + 3 + 20].copy_from_slice(&offset);
    assert_refused("a gap", Packing::Zip, &gap);
}

#[test]
fn what_is_no_program_is_refused() {
    let tar = tar(&Entry::program(&program::small("0.2.0")));
    for (what, bytes) in
        [("an empty file", &b""[..]), ("a tar archive", &tar), ("a zstd file", b"\x28\xb5\x2f\xfd")]
    {
        let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
        mirror.add("0.2.0", Packing::TarGz, bytes, Sums::Sidecar);
        let run = sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.2.0"]);
        assert_eq!(run.exit(), 6, "{what}: {}", run.stderr());
        assert!(run.stderr().contains(what), "{what}: {}", run.stderr());
        assert!(sandbox.trees().is_empty(), "{what}");
        sandbox.verify();
    }
}

#[test]
fn too_many_files_are_refused() {
    let many = (0..20_001).map(|n| Entry::data(&format!("f{n}"), b""));
    let entries: Vec<_> =
        Entry::program(&program::small("0.2.0")).into_iter().chain(many).collect();
    assert_refused("files", Packing::TarZst, &zstd::encode_all(&tar(&entries)[..], 1).unwrap());
}

#[test]
fn a_listing_with_another_digest_is_refused() {
    use crate::support::{ArtifactKind, Depot};
    let (sandbox, depot) = (Sandbox::new(), Depot::empty());
    let entries = Entry::program(&program::small("0.2.0"));
    let added = depot.add("0.2.0", &entries, &[ArtifactKind::Loose]);
    let listing = depot.path().join(loom_source::record::object_path(&added.tree));
    let text = fs::read_to_string(&listing).unwrap();
    fs::write(&listing, text.replace(BINARY, "../loom-escaped")).unwrap();
    sandbox.loom(&["get", "--source", &depot.url(), "--version", "0.2.0"]).code(6);
    assert!(sandbox.trees().is_empty());
    sandbox.verify();
}

#[test]
fn a_statement_of_another_release_is_refused() {
    use loom_source::Record;
    let (sandbox, depot) = (Sandbox::new(), support::Depot::of(&["0.1.0", "0.2.0"]));
    let platform = support::platform();
    let record =
        |version| depot.path().join(format!("releases/loom-os/{BINARY}/{version}/{platform}.json"));
    let other = fs::read(record("0.1.0")).unwrap();
    assert!(Record::parse(&other).is_ok());
    fs::write(record("0.2.0"), other).unwrap();
    let run = sandbox.loom(&["get", "--source", &depot.url(), "--version", "0.2.0"]);
    assert_ne!(run.exit(), 0, "0.1.0 must not pass for 0.2.0: {}", run.stdout());
    assert!(sandbox.trees().is_empty());
}
