use proptest::prelude::*;

use super::*;

const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const OTHER: &str = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
const ASSET: &str = "loom-bridge-server-0.2.0-linux-x86_64.tar.gz";

fn digest(text: &str) -> Digest {
    text.parse().unwrap()
}

/// The file of a template: `{H}` is the digest, `{U}` the digest in upper case, `{O}` another one, `{A}` the asset's name.
fn file(template: &str) -> Vec<u8> {
    let upper = HEX.to_uppercase();
    template
        .replace("{U}", &upper)
        .replace("{H}", HEX)
        .replace("{O}", OTHER)
        .replace("{A}", ASSET)
        .into()
}

#[test]
fn common_forms_give_the_digest() {
    for template in [
        "{H}  {A}\n",
        "{H}  {A}",
        "{H} *{A}\n",
        "{H} {A}\n",
        "{H}\t{A}\n",
        "{H}  {A}\r\n",
        "{H}\n",
        "{H}",
        "  {H}  \r\n\r\n",
        "\u{feff}{H}  {A}\r\n",
        "\u{feff}{H}",
        "{U}  {A}\n",
        "{U}\n",
        "SHA256 ({A}) = {H}\n",
        "SHA256 ({A}) = {U}\r\n",
        "SHA256({A})= {H}\n",
        "SHA2-256({A})= {H}\n",
        "{H}  ./{A}\n",
        "{H}  dist/{A}\n",
        "{H} *C:\\dist\\{A}\n",
        "# made by hand\n\n{H}  {A}\n",
        "{O}  other.tar.gz\n{H}  {A}\n",
        "SHA256 (other) = {O}\nSHA256 ({A}) = {H}\n",
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{H}  {A}\n-----BEGIN PGP SIGNATURE-----\n",
    ] {
        assert_eq!(sidecar(&file(template), ASSET), Ok(digest(HEX)), "{template:?}");
        if template.contains("{A}") {
            assert_eq!(sums(&file(template), ASSET), Ok(Some(digest(HEX))), "{template:?}");
        }
    }
}

#[test]
fn forms_of_wide_use_give_the_digest() {
    for template in [
        "{H}  -\n",
        "{H} *-\n",
        "{H}  {A}\n{H}  {A}\n",
        "{H}\n{H}\n",
        "\\{O}  a\\nb\n{H}  {A}\n",
        "\\{H}  C:\\\\dist\\\\{A}\n",
        "SHA256 ({A}) = {H}\nSIZE ({A}) = 7\n",
        "SHA256 ({A}) = {H}\nSHA512 ({A}) = {O}{O}\nMD5 ({A}) = d41d8cd98f00b204e9800998ecf8427e\n",
        "d41d8cd98f00b204e9800998ecf8427e  {A}\n{H}  {A}\n{O}{O}  {A}\n",
        "RMD160({A})= 9c1185a5c5e9fc54612808977ee8f548b2258d31\nSHA2-256({A})= {H}\n",
        " {H}     1234 {A}\n {O}  99 other\n",
        "SHA256 hash of {A}:\r\n{H}\r\nCertUtil: -hashfile command completed successfully.\r\n",
        "\r\nAlgorithm       Hash       Path\r\n---------       ----       ----\r\nSHA256          {U}       C:\\dist\\{A}\r\n",
    ] {
        assert_eq!(sidecar(&file(template), ASSET), Ok(digest(HEX)), "{template:?}");
    }
    let mut latin = file("{O}  caf\n{H}  {A}\n");
    latin.insert(HEX.len() + 5, 0xe9);
    assert_eq!(sidecar(&latin, ASSET), Ok(digest(HEX)));
    assert_eq!(sums(&latin, ASSET), Ok(Some(digest(HEX))));
}

#[test]
fn utf_16_is_read_in_both_orders() {
    let text = String::from_utf8(file("{O}  \u{e9}\r\n{H}  {A}\r\n")).unwrap();
    for mark in ["\u{feff}", ""] {
        let units: Vec<u16> = format!("{mark}{text}").encode_utf16().collect();
        let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        for bytes in [little, big] {
            assert_eq!(sums(&bytes, ASSET), Ok(Some(digest(HEX))), "{mark:?}");
            assert_eq!(sidecar(&bytes[..bytes.len() - 1], ASSET), Ok(digest(HEX)));
        }
    }
}

#[test]
fn a_file_of_a_general_name_may_hold_other_algorithms() {
    let other = file("{H}{H}  {A}\n");
    assert_eq!(sums_in("checksums.txt", &other, ASSET), Ok(None));
    assert_eq!(sums_in("checksums.txt", b"", ASSET), Ok(None));
    assert!(sums_in("SHA256SUMS", &other, ASSET).is_err());
    assert!(sums_in("SHA256SUMS.txt", &other, ASSET).is_err());
}

#[test]
fn other_contents_are_errors() {
    use ChecksumError::{Empty, Line, Other, OtherAlgorithm, Several};
    let asset = || ASSET.to_owned();
    let other = |named: &str| Other { asset: asset(), named: named.to_owned() };
    for (template, expected) in [
        ("", Empty),
        ("\n\r\n", Empty),
        ("# {H}\n", Empty),
        ("not a checksum\n", Empty),
        ("<!doctype html><p>{H}", Empty),
        ("sha256:{H}\n", Empty),
        ("{H}0\n", Empty),
        ("{H}  other.tar.gz\n", other("other.tar.gz")),
        ("{H}  {A}.asc\n", other("loom-bridge-server-0.2.0-linux-x86_64.tar.gz.asc")),
        ("{H}  x{A}\n", other("xloom-bridge-server-0.2.0-linux-x86_64.tar.gz")),
        ("SHA256 (other) = {H}\n", other("other")),
        ("{H}\n{O}\n", Several { asset: asset(), count: 2 }),
        ("{H}  {A}\n{O}  {A}\n", Several { asset: asset(), count: 2 }),
        ("{H}\n{O}  other\n", other("other")),
        ("\n123abc  {A}\n", Line { line: 2, asset: asset() }),
        ("SHA256 ({A}) = 00\n", Line { line: 1, asset: asset() }),
        ("SHA512 ({A}) = 00\n", OtherAlgorithm { asset: asset(), algorithm: "SHA512".into() }),
        ("{H}{H}  {A}\n", OtherAlgorithm { asset: asset(), algorithm: "SHA512".into() }),
        (
            "{H}{H}  {A}\n{H}  other\n",
            OtherAlgorithm { asset: asset(), algorithm: "SHA512".into() },
        ),
        ("SHA3-256 ({A}) = {H}\n", OtherAlgorithm { asset: asset(), algorithm: "SHA3-256".into() }),
        ("SIZE ({A}) = 7\n", Empty),
        ("{H}  -\n{O}  -\n", Several { asset: asset(), count: 2 }),
        ("\\{H}  {A}\\n\n", other("loom-bridge-server-0.2.0-linux-x86_64.tar.gz\n")),
    ] {
        assert_eq!(sidecar(&file(template), ASSET), Err(expected), "{template:?}");
    }
    assert_eq!(sidecar(b"\xff\xfe", ASSET), Err(Empty));
    assert_eq!(sidecar(b"\x7fELF\0\0\0", ASSET), Err(ChecksumError::NotText));
}

#[test]
fn a_broken_line_hides_no_name_of_other_lines() {
    let digest = Digest::of(b"a");
    for broken in ["a  b", "SHA256 (a) = no digest", "x * y"] {
        let file = format!("{broken}\n{digest}  server.tar.gz\n");
        assert_eq!(named(file.as_bytes()), [("server.tar.gz".to_owned(), digest)], "{broken}");
    }
}

#[test]
fn sums_may_lack_an_asset() {
    assert_eq!(sums(&file("{O}  other\n"), ASSET), Ok(None));
    assert_eq!(sums(&file("{O}\n"), ASSET), Ok(None));
    assert_eq!(sums(&file("nothing\n"), ASSET), Err(ChecksumError::Empty));
    let twice = sums(&file("{H}  {A}\n{O}  dist/{A}\n"), ASSET);
    assert_eq!(twice, Err(ChecksumError::Several { asset: ASSET.to_owned(), count: 2 }));
}

proptest! {
    #[test]
    fn written_files_are_read(
        bytes in any::<[u8; 32]>(), name in "[a-z0-9][a-z0-9._-]{0,40}", binary: bool, crlf: bool,
        others in proptest::collection::vec("[A-Z]{1,20}", 0..5),
    ) {
        let digest = Digest::of(&bytes);
        let mark = if binary { '*' } else { ' ' };
        let end = if crlf { "\r\n" } else { "\n" };
        let mut text: String = others.iter().map(|other| format!("{OTHER} {mark}{other}{end}")).collect();
        text.push_str(&format!("{digest} {mark}{name}{end}"));
        prop_assert_eq!(sidecar(text.as_bytes(), &name), Ok(digest));
        prop_assert_eq!(sums(text.as_bytes(), &name), Ok(Some(digest)));
    }

    #[test]
    fn no_bytes_break_the_reader(bytes: Vec<u8>) {
        let _ = sums(&bytes, ASSET);
        if let Ok(digest) = sidecar(&bytes, ASSET) {
            prop_assert!(String::from_utf8_lossy(&bytes).to_lowercase().contains(&digest.to_string()));
        }
    }

    #[test]
    fn no_text_like_a_checksum_breaks_the_reader(text in "(SHA256)?[ (*]{0,3}[0-9a-fA-F]{60,66}[ *)=]{0,4}[a-z./]{0,6}\r?\n?") {
        let _ = (sidecar(text.as_bytes(), "a"), sums(text.as_bytes(), "a"));
    }
}
