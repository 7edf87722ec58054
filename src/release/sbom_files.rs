//! The lists of the components of programs (software bills of materials, SBOMs) in a release folder.

use std::{io, path::PathBuf};

use loom_base::bounded_file;
use loom_oci::publish::{ImageSbom, LARGEST_SBOM, SbomFormat, SbomSignature};
use loom_signatures::evidence;
use loom_source::{Name, Platform, Version, asset};

use super::ReleaseFolder;

/// The list of the components of a binary in a release folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SbomFile {
    /// The platform of the program; `None` where the list is for all.
    pub platform: Option<Platform>,
    /// The list.
    pub sbom: ImageSbom,
}

/// Why a list of components cannot be published.
#[derive(Debug, thiserror::Error)]
pub enum SbomError {
    /// The document is none of the format that its name says.
    #[error("{} is no document in the format that {ending} stands for", path.display())]
    OtherFormat {
        /// The file.
        path: PathBuf,
        /// The ending of its name.
        ending: &'static str,
    },
    /// The file, or a signature over it, could not be read, or is larger than allowed.
    #[error("could not read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system reported.
        source: io::Error,
    },
}

impl SbomFile {
    /// The lists of components of the folder's binary: the files `BINARY-VERSION[-PLATFORM].cdx.json` and `….spdx.json`.
    ///
    /// # Errors
    /// Where a file with such a name is something else, or cannot be read.
    pub fn all(folder: &ReleaseFolder) -> Result<Vec<Self>, SbomError> {
        let mut all = Vec::new();
        for file in &folder.files {
            let Some((platform, format)) = parse(&file.name, &folder.binary, &folder.version)
            else {
                continue;
            };
            let path = || file.path.clone();
            let bytes = bounded_file::read(&file.path, LARGEST_SBOM)
                .map_err(|source| SbomError::Io { path: path(), source })?;
            if SbomFormat::of(&bytes) != Some(format) {
                return Err(SbomError::OtherFormat { path: path(), ending: format.ending() });
            }
            let signatures = signatures(folder, &file.name)?;
            let (name, bytes) = (file.name.clone(), bytes.into());
            let sbom = ImageSbom { format, name, bytes, signatures };
            all.push(Self { platform, sbom });
        }
        Ok(all)
    }

    /// Whether the list is for a platform.
    pub fn is_for(&self, platform: Platform) -> bool {
        self.platform.is_none_or(|one| one == platform)
    }
}

/// The signatures beside a list of components.
fn signatures(folder: &ReleaseFolder, list: &str) -> Result<Vec<SbomSignature>, SbomError> {
    let mut found = Vec::new();
    for file in &folder.files {
        let Some(kind) = asset::evidence(list, &file.name) else { continue };
        let bytes = bounded_file::read(&file.path, evidence::limit(kind) as u64)
            .map_err(|source| SbomError::Io { path: file.path.clone(), source })?;
        found.push(SbomSignature { kind: evidence::detect(kind, &bytes), bytes: bytes.into() });
    }
    Ok(found)
}

/// The platform and the format of a list of components, by its name; `None` for other files.
fn parse(name: &str, binary: &Name, version: &Version) -> Option<(Option<Platform>, SbomFormat)> {
    let rest = name.strip_prefix(&format!("{binary}-{version}"))?;
    let of = |format: SbomFormat| Some((rest.strip_suffix(format.ending())?, format));
    let (platform, format) = SbomFormat::ALL.into_iter().find_map(of)?;
    match platform.strip_prefix('-') {
        Some(platform) => Some((Some(platform.parse().ok()?), format)),
        None => platform.is_empty().then_some((None, format)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_platform_and_format() {
        let (binary, version) = ("loom".parse().unwrap(), "0.2.0".parse().unwrap());
        let cyclone = SbomFormat::CycloneDx;
        for (name, expected) in [
            ("loom-0.2.0.cdx.json", Some((None, cyclone))),
            ("loom-0.2.0-linux-x86_64.cdx.json", Some((Some(Platform::LinuxX86_64), cyclone))),
            ("loom-0.2.0.spdx.json", Some((None, SbomFormat::Spdx))),
            ("loom-0.2.0.cdx.json.sha256", None),
            ("loom-0.2.0.cdx.json.minisig", None),
            ("loom-0.2.0-linux.cdx.json", None),
            ("loom-0.2.0-.cdx.json", None),
            ("loom-0.2.0-rc.1.cdx.json", None),
            ("loom-bridge-server-0.2.0.cdx.json", None),
            ("loom-0.3.0.cdx.json", None),
            ("loom-0.2.0.json", None),
        ] {
            assert_eq!(parse(name, &binary, &version), expected, "{name}");
        }
    }
}
