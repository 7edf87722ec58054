//! [`SyncSelection`]: which releases of a source are copied.

use std::collections::BTreeMap;

use loom_source::{Name, Platform, Product, Release, Selector, Version};

/// Which releases of a source are copied. What is empty selects everything.
#[derive(Debug, Clone, Default)]
pub struct SyncSelection {
    /// The binaries.
    pub binaries: Vec<Name>,
    /// The versions and ranges.
    pub versions: Vec<Selector>,
    /// The platforms.
    pub platforms: Vec<Platform>,
    /// How many of the newest versions of each product are kept; the others are not copied, and leave the index.
    pub keep: Option<usize>,
    /// Whether the evidence of releases that the mirror has is compared too where no index tells whether it changed.
    pub evidence: bool,
}

impl SyncSelection {
    /// The versions, where all are named exactly: then a source need not list its versions.
    pub(super) fn exact(&self) -> Option<Vec<&Version>> {
        let mut versions = Vec::new();
        for selector in &self.versions {
            let Selector::Exact(version) = selector else { return None };
            versions.push(version);
        }
        Some(versions).filter(|versions| !versions.is_empty())
    }

    /// Whether a release is selected, before `keep`.
    pub fn selects(&self, release: &Release) -> bool {
        let Some(version) = release.slot.version() else { return false };
        (self.binaries.is_empty() || self.binaries.contains(&release.binary))
            && (self.platforms.is_empty() || self.platforms.contains(&release.platform))
            && (self.versions.is_empty() || self.versions.iter().any(|one| matches(one, version)))
    }

    /// The platforms that are asked for.
    pub fn platforms(&self) -> Vec<Platform> {
        if self.platforms.is_empty() { Platform::ALL.to_vec() } else { self.platforms.clone() }
    }

    /// For each product, the oldest version that is kept, among these releases; no product without `keep`.
    pub fn oldest<'a>(&self, releases: impl IntoIterator<Item = &'a Release>) -> OldestVersions {
        let Some(keep) = self.keep else { return OldestVersions::default() };
        let mut versions: BTreeMap<String, Vec<Version>> = BTreeMap::new();
        for release in releases {
            if let (true, Some(version)) = (self.selects(release), release.slot.version()) {
                versions.entry(key(&release.product())).or_default().push(version.clone());
            }
        }
        let oldest = versions.into_iter().filter_map(|(product, mut versions)| {
            versions.sort_by(|one, other| other.cmp(one));
            versions.dedup();
            Some((product, versions.get(keep.checked_sub(1)?)?.clone()))
        });
        OldestVersions(oldest.collect())
    }
}

/// The oldest versions that are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OldestVersions(BTreeMap<String, Version>);

impl OldestVersions {
    /// Whether a release is kept.
    pub fn keeps(&self, release: &Release) -> bool {
        let oldest = self.0.get(&key(&release.product()));
        match (oldest, release.slot.version()) {
            (Some(oldest), Some(version)) => version >= oldest,
            _ => true,
        }
    }
}

fn key(product: &Product) -> String {
    format!("{}/{}/{}", product.authority, product.binary, product.platform)
}

/// Whether a version is meant: by `latest`, every one that is no pre-release.
fn matches(selector: &Selector, version: &Version) -> bool {
    match selector {
        Selector::Latest => !version.is_prerelease(),
        selector => selector.matches(version),
    }
}

#[cfg(test)]
mod tests {
    use loom_source::Authority;

    use super::*;

    fn release(version: &str, platform: Platform) -> Release {
        let (authority, binary) = (Authority::default(), Name::default());
        Product { authority, binary, platform }.at_version(version.parse().unwrap())
    }

    #[test]
    fn versions_and_platforms_are_selected() {
        let linux = |version| release(version, Platform::LinuxX86_64);
        let selection = SyncSelection {
            versions: vec![">=0.2, <0.4".parse().unwrap(), "1.0.0-rc.1".parse().unwrap()],
            platforms: vec![Platform::LinuxX86_64],
            ..SyncSelection::default()
        };
        for (release, expected) in [
            (linux("0.1.0"), false),
            (linux("0.2.0"), true),
            (linux("0.3.9"), true),
            (linux("0.4.0"), false),
            (linux("1.0.0-rc.1"), true),
            (release("0.2.0", Platform::WindowsX86_64), false),
        ] {
            assert_eq!(selection.selects(&release), expected, "{release}");
        }
        assert!(SyncSelection::default().selects(&linux("0.1.0-rc.1")));
    }

    #[test]
    fn the_newest_versions_of_each_platform_are_kept() {
        let selection = SyncSelection { keep: Some(2), ..SyncSelection::default() };
        let (linux, windows) = (Platform::LinuxX86_64, Platform::WindowsX86_64);
        let releases = [
            release("0.1.0", linux),
            release("0.10.0", linux),
            release("0.9.0", linux),
            release("0.1.0", windows),
        ];
        let oldest = selection.oldest(&releases);
        let kept: Vec<bool> = releases.iter().map(|release| oldest.keeps(release)).collect();
        assert_eq!(kept, [false, true, true, true]);
        assert!(SyncSelection::default().oldest(&releases).keeps(&releases[0]));
    }
}
