//! Whether a signed text names a release: a file name, or the line of a `SHA256SUMS`.

use loom_source::{Platform, Release, asset};

/// What a signed file name says about a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// It names the release.
    Release,
    /// It names another one.
    Other,
    /// It has no version, so it may name any.
    Any,
}

/// Whether the file name names the release. Names of Loom's own form are compared exactly; any other name has to contain
/// the version, and the name of the binary.
pub(super) fn naming(file: &str, release: &Release) -> Naming {
    let file = file.rsplit(['/', '\\']).next().unwrap_or_default();
    if asset::names(release).iter().any(|known| known.name == file) {
        return Naming::Release;
    }
    let mut product = release.product();
    for platform in Platform::ALL {
        product.platform = platform;
        if asset::version(&product, file).is_some() {
            return Naming::Other;
        }
    }
    let Some(version) = release.slot.version() else { return Naming::Other };
    let binary = release.binary.as_ref();
    if contains_version(file, &version.to_string()) && contains_name(file, binary) {
        return Naming::Release;
    }
    if has_version(file) { Naming::Other } else { Naming::Any }
}

/// Whether the text contains the name, not as a part of a longer word.
fn contains_name(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let around = [text[..at].chars().next_back(), text[at + name.len()..].chars().next()];
        !around.into_iter().flatten().any(char::is_alphanumeric)
    })
}

/// Whether the text contains the version, not as a part of a longer one.
fn contains_version(text: &str, version: &str) -> bool {
    text.match_indices(version).any(|(at, _)| {
        let before = text[..at].strip_suffix('v').unwrap_or(&text[..at]);
        let before = before.chars().next_back();
        let mut after = text[at + version.len()..].chars();
        let next = after.next();
        let continues = match next {
            Some('.') => after.next().is_some_and(|c| c.is_ascii_digit()),
            // A pre-release begins with a minus, as the rest of a file name may.
            Some('-') => is_prerelease(after.as_str()),
            next => next.is_some_and(char::is_alphanumeric),
        };
        !before.is_some_and(|c| c.is_alphanumeric() || c == '.') && !continues
    })
}

/// Whether a version would go on with this text: `rc.1-linux`.
fn is_prerelease(text: &str) -> bool {
    let word: String = text.chars().take_while(char::is_ascii_alphabetic).collect();
    let rest = text[word.len()..].chars().next();
    let known = ["alpha", "beta", "rc", "pre", "preview", "dev", "nightly", "canary"];
    known.contains(&word.to_ascii_lowercase().as_str()) || word.is_empty() && rest.is_some()
}

/// Whether the text has something like `1.2`.
fn has_version(text: &str) -> bool {
    text.as_bytes()
        .windows(3)
        .any(|w| matches!(w, [a, b'.', c] if a.is_ascii_digit() && c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use loom_source::{Authority, Name, Product};

    use super::*;

    #[test]
    fn a_file_name_names_one_release() {
        let (authority, binary) = (Authority::default(), Name::default());
        let product = Product { authority, binary, platform: Platform::LinuxX86_64 };
        let release = product.at_version("0.2.0".parse().unwrap());
        for (file, expected) in [
            ("loom-bridge-server-0.2.0-linux-x86_64.tar.gz", Naming::Release),
            ("dist/loom-bridge-server-0.2.0-linux-x86_64.tar.gz", Naming::Release),
            ("loom-bridge-server-0.2.0-linux-x86_64", Naming::Release),
            ("loom-bridge-server-0.2.1-linux-x86_64.tar.gz", Naming::Other),
            ("loom-bridge-server-0.2.0-linux-aarch64.tar.gz", Naming::Other),
            ("loom-bridge-server-0.2.0-rc.1-linux-x86_64.tar.gz", Naming::Other),
            ("loom-bridge-server_v0.2.0_x86_64-unknown-linux-musl.tgz", Naming::Release),
            ("loom-bridge-server-0.2.0.tar.gz", Naming::Release),
            ("loom-bridge-server-10.2.0.tgz", Naming::Other),
            ("loom-bridge-server-0.2.0.1.tgz", Naming::Other),
            ("loom-bridge-server-0.2.0-rc.1.tgz", Naming::Other),
            ("loom-bridge-server-linux.tar.gz", Naming::Any),
            ("other-0.2.0-linux-x86_64.tar.gz", Naming::Other),
            ("x", Naming::Any),
            ("", Naming::Any),
        ] {
            assert_eq!(naming(file, &release), expected, "{file}");
        }
    }
}
