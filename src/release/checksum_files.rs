//! `.sha256` files and `SHA256SUMS`, in the text form of coreutils: `DIGEST  NAME`.

use std::collections::BTreeMap;

use loom_source::Digest;

/// The name of the file with the digests of all assets.
pub const SUMS: &str = loom_source::checksum::SUMS_NAMES[0];

/// The extension of the checksum file beside an asset.
pub const SIDECAR: &str = ".sha256";

/// The line of one asset, as `sha256sum NAME` prints it. The names of assets hold nothing that coreutils would escape.
pub fn line(digest: &Digest, name: &str) -> String {
    format!("{digest}  {name}\n")
}

/// The lines of several assets in the order of their names.
pub fn sums(assets: &BTreeMap<String, Digest>) -> String {
    assets.iter().map(|(name, digest)| line(digest, name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reader_of_checksum_files_accepts_both_forms() {
        let digests = [("b.zip", Digest::of(b"b")), ("a.tar.gz", Digest::of(b"a"))];
        let assets = digests.map(|(name, digest)| (name.to_owned(), digest)).into();
        let text = sums(&assets);
        assert!(text.find("a.tar.gz") < text.find("b.zip"));
        for (name, digest) in digests {
            let sidecar = line(&digest, name);
            assert_eq!(loom_source::checksum::sidecar(sidecar.as_bytes(), name), Ok(digest));
            assert_eq!(loom_source::checksum::sums(text.as_bytes(), name), Ok(Some(digest)));
        }
    }
}
