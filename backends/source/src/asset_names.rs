//! [`AssetNames`]: the file names of a source's assets, as releases of Loom have them or by a pattern of the source.

mod parts;
mod similar;

use std::{fmt, str::FromStr};

use self::parts::PatternPart;
use crate::{
    ArchiveFormat, Packaging, Platform, Product, Release, Version,
    asset::{self, AssetName},
};

pub use similar::similar;

/// The longest pattern, in bytes.
const LONGEST: usize = 200;

/// The file names of a source's assets: `{binary}-{version}-{platform}` with one of the usual extensions, or a pattern.
///
/// A pattern is a file name with `{binary}`, `{version}`, `{platform}` (`linux-x86_64`), `{target}` (the targets of the
/// Rust compiler, such as `x86_64-unknown-linux-musl`), `{os}` and `{arch}` (`linux`, `darwin`; `x86_64`, `amd64`). Where
/// a platform has several names, all of them are looked for.
///
/// # Examples
/// ```
/// use loom_source::{AssetNames, Authority, Name, Platform, Product};
///
/// let names: AssetNames = "{binary}-{version}-{target}.tgz".parse()?;
/// let product = Product {
///     authority: Authority::default(),
///     binary: Name::default(),
///     platform: Platform::MacosAarch64,
/// };
/// let names = names.of(&product.at_version("0.2.0".parse()?));
/// assert_eq!(names[0].name, "loom-bridge-server-0.2.0-aarch64-apple-darwin.tgz");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AssetNames {
    /// `None` for the usual names.
    pattern: Option<AssetPattern>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct AssetPattern {
    text: String,
    parts: Vec<PatternPart>,
}

/// A text that is not a pattern of asset names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssetPatternError {
    /// The pattern is not a file name.
    #[error("not a file name of at most {LONGEST} characters")]
    FileName,
    /// A placeholder has no end, or no such placeholder exists.
    #[error(
        "unknown placeholder {0:?}: expected {{binary}}, {{version}}, {{platform}}, {{target}}, {{os}} or {{arch}}"
    )]
    Placeholder(String),
}

impl AssetNames {
    /// The pattern; `None` for the usual names.
    pub fn pattern(&self) -> Option<&str> {
        self.pattern.as_ref().map(|pattern| pattern.text.as_str())
    }

    /// The file names that an asset of a release can have, the preferred one first; none for a development build.
    pub fn of(&self, release: &Release) -> Vec<AssetName> {
        let Some(pattern) = &self.pattern else { return asset::names(release) };
        let Some(version) = release.slot.version() else { return Vec::new() };
        let version = version.to_string();
        let names = pattern.names(&release.product()).into_iter().map(|texts| texts.join(&version));
        names.map(|name| named(name, release.platform)).collect()
    }

    /// The version of which a file with this name is an asset; `None` for other files and products, and where the pattern
    /// has no version.
    pub fn version(&self, product: &Product, name: &str) -> Option<Version> {
        let Some(pattern) = &self.pattern else { return asset::version(product, name) };
        pattern.names(product).into_iter().find_map(|mut texts| {
            if let Some(last) = texts.last_mut() {
                *last = named(std::mem::take(last), product.platform).name;
            }
            // The version may be there more than once.
            let count = texts.len() - 1;
            let around: usize = texts.iter().map(String::len).sum();
            let length = name.len().checked_sub(around)?.checked_div(count)?;
            let start = texts[0].len();
            let version: Version = name.get(start..start + length)?.parse().ok()?;
            (texts.join(&version.to_string()) == name).then_some(version)
        })
    }

    /// Whether a file with this name is an asset of a product at a version.
    pub fn has(&self, product: &Product, version: &Version, name: &str) -> bool {
        match &self.pattern {
            None => asset::version(product, name).as_ref() == Some(version),
            Some(_) => {
                let release = product.at_version(version.clone());
                self.of(&release).iter().any(|asset| asset.name == name)
            }
        }
    }
}

impl AssetPattern {
    /// The names of a product's assets, each as the texts around its version.
    fn names(&self, product: &Product) -> Vec<Vec<String>> {
        let mut names: Vec<Vec<String>> = vec![vec![String::new()]];
        for part in &self.parts {
            if *part == PatternPart::Version {
                names.iter_mut().for_each(|texts| texts.push(String::new()));
                continue;
            }
            let values = part.values(product);
            names = names
                .iter()
                .flat_map(|texts| values.iter().map(|value| extended(texts, value)))
                .collect();
        }
        names
    }
}

/// The same texts, whose last one is followed by `value`.
fn extended(texts: &[String], value: &str) -> Vec<String> {
    let mut texts = texts.to_vec();
    if let Some(last) = texts.last_mut() {
        last.push_str(value);
    }
    texts
}

/// The asset with this name: an archive by its extension, else the program itself, which has an extension on Windows.
fn named(name: String, platform: Platform) -> AssetName {
    match ArchiveFormat::of_name(&name) {
        Some(format) => AssetName { name, packaging: Packaging::Archive { format, strip: None } },
        None => {
            let extension = platform.executable_extension();
            let name = if name.ends_with(extension) { name } else { name + extension };
            AssetName { name, packaging: Packaging::Bare }
        }
    }
}

impl FromStr for AssetNames {
    type Err = AssetPatternError;

    fn from_str(text: &str) -> Result<Self, AssetPatternError> {
        let is_name = !matches!(text, "" | "." | "..") && text.len() <= LONGEST;
        if !is_name || text.contains(['/', '\\']) || text.contains(char::is_control) {
            return Err(AssetPatternError::FileName);
        }
        let parts = parts::parse(text).map_err(AssetPatternError::Placeholder)?;
        Ok(Self { pattern: Some(AssetPattern { text: text.to_owned(), parts }) })
    }
}

impl fmt::Display for AssetNames {
    /// The pattern.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.pattern().unwrap_or("{binary}-{version}-{platform}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Authority, Name};

    fn product(platform: Platform) -> Product {
        Product { authority: Authority::default(), binary: Name::default(), platform }
    }

    fn names(pattern: &str, platform: Platform) -> Vec<String> {
        let release = product(platform).at_version("0.2.0".parse().unwrap());
        let names: AssetNames = pattern.parse().unwrap();
        names.of(&release).into_iter().map(|asset| asset.name).collect()
    }

    #[test]
    fn patterns_name_the_assets_of_a_platform() {
        use Platform::{LinuxX86_64, MacosAarch64, WindowsX86_64};
        for (pattern, platform, expected) in [
            (
                "{binary}-{version}-{target}.tgz",
                LinuxX86_64,
                &[
                    "loom-bridge-server-0.2.0-x86_64-unknown-linux-musl.tgz",
                    "loom-bridge-server-0.2.0-x86_64-unknown-linux-gnu.tgz",
                ][..],
            ),
            (
                "{binary}_{version}_{os}_{arch}.tar.gz",
                MacosAarch64,
                &[
                    "loom-bridge-server_0.2.0_macos_aarch64.tar.gz",
                    "loom-bridge-server_0.2.0_macos_arm64.tar.gz",
                    "loom-bridge-server_0.2.0_darwin_aarch64.tar.gz",
                    "loom-bridge-server_0.2.0_darwin_arm64.tar.gz",
                ],
            ),
            ("{binary}-{platform}", WindowsX86_64, &["loom-bridge-server-windows-x86_64.exe"]),
            ("server.exe", WindowsX86_64, &["server.exe"]),
            ("v{version}-{version}.zip", LinuxX86_64, &["v0.2.0-0.2.0.zip"]),
        ] {
            assert_eq!(names(pattern, platform), expected, "{pattern}");
        }
        let names: AssetNames = "{binary}-{version}.tgz".parse().unwrap();
        let release = product(LinuxX86_64).at_version("0.2.0".parse().unwrap());
        let format = ArchiveFormat::TarGz;
        assert_eq!(names.of(&release)[0].packaging, Packaging::Archive { format, strip: None });
        assert_eq!(AssetNames::default().of(&release), asset::names(&release));
    }

    #[test]
    fn versions_are_read_by_the_pattern() {
        let linux = product(Platform::LinuxX86_64);
        for (pattern, name, expected) in [
            (
                "{binary}-{version}-{target}.tgz",
                "loom-bridge-server-0.2.0-x86_64-unknown-linux-gnu.tgz",
                Some("0.2.0"),
            ),
            (
                "{binary}-{version}-{target}.tgz",
                "loom-bridge-server-0.2.0-x86_64-apple-darwin.tgz",
                None,
            ),
            (
                "{binary}-{version}-{target}.tgz",
                "loom-bridge-server-0.2.0-linux-x86_64.tar.gz",
                None,
            ),
            ("{binary}-{version}", "loom-bridge-server-1.0.0-rc.1", Some("1.0.0-rc.1")),
            ("{version}/{version}", "", None),
            ("v{version}-{version}.zip", "v0.2.0-0.2.0.zip", Some("0.2.0")),
            ("v{version}-{version}.zip", "v0.2.0-0.3.0.zip", None),
            ("{binary}.tgz", "loom-bridge-server.tgz", None),
        ] {
            let Ok(names) = pattern.parse::<AssetNames>() else { continue };
            let version = names.version(&linux, name);
            assert_eq!(version, expected.map(|v| v.parse().unwrap()), "{pattern} {name}");
            if let Some(version) = version {
                assert!(names.has(&linux, &version, name));
            }
        }
        let names: AssetNames = "{binary}.tgz".parse().unwrap();
        assert!(names.has(&linux, &"0.2.0".parse().unwrap(), "loom-bridge-server.tgz"));
    }

    #[test]
    fn texts_that_are_no_patterns() {
        let long = "a".repeat(LONGEST + 1);
        for bad in ["", ".", "..", "a/b", "a\\b", "a\nb", &long] {
            assert_eq!(bad.parse::<AssetNames>(), Err(AssetPatternError::FileName), "{bad:?}");
        }
        for bad in ["{name}", "{binary", "a}", "{}", "{{binary}}"] {
            let error = bad.parse::<AssetNames>().unwrap_err();
            assert!(matches!(error, AssetPatternError::Placeholder(_)), "{bad}");
        }
    }
}
