//! [`ListingPage`]: reads a page of a listing, entry by entry.
//!
//! `object_store` signs and sends the request, but refuses a whole page where one key has an empty part, or a time that it
//! does not understand. So the page is read here: S3 and Google list `Contents` and `CommonPrefixes`, Azure `Blob` and
//! `BlobPrefix`.

use std::sync::{Arc, Mutex};

use loom_base::sync::LockExt as _;
use loom_source::SkippedEntries;
use quick_xml::{Reader, events::Event};

use crate::transport::{Entries, MAX_ENTRIES, check_key};

/// The page that `object_store` receives instead: one without entries, for every provider.
pub(super) const UNREAD: &[u8] = b"<Page><Blobs></Blobs></Page>";

/// The longest token of a next page, in bytes.
const MAX_TOKEN: usize = 8 * 1024;

/// The longest text of one element that is read, in bytes. Keys have at most 1,024 characters.
const MAX_TEXT: usize = 16 * 1024;

/// Marks the request for a page of a listing, and receives the page.
#[derive(Debug, Clone, Default)]
pub(super) struct ListingRequest(Arc<Mutex<Option<Vec<u8>>>>);

impl ListingRequest {
    pub(super) fn keep(&self, page: Vec<u8>) {
        *self.0.locked() = Some(page);
    }

    pub(super) fn take(&self) -> Option<Vec<u8>> {
        self.0.locked().take()
    }
}

/// A page of a listing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ListingPage {
    pub(super) entries: Entries,
    /// The token of the next page, if there is one.
    pub(super) next: Option<String>,
    /// The size of the page.
    pub(super) bytes: usize,
}

/// An entry that is being read.
#[derive(Debug, Default)]
struct EntryFields {
    /// The number of elements around the entry's own fields.
    depth: usize,
    is_folder: bool,
    key: String,
    size: Option<u64>,
    /// Whether the entry stands for a folder although it is listed as a file.
    is_directory: bool,
    /// Whether a text of the entry is not UTF-8.
    garbled: bool,
}

impl ListingPage {
    /// Reads the page of the listing of `prefix`. Entries that no mirror can have are left out, and added to `skipped`.
    pub(super) fn read(
        page: &[u8],
        prefix: &str,
        skipped: &SkippedEntries,
    ) -> Result<Self, String> {
        let mut reader = Reader::from_reader(page);
        reader.config_mut().expand_empty_elements = true;
        let mut read = Self { bytes: page.len(), ..Self::default() };
        let mut depth = 0_usize;
        let mut text = ElementText::default();
        let mut entry: Option<EntryFields> = None;
        loop {
            match reader.read_event().map_err(|error| error.to_string())? {
                Event::Start(start) => {
                    depth += 1;
                    text = ElementText::default();
                    let is_folder = match start.local_name().as_ref() {
                        b"Contents" | b"Blob" => false,
                        b"CommonPrefixes" | b"BlobPrefix" => true,
                        _ => continue,
                    };
                    if entry.is_none() {
                        entry = Some(EntryFields { depth, is_folder, ..EntryFields::default() });
                    }
                }
                Event::End(end) => {
                    let name = end.local_name();
                    match entry.take() {
                        Some(done) if done.depth == depth => read.add(&done, prefix, skipped)?,
                        Some(mut open) => {
                            open.set(name.as_ref(), depth, &text);
                            entry = Some(open);
                        }
                        None if depth == 2 => read.set(name.as_ref(), &text)?,
                        None => {}
                    }
                    depth = depth.saturating_sub(1);
                    text = ElementText::default();
                }
                Event::Text(piece) => text.push(&piece),
                Event::CData(piece) => text.push(&piece),
                Event::GeneralRef(reference) => text.push_reference(&reference),
                Event::Eof if depth == 0 => return Ok(read),
                Event::Eof => return Err("it ends early".to_owned()),
                _ => {}
            }
        }
    }

    /// An element of the page itself.
    fn set(&mut self, name: &[u8], text: &ElementText) -> Result<(), String> {
        if !matches!(name, b"NextContinuationToken" | b"NextMarker") || text.value.is_empty() {
            return Ok(());
        }
        if text.value.len() > MAX_TOKEN {
            return Err(format!("the token of its next page has more than {MAX_TOKEN} bytes"));
        }
        self.next = Some(text.value.clone());
        Ok(())
    }

    fn add(
        &mut self,
        entry: &EntryFields,
        prefix: &str,
        skipped: &SkippedEntries,
    ) -> Result<(), String> {
        // The object that stands for the folder itself, and folders of Azure that are listed as files, too.
        let is_placeholder = entry.key == prefix && !entry.garbled;
        if !entry.is_folder && (is_placeholder || entry.is_directory) {
            return Ok(());
        }
        match entry.name(prefix) {
            Ok((name, None)) => self.entries.folders.push(name.to_owned()),
            Ok((name, Some(size))) => self.entries.files.push((name.to_owned(), size)),
            Err(why) => skipped.add(&entry.key, why),
        }
        if self.entries.folders.len() + self.entries.files.len() > MAX_ENTRIES {
            return Err(format!("it has more than {MAX_ENTRIES} entries"));
        }
        Ok(())
    }
}

impl EntryFields {
    /// An element inside the entry.
    fn set(&mut self, name: &[u8], depth: usize, text: &ElementText) {
        self.garbled |= text.garbled;
        match name {
            b"Key" | b"Prefix" | b"Name" if depth == self.depth + 1 => {
                self.key.clone_from(&text.value);
            }
            b"Size" | b"Content-Length" => self.size = text.value.trim().parse().ok(),
            b"ResourceType" => self.is_directory = text.value == "directory",
            _ => {}
        }
    }

    /// The name of the entry in the folder, and the size of a file.
    fn name(&self, prefix: &str) -> Result<(&str, Option<u64>), &'static str> {
        if self.garbled {
            return Err("its name is not UTF-8, or too long");
        }
        let name = self.key.strip_prefix(prefix).ok_or("it is not in the listed folder")?;
        let (name, size) = if self.is_folder {
            (name.strip_suffix('/').ok_or("a folder without a slash")?, None)
        } else {
            (name, Some(self.size.ok_or("it has no size")?))
        };
        check_key(name)?;
        if name.contains('/') {
            return Err("it is not directly in the listed folder");
        }
        Ok((name, size))
    }
}

/// The text of an element, without the elements in it.
#[derive(Debug, Default)]
struct ElementText {
    value: String,
    garbled: bool,
}

impl ElementText {
    fn push(&mut self, bytes: &[u8]) {
        match std::str::from_utf8(bytes) {
            Ok(piece) if self.value.len() + piece.len() <= MAX_TEXT => self.value.push_str(piece),
            _ => self.garbled = true,
        }
    }

    /// Adds the character that `&amp;` or `&#38;` stands for.
    fn push_reference(&mut self, reference: &quick_xml::events::BytesRef<'_>) {
        let character = match reference.as_ref() {
            b"amp" => Some('&'),
            b"lt" => Some('<'),
            b"gt" => Some('>'),
            b"quot" => Some('"'),
            b"apos" => Some('\''),
            _ => reference.resolve_char_ref().ok().flatten(),
        };
        match character {
            Some(character) => self.push(character.encode_utf8(&mut [0; 4]).as_bytes()),
            None => self.garbled = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(page: &str, prefix: &str) -> (ListingPage, Option<String>) {
        let skipped = SkippedEntries::default();
        let page = ListingPage::read(page.as_bytes(), prefix, &skipped).unwrap();
        (page, skipped.take())
    }

    fn entries(folders: &[&str], files: &[(&str, u64)]) -> Entries {
        Entries {
            folders: folders.iter().map(|name| (*name).to_owned()).collect(),
            files: files.iter().map(|(name, size)| ((*name).to_owned(), *size)).collect(),
        }
    }

    #[test]
    fn s3_and_google_list_contents_and_prefixes() {
        let text = r#"<?xml version="1.0" encoding="UTF-8"?>
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name><Prefix>p/</Prefix>
            <NextContinuationToken>1&amp;2</NextContinuationToken><IsTruncated>true</IsTruncated>
            <Contents><Key>p/</Key><Size>0</Size></Contents>
            <Contents><Key>p/a&amp;b&#x41;</Key><LastModified>x</LastModified><ETag>"x"</ETag><Size>5</Size>
            <Owner><ID>i</ID><DisplayName>d</DisplayName></Owner></Contents>
            <CommonPrefixes><Prefix>p/v0.2.0/</Prefix></CommonPrefixes></ListBucketResult>"#;
        let (page, skipped) = read(text, "p/");
        assert_eq!(page.entries, entries(&["v0.2.0"], &[("a&bA", 5)]));
        assert_eq!((page.next.as_deref(), skipped), (Some("1&2"), None));
        let (page, _) = read("<ListBucketResult/>", "");
        assert_eq!((page.entries, page.next), (Entries::default(), None));
    }

    #[test]
    fn azure_lists_blobs() {
        let text = "<EnumerationResults ContainerName=\"c\"><Prefix>p/</Prefix><Blobs>\
            <Blob><Name>p/a</Name><Properties><Content-Length>7</Content-Length></Properties>\
            <Metadata><Name>x</Name></Metadata></Blob>\
            <Blob><Name>p/d</Name><Properties><Content-Length>0</Content-Length>\
            <ResourceType>directory</ResourceType></Properties></Blob>\
            <BlobPrefix><Name>p/d/</Name></BlobPrefix></Blobs><NextMarker /></EnumerationResults>";
        let (page, skipped) = read(text, "p/");
        assert_eq!(page.entries, entries(&["d"], &[("a", 7)]));
        assert_eq!((page.next, skipped), (None, None));
    }

    #[test]
    fn an_entry_that_cannot_be_read_is_left_out() {
        for (odd, why) in [
            ("<CommonPrefixes><Prefix>p//</Prefix></CommonPrefixes>", "is empty"),
            ("<CommonPrefixes><Prefix>p/./</Prefix></CommonPrefixes>", "'.'"),
            ("<CommonPrefixes><Prefix>p/../</Prefix></CommonPrefixes>", "'..'"),
            ("<CommonPrefixes><Prefix>q/v1/</Prefix></CommonPrefixes>", "not in the listed folder"),
            ("<Contents><Key>p/x/y</Key><Size>1</Size></Contents>", "not directly"),
            ("<Contents><Key>p/x</Key></Contents>", "no size"),
            ("<Contents><Key>p/x</Key><Size>-1</Size></Contents>", "no size"),
            ("<Contents><Key>p/a&#1;b</Key><Size>1</Size></Contents>", "control character"),
            ("<Contents><Key>p/&nonsense;</Key><Size>1</Size></Contents>", "not UTF-8"),
            ("<Contents/>", "not in the listed folder"),
        ] {
            let good = "<Contents><Key>p/a</Key><Size>1</Size></Contents>";
            let (page, skipped) = read(&format!("<R>{odd}{good}{odd}</R>"), "p/");
            assert_eq!(page.entries, entries(&[], &[("a", 1)]), "{odd}");
            assert!(skipped.unwrap().contains(why), "{odd}");
        }
        let garbled = b"<R><Contents><Key>p/\xff</Key><Size>1</Size></Contents></R>";
        let skipped = SkippedEntries::default();
        let page = ListingPage::read(garbled, "p/", &skipped).unwrap();
        assert_eq!(page.entries, Entries::default());
        assert!(skipped.take().unwrap().contains("not UTF-8"));
    }

    #[test]
    fn a_page_is_limited_and_complete() {
        let refused = |page: &str| {
            ListingPage::read(page.as_bytes(), "", &SkippedEntries::default()).unwrap_err()
        };
        let entry = "<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>";
        let many = entry.repeat(MAX_ENTRIES + 1);
        assert!(refused(&format!("<R>{many}</R>")).contains("more than 100000 entries"));
        let token = "x".repeat(MAX_TOKEN + 1);
        assert!(refused(&format!("<R><NextMarker>{token}</NextMarker></R>")).contains("token"));
        for broken in ["<R><Contents>", "<R></S>", "not <xml"] {
            refused(broken);
        }
    }
}
