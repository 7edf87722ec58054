//! Finds the target folder of a checkout by cargo's rules:
//! <https://doc.rust-lang.org/cargo/reference/config.html>.

use std::{
    io,
    path::{Path, PathBuf},
};

use loom_base::bounded_file;
use loom_source::SourceError;

/// The size limit of a file of cargo's configuration, in bytes: a checkout may come from another person.
const MAX_SIZE: u64 = 1 << 20;

/// The folder in which `cargo build` in `checkout` puts its builds.
///
/// The first that is set: `target_dir`, which is the value of `CARGO_TARGET_DIR`; `build.target-dir` in the nearest
/// `.cargo/config.toml` at or above the checkout; `build.target-dir` in `config.toml` of `cargo_home`; `target/`.
///
/// # Errors
/// If a configuration file cannot be read or is malformed. Cargo refuses such a file as well.
///
/// # Examples
/// ```
/// use std::path::Path;
///
/// use loom_cargo_build::cargo_config::target_dir;
///
/// let dir = target_dir(Path::new("/src/loom"), Some(Path::new("/builds")), None)?;
/// assert_eq!(dir, Path::new("/builds"));
/// # Ok::<(), loom_source::SourceError>(())
/// ```
pub fn target_dir(
    checkout: &Path,
    target_dir: Option<&Path>,
    cargo_home: Option<&Path>,
) -> Result<PathBuf, SourceError> {
    if let Some(dir) = target_dir {
        return Ok(checkout.join(dir));
    }
    let folders = checkout.ancestors().map(|folder| folder.join(".cargo"));
    for folder in folders.chain(cargo_home.map(Path::to_owned)) {
        if let Some(dir) = configured(&folder)? {
            return Ok(dir);
        }
    }
    Ok(checkout.join("target"))
}

/// `build.target-dir` of one configuration folder. Cargo prefers the file without an extension, and resolves a relative
/// path against the parent of the configuration folder.
fn configured(folder: &Path) -> Result<Option<PathBuf>, SourceError> {
    for name in ["config", "config.toml"] {
        let file = folder.join(name);
        let at = file.display().to_string();
        let text = match bounded_file::read_text(&file, MAX_SIZE) {
            Ok(text) => text,
            Err(e) if is_absence(&e) => continue,
            Err(source) => return Err(SourceError::read(at, source)),
        };
        let malformed = |why: String| SourceError::malformed(at.clone(), why);
        let table: toml::Table =
            text.parse().map_err(|e: toml::de::Error| malformed(e.message().to_owned()))?;
        let dir = table.get("build").and_then(|build| build.get("target-dir"));
        let Some(dir) = dir else { return Ok(None) };
        let dir =
            dir.as_str().ok_or_else(|| malformed("build.target-dir is not a string".into()))?;
        return Ok(Some(folder.parent().unwrap_or(folder).join(dir)));
    }
    Ok(None)
}

fn is_absence(error: &io::Error) -> bool {
    // Cargo ignores a folder that is called `config`.
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn write(path: PathBuf, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn the_variable_precedes_the_nearest_configuration_file() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let checkout = root.join("src/loom");
        let home = root.join("home/.cargo");
        let dir = |variable: Option<&str>| {
            target_dir(&checkout, variable.map(Path::new), Some(&home)).unwrap()
        };
        assert_eq!(dir(None), checkout.join("target"));
        write(home.join("config.toml"), "[build]\ntarget-dir = \"of-home\"");
        assert_eq!(dir(None), root.join("home/of-home"));
        write(root.join(".cargo/config.toml"), "[build]\ntarget-dir = \"/builds\"");
        assert_eq!(dir(None), Path::new("/builds"));
        write(checkout.join(".cargo/config.toml"), "[alias]\nxtask = \"run\"");
        assert_eq!(dir(None), Path::new("/builds"), "a file without the key is skipped");
        write(checkout.join(".cargo/config.toml"), "build.target-dir = \"out\"");
        assert_eq!(dir(None), checkout.join("out"));
        write(checkout.join(".cargo/config"), "build.target-dir = \"first\"");
        assert_eq!(dir(None), checkout.join("first"));
        assert_eq!(dir(Some("elsewhere")), checkout.join("elsewhere"));
        assert_eq!(dir(Some("/elsewhere")), Path::new("/elsewhere"));
    }

    #[test]
    fn a_broken_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        for (text, expected) in [("[build", "unclosed"), ("build.target-dir = 3", "not a string")] {
            write(folder.path().join(".cargo/config.toml"), text);
            let error = target_dir(folder.path(), None, None).unwrap_err().to_string();
            assert!(error.contains("config.toml") && error.contains(expected), "{error}");
        }
    }
}
