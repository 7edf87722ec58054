//! Finds the program of a platform, and refuses what is no release of it.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use loom_source::{Platform, Product, Version};

use super::{debug_info::has_debug_info, error::PackError};
use crate::store::{FileKind, file_kind::HEAD};

/// The profiles whose builds are packed, the preferred one first.
const PROFILES: [&str; 2] = ["dist", "release"];

/// The folder of cargo's development builds.
const DEVELOPMENT: &str = "debug";

/// How long a program may take to print its version.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest output of `--version` that is read, in bytes.
const LONGEST_OUTPUT: u64 = 4096;

/// A file that is packed beside the program, such as a license.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdditionalFile {
    /// Where the bytes are. The file has the same name in the archive.
    pub path: PathBuf,
}

/// The program of a product at `place`: the file itself, or one below a folder.
///
/// A folder is searched in this order: `PLATFORM/`, for each target of the compiler `TARGET/dist/` and
/// `TARGET/release/`, and on the product's own platform `dist/` and `release/`.
///
/// # Errors
/// [`PackError::NoProgram`] where there is none.
pub fn find_program(place: &Path, product: &Product) -> Result<PathBuf, PackError> {
    if place.is_file() {
        return Ok(place.to_owned());
    }
    let Product { binary, platform, .. } = product;
    let executable = platform.executable(binary);
    let mut tried = vec![place.join(platform.as_str()).join(&executable)];
    for target in platform.targets() {
        tried.extend(PROFILES.map(|profile| place.join(target).join(profile).join(&executable)));
    }
    if Platform::current() == Some(*platform) {
        tried.extend(PROFILES.map(|profile| place.join(profile).join(&executable)));
    }
    match tried.iter().find(|path| path.is_file()) {
        Some(path) => Ok(path.clone()),
        None => Err(PackError::NoProgram {
            executable,
            platform: *platform,
            place: place.to_owned(),
            tried,
        }),
    }
}

/// Refuses versions of builds that are no releases, where the version shows it.
pub(super) fn check_version(version: &Version) -> Result<(), PackError> {
    let text = version.to_string();
    let Some((_, prerelease)) = text.split_once('-') else { return Ok(()) };
    let mut parts = prerelease.split(['.', '-']);
    let why = parts.find_map(|part| match part {
        "dirty" => Some("the checkout had changes that were not committed"),
        "dev" => Some("it is a development build"),
        // As in `0.2.0-5-g1a2b3c4`, by `git describe`.
        part if is_commit(part) => Some("it is a commit after a release"),
        _ => None,
    });
    match why {
        Some(why) => Err(PackError::NotAReleaseVersion { version: version.clone(), why }),
        None => Ok(()),
    }
}

/// `g` and an abbreviated commit.
fn is_commit(part: &str) -> bool {
    let digits = part.strip_prefix('g').unwrap_or_default();
    digits.len() >= 7 && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Refuses a program of another platform, a development build, and a program that says it has another version.
pub(super) fn check_program(
    path: &Path,
    platform: Platform,
    version: &Version,
) -> Result<(), PackError> {
    let kind = kind_of(path).map_err(PackError::at(path))?;
    if kind.is_program_of(platform) != Some(true) {
        return Err(PackError::OtherPlatform { path: path.to_owned(), platform, kind });
    }
    let folder = path.parent().and_then(Path::file_name);
    if folder.is_some_and(|name| name == DEVELOPMENT) {
        let why = "it is in the folder of cargo's profile dev";
        return Err(PackError::DevelopmentBuild { path: path.to_owned(), why });
    }
    if has_debug_info(path).map_err(PackError::at(path))? {
        let why = "it has debug information";
        return Err(PackError::DevelopmentBuild { path: path.to_owned(), why });
    }
    if matches!(kind, FileKind::Executable(_)) && Platform::current() == Some(platform) {
        return check_printed_version(path, version);
    }
    Ok(())
}

fn kind_of(path: &Path) -> io::Result<FileKind> {
    let mut head = Vec::with_capacity(HEAD);
    File::open(path)?.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(FileKind::of(&head))
}

/// Compares what a program of this machine's platform prints for `--version`. A program that prints none, or takes too
/// long, says nothing.
fn check_printed_version(path: &Path, version: &Version) -> Result<(), PackError> {
    let Some(said) = printed_version(path) else { return Ok(()) };
    let mut words =
        said.split_whitespace().filter(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    match words.next() {
        Some(word) if word != version.to_string() => {
            let (path, expected) = (path.to_owned(), version.clone());
            Err(PackError::OtherVersion { path, expected, said })
        }
        _ => Ok(()),
    }
}

/// The first line that a program prints for `--version`, if it can be run and exits with 0.
fn printed_version(path: &Path) -> Option<String> {
    let mut command = Command::new(path);
    command.arg("--version").env_clear();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let output = child.stdout.take()?;
    let reader = thread::spawn(move || {
        let mut text = Vec::new();
        let read = output.take(LONGEST_OUTPUT).read_to_end(&mut text);
        read.map(|_| text)
    });
    let until = Instant::now() + PATIENCE;
    let status = loop {
        match child.try_wait().ok()? {
            Some(status) => break status,
            None if Instant::now() > until => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
            None => thread::sleep(Duration::from_millis(10)),
        }
    };
    let text = reader.join().ok()?.ok()?;
    let text = String::from_utf8(text).ok().filter(|_| status.success())?;
    text.lines().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_versions_of_releases_are_packed() {
        for (version, accepted) in [
            ("0.2.0", true),
            ("1.0.0-rc.1", true),
            ("1.0.0-alpha", true),
            ("1.0.0-gamma", true),
            ("0.2.0-dirty", false),
            ("0.2.0-rc.1-dirty", false),
            ("0.2.0-dev", false),
            ("0.2.0-dev.3", false),
            ("0.2.0-5-g1a2b3c4", false),
        ] {
            let version = version.parse().unwrap();
            assert_eq!(check_version(&version).is_ok(), accepted, "{version}");
        }
    }

    #[test]
    fn a_target_folder_is_searched_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let product = Product {
            authority: loom_source::Authority::default(),
            binary: "tool".parse().unwrap(),
            platform: Platform::LinuxX86_64,
        };
        let found = || find_program(folder.path(), &product);
        let Err(PackError::NoProgram { tried, .. }) = found() else { panic!("found a program") };
        assert!(tried[0].ends_with("linux-x86_64/tool") && tried.len() >= 5, "{tried:?}");
        for path in tried.iter().rev() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"x").unwrap();
            assert_eq!(found().unwrap(), *path);
        }
        assert_eq!(find_program(&tried[2], &product).unwrap(), tried[2]);
    }

    #[test]
    fn a_program_of_another_platform_or_profile_or_version_is_refused() {
        let current = Platform::current().unwrap();
        let this = std::env::current_exe().unwrap();
        let version: Version = "0.2.0".parse().unwrap();
        let other = Platform::ALL.into_iter().find(|platform| *platform != current).unwrap();
        let error = check_program(&this, other, &version).unwrap_err();
        assert!(matches!(error, PackError::OtherPlatform { .. }), "{error}");
        let folder = tempfile::tempdir().unwrap();
        let debug = folder.path().join("debug");
        std::fs::create_dir(&debug).unwrap();
        let program = debug.join("tool");
        std::fs::copy(&this, &program).unwrap();
        let error = check_program(&program, current, &version).unwrap_err();
        assert!(matches!(error, PackError::DevelopmentBuild { .. }), "{error}");
    }
}
