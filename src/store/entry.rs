//! Finds the program of a release among the files of a staged tree.

use loom_source::Release;

use super::{AdmitError, Staged, TreePath};

/// The path of the program: the one that a statement names, else the release's name at the top, in `bin/`, or at the
/// only path with this file name; else the same with the name of the release's assets.
pub(super) fn find_entry(staged: &Staged, release: &Release) -> Result<TreePath, AdmitError> {
    let files: Vec<&str> = staged.items.iter().map(|item| item.path.as_str()).collect();
    let name = release.executable();
    let found = match &staged.entry {
        Some(entry) => files.iter().find(|path| **path == entry.as_str()).copied(),
        None => by_name(&files, &name).or_else(|| by_name(&files, &asset_name(release)?)),
    };
    if let Some(path) = found {
        return Ok(path.parse()?);
    }
    let wanted = staged.entry.as_ref().map_or(name, ToString::to_string);
    let some = files.iter().take(5).copied().collect::<Vec<_>>().join(", ");
    let found = if files.len() > 5 { format!("{some}, …") } else { some };
    Err(AdmitError::NoEntry { release: Box::new(release.clone()), wanted, found })
}

fn by_name<'a>(files: &[&'a str], name: &str) -> Option<&'a str> {
    let bin = format!("bin/{name}");
    if let Some(path) = files.iter().find(|p| **p == name).or(files.iter().find(|p| **p == bin)) {
        return Some(path);
    }
    let mut named = files.iter().filter(|p| p.rsplit('/').next() == Some(name));
    named.next().filter(|_| named.next().is_none()).copied()
}

/// Some archives hold the program under the archive's own name.
fn asset_name(release: &Release) -> Option<String> {
    let suffix = release.executable().strip_prefix(release.binary.as_ref())?.to_owned();
    Some(format!("{}{suffix}", release.asset_stem()?))
}
