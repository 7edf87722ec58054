//! [`Platform`]: the platforms that releases are made for.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// One of the five platforms of releases. Its text is part of folder and file names.
///
/// # Examples
/// ```
/// use loom_source::{Name, Platform};
///
/// let platform: Platform = "windows-x86_64".parse()?;
/// assert_eq!(platform.executable(&Name::default()), "loom-bridge-server.exe");
/// # Ok::<(), loom_source::platform::PlatformError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Platform {
    /// `linux-aarch64`: Linux on 64-bit ARM.
    LinuxAarch64,
    /// `linux-x86_64`: Linux on x86-64.
    LinuxX86_64,
    /// `macos-aarch64`: macOS on Apple silicon.
    MacosAarch64,
    /// `macos-x86_64`: macOS on x86-64.
    MacosX86_64,
    /// `windows-x86_64`: Windows on x86-64.
    WindowsX86_64,
}

/// A text that is not the name of a platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown platform {0:?}: expected one of linux-x86_64, linux-aarch64, macos-x86_64, macos-aarch64, windows-x86_64"
)]
pub struct PlatformError(String);

impl Platform {
    /// All platforms, in the order of their names.
    pub const ALL: [Self; 5] = [
        Self::LinuxAarch64,
        Self::LinuxX86_64,
        Self::MacosAarch64,
        Self::MacosX86_64,
        Self::WindowsX86_64,
    ];

    /// The platform that this program was built for; `None` where there are no releases for it.
    pub fn current() -> Option<Self> {
        let text = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
        text.parse().ok()
    }

    /// The platform's name, such as `linux-x86_64`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LinuxAarch64 => "linux-aarch64",
            Self::LinuxX86_64 => "linux-x86_64",
            Self::MacosAarch64 => "macos-aarch64",
            Self::MacosX86_64 => "macos-x86_64",
            Self::WindowsX86_64 => "windows-x86_64",
        }
    }

    /// The targets of the Rust compiler for this platform. A static program runs everywhere, so its target comes first.
    pub fn targets(self) -> &'static [&'static str] {
        match self {
            Self::LinuxAarch64 => &["aarch64-unknown-linux-musl", "aarch64-unknown-linux-gnu"],
            Self::LinuxX86_64 => &["x86_64-unknown-linux-musl", "x86_64-unknown-linux-gnu"],
            Self::MacosAarch64 => &["aarch64-apple-darwin"],
            Self::MacosX86_64 => &["x86_64-apple-darwin"],
            Self::WindowsX86_64 => &["x86_64-pc-windows-msvc", "x86_64-pc-windows-gnu"],
        }
    }

    /// The file name of the executable of a binary on this platform, with `.exe` on Windows.
    pub fn executable(self, name: &crate::Name) -> String {
        format!("{name}{}", self.executable_extension())
    }

    /// The file name extension of executables on this platform: `.exe` on Windows, else none.
    pub fn executable_extension(self) -> &'static str {
        match self {
            Self::WindowsX86_64 => ".exe",
            _ => "",
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Platform {
    type Err = PlatformError;
    fn from_str(text: &str) -> Result<Self, PlatformError> {
        Self::ALL
            .into_iter()
            .find(|p| p.as_str() == text)
            .ok_or_else(|| PlatformError(text.to_owned()))
    }
}

impl TryFrom<String> for Platform {
    type Error = PlatformError;
    fn try_from(text: String) -> Result<Self, PlatformError> {
        text.parse()
    }
}

impl From<Platform> for String {
    fn from(platform: Platform) -> String {
        platform.as_str().to_owned()
    }
}
