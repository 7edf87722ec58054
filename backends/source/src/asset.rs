//! The names of assets: `{binary}-{version}-{platform}` and an ending.

use crate::{ArchiveFormat, EvidenceKind, Packaging, Platform, Product, Release, Version};

/// One name that a release's asset may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetName {
    /// The file's name.
    pub name: String,
    /// How its bytes make a tree.
    pub form: Packaging,
}

/// The folders that a version's assets may lie in, the likelier first; the empty one is the root.
pub fn folders(version: &Version) -> [String; 2] {
    [format!("v{version}"), String::new()]
}

/// The names that a release's asset may have, the one we would rather fetch first.
pub fn assets(release: &Release) -> Vec<AssetName> {
    let Some(stem) = release.asset_stem() else { return Vec::new() };
    let endings = endings(release.platform).into_iter();
    endings.map(|(ending, form)| AssetName { name: format!("{stem}{ending}"), form }).collect()
}

/// The endings of a platform's assets; on Windows a zip is what people unpack.
pub fn endings(platform: Platform) -> Vec<(String, Packaging)> {
    let windows = platform == Platform::WindowsX86_64;
    let mut formats = ArchiveFormat::ALL;
    if windows {
        formats.rotate_right(1);
    }
    let archive = |format: ArchiveFormat| {
        (format!(".{}", format.extension()), Packaging::Archive { format, strip: None })
    };
    let mut endings: Vec<_> = formats.into_iter().map(archive).collect();
    endings.push((if windows { ".exe" } else { "" }.to_owned(), Packaging::Bare));
    endings
}

/// The version that a file of this name is an asset of, if it is one of the line.
pub fn version(line: &Product, name: &str) -> Option<Version> {
    let rest = name.strip_prefix(&format!("{}-", line.binary))?;
    endings(line.platform).iter().find_map(|(ending, _)| {
        let stem = rest.strip_suffix(ending.as_str())?;
        stem.strip_suffix(&format!("-{}", line.platform))?.parse().ok()
    })
}

/// The kind of evidence that a file is about an asset, if it is any.
pub fn evidence(asset: &str, name: &str) -> Option<EvidenceKind> {
    match name.strip_prefix(asset)? {
        ".minisig" => Some(EvidenceKind::Minisign),
        ".sig" => Some(EvidenceKind::Cosign),
        ".asc" => Some(EvidenceKind::Gpg),
        ".sigstore.json" => Some(EvidenceKind::Sigstore),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Authority, Name};

    fn line(platform: Platform) -> Product {
        Product { authority: Authority::default(), binary: Name::default(), platform }
    }

    #[test]
    fn windows_prefers_zip_and_has_exe() {
        let names = |platform| -> Vec<String> {
            let release = line(platform).at_version("0.2.0".parse().unwrap());
            assets(&release).into_iter().map(|asset| asset.name).collect()
        };
        let stem = "loom-bridge-server-0.2.0-windows-x86_64";
        let endings = [".zip", ".tar.zst", ".tar.gz", ".exe"];
        assert_eq!(names(Platform::WindowsX86_64), endings.map(|e| format!("{stem}{e}")));
        let stem = "loom-bridge-server-0.2.0-linux-x86_64";
        let endings = [".tar.zst", ".tar.gz", ".zip", ""];
        assert_eq!(names(Platform::LinuxX86_64), endings.map(|e| format!("{stem}{e}")));
    }

    #[test]
    fn versions_are_read_from_names() {
        let linux = line(Platform::LinuxX86_64);
        for (name, expected) in [
            ("loom-bridge-server-0.2.0-linux-x86_64.tar.gz", Some("0.2.0")),
            ("loom-bridge-server-0.2.0-linux-x86_64", Some("0.2.0")),
            ("loom-bridge-server-1.0.0-rc.1-linux-x86_64.zip", Some("1.0.0-rc.1")),
            ("loom-bridge-server-0.2.0-linux-x86_64.tar.gz.sha256", None),
            ("loom-bridge-server-0.2.0-linux-x86_64.exe", None),
            ("loom-bridge-server-0.2.0-linux-aarch64.tar.gz", None),
            ("loom-bridge-server-0.2-linux-x86_64.tar.gz", None),
            ("loom-bridge-0.2.0-linux-x86_64.tar.gz", None),
            ("loom-bridge-server-linux-x86_64", None),
            ("", None),
        ] {
            assert_eq!(version(&linux, name), expected.map(|v| v.parse().unwrap()), "{name}");
        }
    }
}
