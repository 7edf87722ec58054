//! The canonical listing of a tree, whose SHA-256 names the tree.

use std::{fmt, str::FromStr};

use loom_source::Digest;

use super::path::{PathSet, TreePath};

/// The first line of a listing.
pub const HEADER: &str = "loom-tree 1";

/// What an entry of a tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// `x`: a file that may be executed.
    Executable,
    /// `f`: any other file.
    File,
    /// `l`: a symbolic link to a file of the tree; digest and size are those of the file's bytes.
    Link,
}

impl EntryKind {
    /// The first letter of a line.
    pub fn letter(self) -> char {
        match self {
            Self::Executable => 'x',
            Self::File => 'f',
            Self::Link => 'l',
        }
    }
}

/// One line of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeEntry {
    /// The kind of the entry.
    pub kind: EntryKind,
    /// The SHA-256 of its bytes.
    pub digest: Digest,
    /// The number of its bytes.
    pub size: u64,
    /// Its path inside the tree.
    pub path: TreePath,
}

/// The files and links of a tree, sorted by the bytes of their paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeListing(Vec<TreeEntry>);

/// Why bytes are not a canonical listing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeListingError {
    /// Written by a newer version of the format.
    #[error("the tree listing has a newer format: expected {HEADER:?}, got {0:?}")]
    Newer(String),
    /// The first line is not the header.
    #[error("not a tree listing: the first line is not {HEADER:?}")]
    Header,
    /// A line is not `x|f|l SP sha256 SP size SP path`, or the last line feed is missing.
    #[error("line {0} of the tree listing is malformed")]
    Line(usize),
    /// A path that no tree may have.
    #[error("line {line} of the tree listing: {source}")]
    Path {
        /// The number of the line, counted from 1 with the header.
        line: usize,
        /// The rule that the path breaks.
        source: super::path::PathError,
    },
    /// The lines are not sorted by the bytes of their paths.
    #[error("line {0} of the tree listing is out of order")]
    Order(usize),
    /// The listing has no entry; a tree has at least one file.
    #[error("the tree is empty")]
    Empty,
}

impl TreeListing {
    /// Makes a listing of entries in any order.
    ///
    /// # Errors
    /// [`TreeListingError::Empty`] without an entry, [`TreeListingError::Path`] where two paths collide.
    pub fn new(mut entries: Vec<TreeEntry>) -> Result<Self, TreeListingError> {
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        check(&entries)?;
        Ok(Self(entries))
    }

    /// Reads a listing in its canonical form.
    ///
    /// # Errors
    /// [`TreeListingError`] for any other form.
    pub fn parse(bytes: &[u8]) -> Result<Self, TreeListingError> {
        let text = std::str::from_utf8(bytes).map_err(|_| TreeListingError::Header)?;
        let mut lines = text.split_inclusive('\n');
        header(lines.next().unwrap_or_default())?;
        let entry = |(n, line)| entry(line).ok_or(TreeListingError::Line(n + 2))?.at(n + 2);
        let entries = lines.enumerate().map(entry).collect::<Result<Vec<_>, _>>()?;
        check(&entries)?;
        Ok(Self(entries))
    }

    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }

    /// The digest of the tree: the SHA-256 of the canonical bytes.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.to_bytes())
    }

    /// The entries, sorted by the bytes of their paths.
    pub fn entries(&self) -> &[TreeEntry] {
        &self.0
    }

    /// The entry at `path`.
    pub fn get(&self, path: &str) -> Option<&TreeEntry> {
        let at = self.0.binary_search_by(|e| e.path.as_str().cmp(path)).ok()?;
        self.0.get(at)
    }

    /// The target of a link of this listing; `None` for a file. The line of a link holds the digest of the file that it leads
    /// to, so a link to any file with this digest gives the same tree; the first one is taken.
    pub fn link_target(&self, link: &TreeEntry) -> Option<String> {
        if link.kind != EntryKind::Link {
            return None;
        }
        let is_file = |e: &&TreeEntry| e.kind != EntryKind::Link && e.digest == link.digest;
        let file = self.entries().iter().find(is_file)?;
        let ups = link.path.as_str().matches('/').count();
        Some(format!("{}{}", "../".repeat(ups), file.path))
    }

    /// The number of bytes of all files; a link has none of its own.
    pub fn bytes(&self) -> u64 {
        self.0.iter().filter(|e| e.kind != EntryKind::Link).map(|e| e.size).sum()
    }
}

impl fmt::Display for TreeListing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        self.0
            .iter()
            .try_for_each(|e| writeln!(f, "{} {} {} {}", e.kind.letter(), e.digest, e.size, e.path))
    }
}

fn header(line: &str) -> Result<(), TreeListingError> {
    match line.strip_suffix('\n') {
        Some(HEADER) => Ok(()),
        Some(other) if other.starts_with("loom-tree ") => {
            Err(TreeListingError::Newer(other.to_owned()))
        }
        _ => Err(TreeListingError::Header),
    }
}

/// A line whose path has not been parsed.
struct RawEntry<'a> {
    kind: EntryKind,
    digest: Digest,
    size: u64,
    path: &'a str,
}

impl RawEntry<'_> {
    fn at(self, line: usize) -> Result<TreeEntry, TreeListingError> {
        let Self { kind, digest, size, path } = self;
        let path =
            TreePath::from_str(path).map_err(|source| TreeListingError::Path { line, source })?;
        Ok(TreeEntry { kind, digest, size, path })
    }
}

fn entry(line: &str) -> Option<RawEntry<'_>> {
    let mut fields = line.strip_suffix('\n')?.splitn(4, ' ');
    let kind = match fields.next()? {
        "x" => EntryKind::Executable,
        "f" => EntryKind::File,
        "l" => EntryKind::Link,
        _ => return None,
    };
    let digest_text = fields.next()?;
    let size_text = fields.next()?;
    let digest = digest_text.parse::<Digest>().ok()?;
    let size = size_text.parse::<u64>().ok()?;
    // Each value has one spelling; otherwise two listings of one tree would have two digests.
    let canonical = digest.to_string() == digest_text && size.to_string() == size_text;
    canonical.then_some(RawEntry { kind, digest, size, path: fields.next()? })
}

fn check(entries: &[TreeEntry]) -> Result<(), TreeListingError> {
    if entries.is_empty() {
        return Err(TreeListingError::Empty);
    }
    let mut paths = PathSet::default();
    let mut last: Option<&TreePath> = None;
    for (n, entry) in entries.iter().enumerate() {
        let line = n + 2;
        paths
            .file(entry.path.as_str())
            .map_err(|source| TreeListingError::Path { line, source })?;
        if last.is_some_and(|last| *last > entry.path) {
            return Err(TreeListingError::Order(line));
        }
        last = Some(&entry.path);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(kind: char, path: &str) -> String {
        format!("{kind} {} 0 {path}\n", Digest::of(b""))
    }

    #[test]
    fn a_listing_survives_reading_and_writing() {
        let text = format!("{HEADER}\n{}{}", line('f', "a b"), line('x', "a/b"));
        let listing = TreeListing::parse(text.as_bytes()).unwrap();
        assert_eq!(listing.to_string(), text);
        assert_eq!(listing.digest(), Digest::of(text.as_bytes()));
        assert_eq!(listing.get("a/b").unwrap().kind, EntryKind::Executable);
        let mut shuffled = listing.entries().to_vec();
        shuffled.reverse();
        assert_eq!(TreeListing::new(shuffled).unwrap(), listing);
    }

    #[test]
    fn only_the_canonical_form_is_read() {
        let good = line('f', "a");
        let bad = [
            "".to_owned(),
            HEADER.to_owned(),
            format!("{HEADER}\n"),
            format!("{HEADER}\n{}", good.trim_end()),
            format!("{HEADER}\r\n{good}"),
            format!("loom-tree 2\n{good}"),
            format!("{HEADER}\n{good}\n"),
            format!("{HEADER}\n{good}{good}"),
            format!("{HEADER}\n{}{good}", line('f', "b")),
            format!("{HEADER}\n{}", line('d', "a")),
            format!("{HEADER}\n{}", line('f', "../a")),
            format!("{HEADER}\n{}", good.replace(" 0 ", " 00 ")),
            format!("{HEADER}\n{}", good.replace(" 0 ", " +0 ")),
            format!("{HEADER}\n{}", good.to_uppercase().replace("F ", "f ")),
        ];
        for text in bad {
            assert!(TreeListing::parse(text.as_bytes()).is_err(), "{text:?}");
        }
        let newer = TreeListing::parse(format!("loom-tree 2\n{good}").as_bytes());
        assert_eq!(newer, Err(TreeListingError::Newer("loom-tree 2".into())));
    }
}
