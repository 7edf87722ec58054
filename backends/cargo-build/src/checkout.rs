//! Detects checkouts of Loom.

use std::{
    fs,
    path::{Path, PathBuf},
};

use loom_base::bounded_file;

/// The size limit of a manifest, in bytes: a checkout may come from another person.
const MAX_SIZE: u64 = 1 << 20;

/// The package that builds `loom-bridge-server`.
pub const PACKAGE: &str = "loom-bridge";

/// The nearest folder at or above `start` that [is a checkout](is_checkout).
///
/// Manifests are read; nothing is executed. Builds of the checkout are used only after it has been
/// [chosen](crate::choose_checkout).
///
/// # Examples
/// ```
/// use std::fs;
///
/// use loom_cargo_build::{find_checkout, is_checkout};
///
/// let folder = tempfile::tempdir()?;
/// let bridge = folder.path().join("runtime/bridge");
/// fs::create_dir_all(&bridge)?;
/// fs::write(folder.path().join("Cargo.toml"), "[workspace]\nmembers = [\"runtime/*\"]")?;
/// fs::write(bridge.join("Cargo.toml"), "[package]\nname = \"loom-bridge\"")?;
///
/// assert!(is_checkout(folder.path()));
/// assert!(!is_checkout(&bridge));
/// assert_eq!(find_checkout(&bridge).as_deref(), Some(folder.path()));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn find_checkout(start: &Path) -> Option<PathBuf> {
    start.ancestors().find(|folder| is_checkout(folder)).map(Path::to_owned)
}

/// Whether `folder` is the root of a cargo workspace with the package [`loom-bridge`](PACKAGE).
///
/// A folder that cannot be read, or whose manifest is malformed, is no checkout.
pub fn is_checkout(folder: &Path) -> bool {
    let Some(manifest) = read_manifest(folder) else { return false };
    let Some(workspace) = manifest.get("workspace") else { return false };
    let members = workspace.get("members").and_then(toml::Value::as_array);
    let mut members = members.into_iter().flatten().filter_map(toml::Value::as_str);
    package_name(&manifest) == Some(PACKAGE)
        || members
            .any(|member| member_folders(folder, member).iter().any(|member| is_bridge(member)))
}

fn is_bridge(folder: &Path) -> bool {
    read_manifest(folder).as_ref().and_then(package_name) == Some(PACKAGE)
}

fn read_manifest(folder: &Path) -> Option<toml::Table> {
    bounded_file::read_text(&folder.join("Cargo.toml"), MAX_SIZE).ok()?.parse().ok()
}

fn package_name(manifest: &toml::Table) -> Option<&str> {
    manifest.get("package")?.get("name")?.as_str()
}

/// The folders of an entry of `members`: the folder itself or, where the entry ends in `*`, each folder below.
fn member_folders(root: &Path, member: &str) -> Vec<PathBuf> {
    let Some(parent) = member.strip_suffix('*') else { return vec![root.join(member)] };
    let entries = fs::read_dir(root.join(parent)).into_iter().flatten();
    entries.flatten().map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn holds_bridge(members: &str) -> bool {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "Cargo.toml", &format!("[workspace]\nmembers = {members}"));
        write(folder.path(), "runtime/bridge/Cargo.toml", "[package]\nname = \"loom-bridge\"");
        write(folder.path(), "runtime/core/Cargo.toml", "[package]\nname = \"loom-core\"");
        is_checkout(folder.path())
    }

    #[test]
    fn a_checkout_is_a_workspace_with_the_bridge_as_a_member() {
        for (members, expected) in [
            ("[\"runtime/bridge\"]", true),
            ("[\".\", \"runtime/core\", \"runtime/bridge\"]", true),
            ("[\"runtime/*\"]", true),
            ("[\"runtime/core\"]", false),
            ("[\"gone\"]", false),
            ("[]", false),
            ("[not toml", false),
        ] {
            assert_eq!(holds_bridge(members), expected, "{members}");
        }
    }

    #[test]
    fn the_nearest_checkout_above_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("checkout/runtime/bridge/src");
        fs::create_dir_all(&inner).unwrap();
        assert_eq!(find_checkout(&inner), None);
        write(folder.path(), "checkout/Cargo.toml", "[workspace]\nmembers = [\"runtime/bridge\"]");
        write(
            folder.path(),
            "checkout/runtime/bridge/Cargo.toml",
            "[package]\nname = \"loom-bridge\"",
        );
        assert_eq!(find_checkout(&inner), Some(folder.path().join("checkout")));
        assert_eq!(find_checkout(folder.path()), None);
    }
}
