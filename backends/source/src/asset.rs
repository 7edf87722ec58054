//! The file names of release assets: `{binary}-{version}-{platform}` and an extension.

use crate::{
    ArchiveFormat, AssetRef, Evidence, EvidenceKind, EvidenceSubject, Packaging, Platform, Product,
    Release, Version,
};

/// A file name that an asset of a release can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetName {
    /// The file name.
    pub name: String,
    /// How the tree is made from the file.
    pub packaging: Packaging,
}

/// The folders that can hold the assets of a version, the more likely one first; the empty name is the root.
pub fn folders(version: &Version) -> [String; 2] {
    [format!("v{version}"), String::new()]
}

/// The file names that an asset of a release can have, the preferred one first; none for a development build.
pub fn names(release: &Release) -> Vec<AssetName> {
    let Some(stem) = release.asset_stem() else { return Vec::new() };
    let names = extensions(release.platform)
        .into_iter()
        .map(|(extension, packaging)| AssetName { name: format!("{stem}{extension}"), packaging });
    names.collect()
}

/// The extensions of a platform's assets with their dots, the preferred one first. Windows prefers zip, which it can
/// unpack itself.
pub fn extensions(platform: Platform) -> Vec<(String, Packaging)> {
    let windows = platform == Platform::WindowsX86_64;
    let mut formats = ArchiveFormat::ALL;
    if windows {
        formats.rotate_right(1);
    }
    let archive = |format: ArchiveFormat| {
        (format!(".{}", format.extension()), Packaging::Archive { format, strip: None })
    };
    let mut extensions: Vec<_> = formats.into_iter().map(archive).collect();
    extensions.push((platform.executable_extension().to_owned(), Packaging::Bare));
    extensions
}

/// The version of which a file with this name is an asset; `None` for other files and products.
pub fn version(product: &Product, name: &str) -> Option<Version> {
    let rest = name.strip_prefix(&format!("{}-", product.binary))?;
    extensions(product.platform).iter().find_map(|(extension, _)| {
        let stem = rest.strip_suffix(extension.as_str())?;
        stem.strip_suffix(&format!("-{}", product.platform))?.parse().ok()
    })
}

/// The endings of the names of evidence, after the whole name of the file that it is about.
pub const EVIDENCE_ENDINGS: [(&str, EvidenceKind); 4] = [
    (".minisig", EvidenceKind::Minisign),
    (".sig", EvidenceKind::Cosign),
    (".asc", EvidenceKind::Gpg),
    (".sigstore.json", EvidenceKind::Sigstore),
];

/// The kind of evidence about `asset` that a file with this name is; `None` for other files.
pub fn evidence(asset: &str, name: &str) -> Option<EvidenceKind> {
    let ending = name.strip_prefix(asset)?;
    EVIDENCE_ENDINGS.iter().find(|(known, _)| *known == ending).map(|(_, kind)| *kind)
}

/// The evidence that may be beside a file: that about an artifact, or about a `SHA256SUMS`.
pub fn possible_evidence(of: &EvidenceSubject) -> Vec<Evidence> {
    let (EvidenceSubject::Artifact(file) | EvidenceSubject::Sums(file)) = of else {
        return Vec::new();
    };
    let beside = |(ending, kind): (&str, EvidenceKind)| Evidence {
        kind,
        asset: AssetRef::new(format!("{file}{ending}")),
        of: of.clone(),
    };
    EVIDENCE_ENDINGS.into_iter().map(beside).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Authority, Name};

    fn product(platform: Platform) -> Product {
        Product { authority: Authority::default(), binary: Name::default(), platform }
    }

    #[test]
    fn windows_prefers_zip_and_has_exe() {
        let names = |platform| -> Vec<String> {
            let release = product(platform).at_version("0.2.0".parse().unwrap());
            super::names(&release).into_iter().map(|asset| asset.name).collect()
        };
        let stem = "loom-bridge-server-0.2.0-windows-x86_64";
        let extensions = [".zip", ".tar.zst", ".tar.gz", ".exe"];
        assert_eq!(names(Platform::WindowsX86_64), extensions.map(|e| format!("{stem}{e}")));
        let stem = "loom-bridge-server-0.2.0-linux-x86_64";
        let extensions = [".tar.zst", ".tar.gz", ".zip", ""];
        assert_eq!(names(Platform::LinuxX86_64), extensions.map(|e| format!("{stem}{e}")));
    }

    #[test]
    fn versions_are_read_from_names() {
        let linux = product(Platform::LinuxX86_64);
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
