//! Which executables lie in a target folder.

use std::{
    cmp::Reverse,
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use loom_source::{Platform, SourceError};

/// An executable that cargo built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildArtifact {
    /// The executable.
    pub path: PathBuf,
    /// The profile's folder: `debug`, `release` or a custom profile's name.
    pub profile: String,
    /// What it runs on: the platform of the folder's target triple, else this one.
    pub platform: Platform,
    /// When it was last written.
    pub built: SystemTime,
    /// Its size in bytes.
    pub size: u64,
}

/// All executables called `name` in the profile folders of `target`, the newest first.
///
/// Looked at are `<profile>/name` and `<triple>/<profile>/name` (where `build.target` or `--target` puts them);
/// files that are not regular or not executable are passed by. A missing folder holds none.
///
/// # Errors
/// If the folder exists and cannot be read.
pub fn scan(target: &Path, name: &str) -> Result<Vec<BuildArtifact>, SourceError> {
    let mut found = Vec::new();
    for folder in folders(target)? {
        match triple(&folder) {
            None => found.extend(Platform::current().and_then(|p| look(&folder, name, p))),
            Some(platform) => {
                let profiles = folders(&folder)?;
                found.extend(profiles.iter().filter_map(|profile| look(profile, name, platform)));
            }
        }
    }
    found.sort_by(|a, b| (Reverse(a.built), &a.path).cmp(&(Reverse(b.built), &b.path)));
    Ok(found)
}

/// The executable at `path`, as cargo reported it.
///
/// # Errors
/// If there is no regular executable file in a profile folder.
pub fn at(path: &Path) -> Result<BuildArtifact, SourceError> {
    let folder = path.parent().unwrap_or(path);
    let platform = folder.parent().and_then(triple).or_else(Platform::current);
    let name = path.file_name().and_then(|name| name.to_str());
    let found = name.zip(platform).and_then(|(name, platform)| look(folder, name, platform));
    found.ok_or_else(|| {
        let reason = "not an executable file in a profile folder";
        SourceError::malformed(path.display().to_string(), reason)
    })
}

/// The folder below `target` where cargo keeps the builds of a profile.
pub fn profile_folder(profile: &str) -> &str {
    match profile {
        "dev" | "test" => "debug",
        "bench" => "release",
        other => other,
    }
}

fn look(folder: &Path, name: &str, platform: Platform) -> Option<BuildArtifact> {
    let path = folder.join(name);
    let meta = fs::symlink_metadata(&path).ok()?;
    let profile = folder.file_name()?.to_str()?.to_owned();
    let built = meta.modified().ok()?;
    executable(&meta).then_some(BuildArtifact { path, profile, platform, built, size: meta.len() })
}

#[cfg(unix)]
fn executable(meta: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    meta.is_file() && meta.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn executable(meta: &fs::Metadata) -> bool {
    meta.is_file()
}

/// The folders below `folder` that may hold a profile, links followed.
fn folders(folder: &Path) -> Result<Vec<PathBuf>, SourceError> {
    let fail = |source: io::Error| SourceError::read(folder.display().to_string(), source);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(fail(e)),
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path()).map_err(fail));
    paths.filter(|path| path.as_ref().map_or(true, |path| profile_like(path))).collect()
}

/// Not one of the folders that cargo keeps beside the profiles' for other things.
fn profile_like(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or(".");
    !name.starts_with('.') && !matches!(name, "doc" | "package" | "tmp") && path.is_dir()
}

/// The platform of a target triple's folder, such as `x86_64-unknown-linux-gnu`; `None` for other folders.
fn triple(folder: &Path) -> Option<Platform> {
    let name = folder.file_name()?.to_str()?;
    let (arch, rest) = name.split_once('-')?;
    let os = match rest.split('-').nth(1)? {
        "darwin" => "macos",
        other => other,
    };
    format!("{os}-{arch}").parse().ok()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::{os::unix::fs::PermissionsExt as _, time::Duration};

    use super::*;

    const NAME: &str = "loom-bridge-server";

    fn build(target: &Path, folder: &str, second: u64) -> PathBuf {
        let path = target.join(folder).join(NAME);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let file = fs::File::create(&path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(second)).unwrap();
        file.set_permissions(fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn profiles(target: &Path) -> Vec<(String, Platform)> {
        scan(target, NAME)
            .unwrap()
            .into_iter()
            .map(|found| (found.profile, found.platform))
            .collect()
    }

    #[test]
    fn the_newest_of_all_profiles_comes_first() {
        let target = tempfile::tempdir().unwrap();
        let target = target.path();
        assert_eq!(profiles(&target.join("missing")), []);
        let here = Platform::current().unwrap();
        build(target, "debug", 20);
        build(target, "release", 30);
        build(target, "fast", 10);
        build(target, "aarch64-apple-darwin/release", 25);
        build(target, "x86_64-unknown-linux-musl/debug", 5);
        let expected = [
            ("release", here),
            ("release", Platform::MacosAarch64),
            ("debug", here),
            ("fast", here),
            ("debug", Platform::LinuxX86_64),
        ];
        assert_eq!(profiles(target), expected.map(|(profile, at)| (profile.to_owned(), at)));
    }

    #[test]
    fn only_regular_executables_directly_in_a_profile_folder_count() {
        let target = tempfile::tempdir().unwrap();
        let target = target.path();
        for folder in ["debug/deps", "debug/examples", "package", "doc", "tmp", ".hidden", "a/b/c"]
        {
            build(target, folder, 1);
        }
        let plain = build(target, "plain", 1);
        fs::set_permissions(&plain, fs::Permissions::from_mode(0o644)).unwrap();
        fs::create_dir_all(target.join("folder").join(NAME)).unwrap();
        fs::create_dir_all(target.join("link")).unwrap();
        std::os::unix::fs::symlink("/bin/sh", target.join("link").join(NAME)).unwrap();
        assert_eq!(profiles(target), []);
        assert!(at(&plain).is_err());
        let found = at(&build(target, "aarch64-unknown-linux-gnu/debug", 1)).unwrap();
        assert_eq!((found.profile.as_str(), found.platform), ("debug", Platform::LinuxAarch64));
    }

    #[test]
    fn profiles_lie_where_cargo_puts_them() {
        for (profile, folder) in
            [("dev", "debug"), ("test", "debug"), ("bench", "release"), ("x", "x")]
        {
            assert_eq!(profile_folder(profile), folder);
        }
    }
}
