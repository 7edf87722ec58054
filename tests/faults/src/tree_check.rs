//! Every link in `bin/` leads to a tree that has exactly the files of its listing. This reads the store as store-format.md
//! describes it, without the code that wrote it.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

/// The files of a tree: for each path its line without the path.
type Lines = BTreeMap<String, String>;

/// Checks what every link of the store leads to. A link that dangles counts as absent.
pub(crate) fn links(cache: &Path) -> Result<(), String> {
    let mut links = Vec::new();
    collect(&cache.join("bin"), &mut links).map_err(|error| error.to_string())?;
    for link in links {
        let Ok(target) = link.canonicalize() else { continue };
        let below = target.strip_prefix(cache.join("store")).map_err(|_| {
            format!("{} leads to {}, out of the store", link.display(), target.display())
        })?;
        let Some(digest) = below.iter().next().and_then(|name| name.to_str()) else { continue };
        if !cache.join(format!("store/.trash-{digest}")).exists() {
            tree(cache, digest).map_err(|why| format!("{}: {why}", link.display()))?;
        }
    }
    Ok(())
}

/// All links and files below a folder; none if it is missing.
fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), found)?;
        } else {
            found.push(entry.path());
        }
    }
    Ok(())
}

fn tree(cache: &Path, digest: &str) -> Result<(), String> {
    let object = cache.join("objects/sha256").join(&digest[..2]).join(digest);
    let listing = fs::read_to_string(&object).map_err(|e| format!("{}: {e}", object.display()))?;
    if hex::encode(Sha256::digest(&listing)) != digest {
        return Err(format!("the listing {digest} has other bytes"));
    }
    let expected: Lines = listing.lines().skip(1).filter_map(split).collect();
    let mut found = Lines::new();
    let folder = cache.join("store").join(digest);
    walk(&folder, "", &mut found).map_err(|error| format!("{}: {error}", folder.display()))?;
    if expected == found {
        Ok(())
    } else {
        Err(format!("the tree {digest} is not that of its listing: {expected:?}, {found:?}"))
    }
}

/// Separates a line of a listing from its path, which comes last and may contain spaces.
fn split(line: &str) -> Option<(String, String)> {
    let at = line.match_indices(' ').nth(2)?.0;
    Some((line[at + 1..].to_owned(), line[..at].to_owned()))
}

fn walk(folder: &Path, below: &str, found: &mut Lines) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{below}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(&entry.path(), &format!("{path}/"), found)?;
            continue;
        }
        let bytes = fs::read(entry.path())?;
        let executable = entry.metadata()?.permissions().mode() & 0o100 != 0;
        let letter = match (kind.is_symlink(), executable) {
            (true, _) => "l",
            (false, true) => "x",
            (false, false) => "f",
        };
        let digest = hex::encode(Sha256::digest(&bytes));
        found.insert(path, format!("{letter} {digest} {}", bytes.len()));
    }
    Ok(())
}
