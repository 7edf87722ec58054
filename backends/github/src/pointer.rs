//! A tag and an asset's name, as one text: `v0.2.0/loom-bridge-server-0.2.0-linux-x86_64.tar.gz`.

use loom_source::AssetRef;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// What a part cannot show as it is: tags may hold slashes.
const HIDDEN: &AsciiSet = &CONTROLS.add(b'/').add(b'%').add(b'\\');

/// Where an asset is, whichever way it is fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AssetLocation {
    pub(crate) tag: String,
    pub(crate) name: String,
}

/// The pointer to an asset.
pub(crate) fn to(tag: &str, name: &str) -> AssetRef {
    let part = |text: &str| utf8_percent_encode(text, HIDDEN).to_string();
    AssetRef::new(format!("{}/{}", part(tag), part(name)))
}

/// What a pointer points to, or what is wrong with it.
pub(crate) fn read(pointer: &AssetRef) -> Result<AssetLocation, &'static str> {
    const WRONG: &str = "it is not TAG/ASSET";
    let (tag, name) = pointer.as_str().split_once('/').ok_or(WRONG)?;
    if name.contains('/') {
        return Err(WRONG);
    }
    Ok(AssetLocation { tag: part(tag)?, name: part(name)? })
}

fn part(text: &str) -> Result<String, &'static str> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| "it is not text")?;
    if matches!(&*text, "" | "." | "..") || text.contains('\\') || text.contains(char::is_control) {
        return Err("a part of it is empty, '.' or '..', or holds characters that no name has");
    }
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_read_as_they_are_written() {
        for (tag, name) in [("v0.2.0", "a.tar.gz"), ("server/v1", "a b"), ("50%", "é")] {
            let pointer = to(tag, name);
            let at = AssetLocation { tag: tag.to_owned(), name: name.to_owned() };
            assert_eq!(read(&pointer), Ok(at), "{pointer}");
        }
        assert_eq!(to("server/v1", "a").as_str(), "server%2Fv1/a");
    }

    #[test]
    fn what_leaves_the_repository_is_refused() {
        for bad in
            ["", "v1", "/a", "v1/", "../a", "v1/..", "%2E%2e/a", "v1/a/b", "//etc/x", "a/%00"]
        {
            assert!(read(&AssetRef::new(bad)).is_err(), "{bad:?}");
        }
    }
}
