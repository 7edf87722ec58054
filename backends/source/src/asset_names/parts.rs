//! The parts of a pattern of asset names.

use crate::{Platform, Product};

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PatternPart {
    Text(String),
    Binary,
    Version,
    Platform,
    Target,
    Os,
    Arch,
}

impl PatternPart {
    /// What the part can be for a product; nothing for the version.
    pub(super) fn values(&self, product: &Product) -> Vec<String> {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        match self {
            Self::Text(text) => vec![text.clone()],
            Self::Binary => vec![product.binary.to_string()],
            Self::Version => Vec::new(),
            Self::Platform => vec![product.platform.to_string()],
            Self::Target => owned(product.platform.targets()),
            Self::Os => owned(systems(product.platform)),
            Self::Arch => owned(processors(product.platform)),
        }
    }
}

/// Reads the text of a pattern; the error is the placeholder that does not exist.
pub(super) fn parse(text: &str) -> Result<Vec<PatternPart>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, after) = rest.split_at(at);
        if !before.is_empty() {
            parts.push(PatternPart::Text(before.to_owned()));
        }
        let end = after.find('}').ok_or_else(|| after.to_owned())?;
        let placeholder = &after[..=end];
        parts.push(match placeholder {
            "{binary}" => PatternPart::Binary,
            "{version}" => PatternPart::Version,
            "{platform}" => PatternPart::Platform,
            "{target}" => PatternPart::Target,
            "{os}" => PatternPart::Os,
            "{arch}" => PatternPart::Arch,
            other => return Err(other.to_owned()),
        });
        rest = &after[end + 1..];
    }
    if !rest.is_empty() {
        parts.push(PatternPart::Text(rest.to_owned()));
    }
    Ok(parts)
}

/// The usual names of a platform's system.
pub(super) fn systems(platform: Platform) -> &'static [&'static str] {
    match platform {
        Platform::LinuxAarch64 | Platform::LinuxX86_64 => &["linux"],
        Platform::MacosAarch64 | Platform::MacosX86_64 => &["macos", "darwin"],
        Platform::WindowsX86_64 => &["windows"],
    }
}

/// The usual names of a platform's processor.
pub(super) fn processors(platform: Platform) -> &'static [&'static str] {
    match platform {
        Platform::LinuxAarch64 | Platform::MacosAarch64 => &["aarch64", "arm64"],
        _ => &["x86_64", "amd64"],
    }
}
