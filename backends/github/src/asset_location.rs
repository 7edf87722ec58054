//! [`AssetLocation`]: a tag and the name of an asset, as one text such as
//! `v0.2.0/loom-bridge-server-0.2.0-linux-x86_64.tar.gz`.

use loom_source::AssetRef;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// The characters that are percent-encoded in a part; tags may have slashes.
const ENCODED: &AsciiSet = &CONTROLS.add(b'/').add(b'%').add(b'\\');

/// The tag of a release and the name of one of its assets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AssetLocation {
    pub(crate) tag: String,
    pub(crate) name: String,
}

impl AssetLocation {
    pub(crate) fn new(tag: &str, name: &str) -> Self {
        Self { tag: tag.to_owned(), name: name.to_owned() }
    }

    /// The location as a reference.
    pub(crate) fn to_ref(&self) -> AssetRef {
        let encode = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
        AssetRef::new(format!("{}/{}", encode(&self.tag), encode(&self.name)))
    }

    /// The location of a reference, or what is wrong with the reference.
    pub(crate) fn parse(asset: &AssetRef) -> Result<Self, &'static str> {
        const FORM: &str = "expected TAG/ASSET";
        let (tag, name) = asset.as_str().split_once('/').ok_or(FORM)?;
        if name.contains('/') {
            return Err(FORM);
        }
        Ok(Self { tag: decode(tag)?, name: decode(name)? })
    }
}

fn decode(text: &str) -> Result<String, &'static str> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| "expected UTF-8")?;
    if matches!(&*text, "" | "." | "..") || text.contains('\\') || text.contains(char::is_control) {
        return Err("a part is empty, '.' or '..', or has a backslash or a control character");
    }
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_value_agree() {
        for (tag, name) in [("v0.2.0", "a.tar.gz"), ("server/v1", "a b"), ("50%", "é")] {
            let location = AssetLocation::new(tag, name);
            assert_eq!(AssetLocation::parse(&location.to_ref()), Ok(location));
        }
        assert_eq!(AssetLocation::new("server/v1", "a").to_ref().as_str(), "server%2Fv1/a");
    }

    #[test]
    fn references_beyond_the_repository_are_refused() {
        for bad in
            ["", "v1", "/a", "v1/", "../a", "v1/..", "%2E%2e/a", "v1/a/b", "//etc/x", "a/%00"]
        {
            assert!(AssetLocation::parse(&AssetRef::new(bad)).is_err(), "{bad:?}");
        }
    }
}
