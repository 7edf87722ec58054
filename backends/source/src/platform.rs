//! The platforms that releases are made for.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// One of the five platforms; its text is the folder and file name part of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Platform {
    /// `linux-aarch64`
    LinuxAarch64,
    /// `linux-x86_64`
    LinuxX86_64,
    /// `macos-aarch64`
    MacosAarch64,
    /// `macos-x86_64`
    MacosX86_64,
    /// `windows-x86_64`
    WindowsX86_64,
}

/// A text that names none of the five platforms.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown platform {0:?}; there are linux-x86_64, linux-aarch64, macos-x86_64, macos-aarch64, windows-x86_64"
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

    /// The platform this program was built for, or `None` where no release can exist.
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

    /// The file name of a program called `name` on this platform (`.exe` on Windows).
    pub fn executable(self, name: &crate::Name) -> String {
        match self {
            Self::WindowsX86_64 => format!("{name}.exe"),
            _ => name.to_string(),
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
