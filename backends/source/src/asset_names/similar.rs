//! Names that almost are those of a release's assets, for the hint after a release was not found.

use super::parts::{processors, systems};
use crate::Release;

/// The endings of files about assets.
const ABOUT: [&str; 8] =
    [".sha256", ".sha512", ".sig", ".asc", ".minisig", ".json", ".txt", ".pem"];

/// Whether a file with this name seems to be an asset of a release under another name. `in_version` says whether the
/// file's folder or tag is that of the version, so that the name need not have it.
///
/// # Examples
/// ```
/// use loom_source::{Authority, Name, Platform, Product, asset_names::similar};
///
/// let product = Product {
///     authority: Authority::default(),
///     binary: Name::default(),
///     platform: Platform::LinuxX86_64,
/// };
/// let release = product.at_version("0.2.0".parse()?);
/// assert!(similar(&release, "loom-bridge-server_0.2.0_linux_amd64.tar.gz", false));
/// assert!(!similar(&release, "loom-bridge-server_0.2.0_linux_arm64.tar.gz", false));
/// # Ok::<(), loom_source::version::VersionError>(())
/// ```
pub fn similar(release: &Release, name: &str, in_version: bool) -> bool {
    let name = name.to_ascii_lowercase();
    if ABOUT.iter().any(|ending| name.ends_with(ending)) {
        return false;
    }
    let has = |texts: &[&str]| texts.iter().any(|text| name.contains(text));
    let binary = release.binary.to_string();
    let version = release.slot.version().map(ToString::to_string).unwrap_or_default();
    let is_binary = name.starts_with(&binary) || name.starts_with(&binary.replace('-', "_"));
    is_binary
        && (in_version || name.contains(&version))
        && has(systems(release.platform))
        && (has(processors(release.platform)) || name.contains("universal"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Authority, Name, Platform, Product};

    #[test]
    fn near_misses_are_recognised() {
        let release = |platform| {
            Product { authority: Authority::default(), binary: Name::default(), platform }
                .at_version("0.2.0".parse().unwrap())
        };
        let linux = release(Platform::LinuxX86_64);
        for (name, in_version, expected) in [
            ("loom-bridge-server-0.2.0-linux-x86_64.tgz", false, true),
            ("loom-bridge-server-0.2.0-x86_64-unknown-linux-musl.tar.gz", false, true),
            ("loom_bridge_server_0.2.0_Linux_x86_64.tar.gz", false, true),
            ("loom-bridge-server-linux-amd64.tar.gz", true, true),
            ("loom-bridge-server-linux-amd64.tar.gz", false, false),
            ("loom-bridge-server-0.3.0-linux-amd64.tar.gz", false, false),
            ("loom-bridge-server-0.2.0-linux-arm64.tar.gz", false, false),
            ("loom-bridge-server-0.2.0-x86_64-apple-darwin.tar.gz", false, false),
            ("loom-bridge-server-0.2.0-linux-x86_64.tgz.sha256", false, false),
            ("other-0.2.0-linux-x86_64.tgz", false, false),
        ] {
            assert_eq!(similar(&linux, name, in_version), expected, "{name}");
        }
        let darwin = "loom-bridge-server-0.2.0-aarch64-apple-darwin.tar.gz";
        assert!(similar(&release(Platform::MacosAarch64), darwin, false));
    }
}
