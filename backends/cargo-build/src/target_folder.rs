//! [`BuildArtifact`]: an executable in a target folder of cargo.

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
    /// The path of the executable.
    pub path: PathBuf,
    /// The folder of the profile: `debug`, `release` or the name of a custom profile.
    pub profile: String,
    /// The platform of the executable: that of the target triple in its path, else this one.
    pub platform: Platform,
    /// The time of the build: the modification time of the executable.
    pub built: SystemTime,
    /// The size of the executable in bytes.
    pub size: u64,
}

/// All executables called `name` in the profile folders of `target`, the newest first.
///
/// Searched are `<profile>/name` and `<triple>/<profile>/name`, where cargo puts builds with `build.target` or
/// `--target`. Files that are not regular or not executable are skipped. A missing folder has no executables.
///
/// # Errors
/// If the folder exists and cannot be read.
pub fn scan(target: &Path, name: &str) -> Result<Vec<BuildArtifact>, SourceError> {
    let mut builds = Vec::new();
    for folder in subfolders(target)? {
        match triple(&folder) {
            None => {
                builds.extend(Platform::current().and_then(|here| examine(&folder, name, here)));
            }
            Some(platform) => {
                let profiles = subfolders(&folder)?;
                let examined = profiles.iter().filter_map(|folder| examine(folder, name, platform));
                builds.extend(examined);
            }
        }
    }
    builds.sort_by(|a, b| (Reverse(a.built), &a.path).cmp(&(Reverse(b.built), &b.path)));
    Ok(builds)
}

/// The executable at `path`, a path that cargo reported.
///
/// # Errors
/// If the path is not that of a regular executable file in a profile folder.
pub fn artifact(path: &Path) -> Result<BuildArtifact, SourceError> {
    let folder = path.parent().unwrap_or(path);
    let platform = folder.parent().and_then(triple).or_else(Platform::current);
    let name = path.file_name().and_then(|name| name.to_str());
    let artifact = name.zip(platform).and_then(|(name, platform)| examine(folder, name, platform));
    artifact.ok_or_else(|| {
        let reason = "not an executable file in a profile folder";
        SourceError::malformed(path.display().to_string(), reason)
    })
}

/// The name of the folder in which cargo keeps the builds of a profile.
///
/// # Examples
/// ```
/// use loom_cargo_build::target_folder::profile_folder;
///
/// assert_eq!(profile_folder("dev"), "debug");
/// assert_eq!(profile_folder("release"), "release");
/// ```
pub fn profile_folder(profile: &str) -> &str {
    match profile {
        "dev" | "test" => "debug",
        "bench" => "release",
        other => other,
    }
}

/// The file `name` in the folder of a profile, where it is a regular executable file.
fn examine(folder: &Path, name: &str, platform: Platform) -> Option<BuildArtifact> {
    let path = folder.join(name);
    let metadata = fs::symlink_metadata(&path).ok()?;
    if !is_executable(&metadata) {
        return None;
    }
    let profile = folder.file_name()?.to_str()?.to_owned();
    let built = metadata.modified().ok()?;
    Some(BuildArtifact { path, profile, platform, built, size: metadata.len() })
}

#[cfg(unix)]
fn is_executable(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.is_file() && metadata.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(metadata: &fs::Metadata) -> bool {
    metadata.is_file()
}

/// The folders below `folder` that may be those of profiles or target triples; symbolic links are followed.
fn subfolders(folder: &Path) -> Result<Vec<PathBuf>, SourceError> {
    let fail = |source: io::Error| SourceError::read(folder.display().to_string(), source);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(fail(e)),
    };
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry.map_err(fail)?.path();
        if may_hold_builds(&path) {
            folders.push(path);
        }
    }
    Ok(folders)
}

/// Whether a folder may be that of a profile or a target triple. Cargo keeps a few other folders beside those.
fn may_hold_builds(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or(".");
    !name.starts_with('.') && !matches!(name, "doc" | "package" | "tmp") && path.is_dir()
}

/// The platform of a folder that is named by a target triple, such as `x86_64-unknown-linux-gnu`; `None` for other
/// folders.
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
            .map(|build| (build.profile, build.platform))
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
        assert_eq!(
            profiles(target),
            expected.map(|(profile, platform)| (profile.to_owned(), platform))
        );
    }

    #[test]
    fn only_regular_executable_files_in_a_profile_folder_are_builds() {
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
        assert!(artifact(&plain).is_err());
        let found = artifact(&build(target, "aarch64-unknown-linux-gnu/debug", 1)).unwrap();
        assert_eq!((found.profile.as_str(), found.platform), ("debug", Platform::LinuxAarch64));
    }

    #[test]
    fn builds_are_searched_where_cargo_puts_them() {
        for (profile, folder) in
            [("dev", "debug"), ("test", "debug"), ("bench", "release"), ("x", "x")]
        {
            assert_eq!(profile_folder(profile), folder);
        }
    }
}
