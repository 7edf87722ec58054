//! Where cargo puts its builds, by cargo's own rules:
//! <https://doc.rust-lang.org/cargo/reference/config.html>.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use loom_source::SourceError;

/// The folder that a `cargo build` in `checkout` puts its builds in.
///
/// `target_dir` is the value of `CARGO_TARGET_DIR`, and wins; then come `build.target-dir` of the nearest
/// `.cargo/config.toml` at or above the checkout, of `config.toml` in `cargo_home`, and `target/`.
///
/// # Errors
/// If a configuration file exists and cannot be read or understood: cargo would refuse it too.
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

/// `build.target-dir` of one configuration folder. Cargo reads the name without ending first,
/// and takes a relative path from the folder that holds `.cargo`.
fn configured(folder: &Path) -> Result<Option<PathBuf>, SourceError> {
    for name in ["config", "config.toml"] {
        let file = folder.join(name);
        let at = file.display().to_string();
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(e) if absent(&e) => continue,
            Err(source) => return Err(SourceError::read(at, source)),
        };
        let malformed = |why: String| SourceError::malformed(at.clone(), why);
        let table: toml::Table =
            text.parse().map_err(|e: toml::de::Error| malformed(e.message().to_owned()))?;
        let dir = table.get("build").and_then(|build| build.get("target-dir"));
        let Some(dir) = dir else { return Ok(None) };
        let dir = dir.as_str().ok_or_else(|| malformed("build.target-dir is not a text".into()))?;
        return Ok(Some(folder.parent().unwrap_or(folder).join(dir)));
    }
    Ok(None)
}

fn absent(error: &io::Error) -> bool {
    // A folder called `config` is not a configuration to cargo either.
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: PathBuf, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn the_nearest_setting_wins_and_the_variable_beats_all() {
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
        assert_eq!(dir(None), Path::new("/builds"), "a file without the key is passed by");
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
        for (text, expected) in [("[build", "unclosed"), ("build.target-dir = 3", "not a text")] {
            write(folder.path().join(".cargo/config.toml"), text);
            let error = target_dir(folder.path(), None, None).unwrap_err().to_string();
            assert!(error.contains("config.toml") && error.contains(expected), "{error}");
        }
    }
}
