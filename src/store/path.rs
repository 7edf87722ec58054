//! Paths inside a tree.

use std::{collections::BTreeMap, fmt, str::FromStr};

use loom_source::name::is_windows_device;

/// A path inside a tree: relative, `/` between its components, valid on every platform.
///
/// 1 to 120 bytes of printable ASCII without `\ : * ? " < > |`. No component is empty, `.` or `..`, begins or ends
/// with a space, ends with a dot, or is a device name of Windows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreePath(String);

/// A text that cannot be a path inside a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("path {text:?} is refused: {why}")]
pub struct PathError {
    text: String,
    why: &'static str,
}

impl TreePath {
    /// The maximum length of a path, in bytes.
    pub const MAX: usize = 120;

    /// The path's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last component.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The parent folders of the path, outermost first.
    pub fn parents(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('/').map(|(at, _)| &self.0[..at])
    }

    /// The path that a link at this path with this target leads to. A target is any number of `../` and then a path.
    ///
    /// # Errors
    /// [`PathError`] for a target that leaves the tree or breaks the rules of a path.
    pub fn follow(&self, target: &str) -> Result<Self, PathError> {
        let refuse = |why| PathError { text: format!("{} -> {target}", self.0), why };
        let mut folder: Vec<&str> = self.0.split('/').collect();
        folder.pop();
        let mut rest = target;
        while let Some(after) = rest.strip_prefix("../") {
            folder.pop().ok_or_else(|| refuse("the link leaves the tree"))?;
            rest = after;
        }
        check(rest).map_err(|_| refuse("the link's target is not a plain path inside the tree"))?;
        folder.push(rest);
        folder.join("/").parse()
    }
}

/// Checks the rules that do not depend on the length of a path.
pub(super) fn check(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        return Err("it is empty");
    }
    if !text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return Err("only printable ASCII is allowed");
    }
    if text.bytes().any(|b| b"\\:*?\"<>|".contains(&b)) {
        return Err("\\ : * ? \" < > | are not allowed");
    }
    if text.starts_with('/') {
        return Err("it is absolute");
    }
    text.split('/').try_for_each(check_component)
}

fn check_component(component: &str) -> Result<(), &'static str> {
    match component {
        "" => Err("it has an empty component"),
        "." | ".." => Err("it has a . or .. component"),
        _ if component.starts_with(' ') || component.ends_with(' ') => {
            Err("a component begins or ends with a space")
        }
        _ if component.ends_with('.') => Err("a component ends with a dot"),
        _ if is_windows_device(component) => Err("a component is a device name of Windows"),
        _ => Ok(()),
    }
}

impl FromStr for TreePath {
    type Err = PathError;
    fn from_str(text: &str) -> Result<Self, PathError> {
        let refuse = |why| PathError { text: text.to_owned(), why };
        if text.len() > Self::MAX {
            return Err(refuse("it has more than 120 bytes"));
        }
        check(text).map_err(refuse)?;
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The paths of one tree. No two may be equal in ASCII lower case, parents included, and no file may be a parent.
#[derive(Debug, Default)]
pub(super) struct PathSet(BTreeMap<String, (String, bool)>);

impl PathSet {
    /// Adds a file or link and its parents.
    pub(super) fn file(&mut self, path: &str) -> Result<(), PathError> {
        self.parents(path)?;
        match self.0.insert(path.to_ascii_lowercase(), (path.to_owned(), true)) {
            None => Ok(()),
            Some((old, _)) if old == path => Err(refuse(path, "it occurs twice")),
            Some(_) => {
                Err(refuse(path, "it differs from another path only in upper and lower case"))
            }
        }
    }

    /// The number of files, links and folders.
    pub(super) fn len(&self) -> u64 {
        self.0.len() as u64
    }

    /// Adds a folder and its parents; the same folder may be added again.
    pub(super) fn folder(&mut self, path: &str) -> Result<(), PathError> {
        self.parents(path)?;
        self.parent(path, path)
    }

    fn parents(&mut self, path: &str) -> Result<(), PathError> {
        path.match_indices('/').try_for_each(|(at, _)| self.parent(&path[..at], path))
    }

    fn parent(&mut self, folder: &str, of: &str) -> Result<(), PathError> {
        match self.0.get(&folder.to_ascii_lowercase()) {
            None => {
                self.0.insert(folder.to_ascii_lowercase(), (folder.to_owned(), false));
                Ok(())
            }
            Some((old, false)) if old == folder => Ok(()),
            Some((_, true)) => Err(refuse(of, "a file or link is also a folder")),
            Some(_) => {
                Err(refuse(of, "a folder differs from another only in upper and lower case"))
            }
        }
    }
}

fn refuse(path: &str, why: &'static str) -> PathError {
    PathError { text: path.to_owned(), why }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_that_are_valid_on_every_platform_are_accepted() {
        let edge = format!("{}/{}", "a".repeat(59), "b".repeat(60));
        for good in ["a", "bin/loom-bridge-server", "A b/c.d", "a/.hidden", "~+=@{}[]", &edge] {
            assert!(good.parse::<TreePath>().is_ok(), "{good}");
        }
        let long = format!("{edge}b");
        for bad in [
            "",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "a/../b",
            "./a",
            "a\\b",
            "c:",
            "a*",
            "a?",
            "a\"",
            "<a",
            "a>",
            "a|b",
            "a\n",
            "a\u{7f}",
            "é",
            " a",
            "a ",
            "a/ b",
            "a.",
            "a./b",
            "nul",
            "x/COM1.txt",
            "lpt9",
            &long,
        ] {
            assert!(bad.parse::<TreePath>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn links_must_lead_into_the_tree() {
        let follow = |path: &str, target: &str| {
            path.parse::<TreePath>().unwrap().follow(target).map(|p| p.to_string()).ok()
        };
        assert_eq!(follow("lib/a.so", "a.so.1"), Some("lib/a.so.1".into()));
        assert_eq!(follow("lib/a.so", "../bin/b"), Some("bin/b".into()));
        for bad in ["../../etc/passwd", "/etc/passwd", "", "..", "x/../y", "../lib/../b", "a/"] {
            assert_eq!(follow("lib/a.so", bad), None, "{bad}");
        }
    }

    #[test]
    fn paths_that_collide_on_a_case_insensitive_file_system_are_refused() {
        for (first, second, ok) in [
            ("a", "b", true),
            ("d/a", "d/b", true),
            ("a", "a", false),
            ("a", "A", false),
            ("d/a", "D/b", false),
            ("a", "a/b", false),
            ("a/b", "a", false),
            ("A", "a/b", false),
        ] {
            let mut set = PathSet::default();
            set.file(first).unwrap();
            assert_eq!(set.file(second).is_ok(), ok, "{first} {second}");
        }
        let mut set = PathSet::default();
        assert!(set.folder("d/e").is_ok() && set.folder("d/e").is_ok() && set.file("d").is_err());
    }
}
