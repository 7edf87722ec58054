//! What a configuration depends on, as values.

use std::path::PathBuf;

use loom_source::{Name, Selector};

use super::{Env, Mode, Trusted};
use crate::state::StateDir;

/// Everything that a configuration depends on besides files. The caller collects it once.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// The process environment.
    pub env: Env,
    /// The user's home folder.
    pub home: Option<PathBuf>,
    /// The operating system whose conventions for folders apply.
    pub os: Os,
    /// `C:\ProgramData` on Windows, as the system reports it and not as a variable says; `None` elsewhere.
    pub program_data: Option<PathBuf>,
    /// The current folder, absolute, as the system reports it: on Unix without symbolic links.
    pub cwd: PathBuf,
    /// The options of the command line.
    pub flags: Flags,
    /// The state folder after it was opened ([`dirs::open_state`](super::dirs::open_state)); `None` before.
    pub state: Option<StateDir>,
    /// The projects that the user trusts.
    pub trusted: Trusted,
}

/// The operating system whose conventions for the folders of cache, state and configuration apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Os {
    /// Linux and other Unix systems: the XDG base directory specification.
    #[default]
    Unix,
    /// macOS: `~/Library/…`.
    Macos,
    /// Windows: `%LOCALAPPDATA%` and `%APPDATA%`.
    Windows,
}

impl Os {
    /// The operating system that this program was built for.
    pub const fn current() -> Self {
        if cfg!(windows) {
            Self::Windows
        } else if cfg!(target_os = "macos") {
            Self::Macos
        } else {
            Self::Unix
        }
    }
}

/// Options of the command line that are settings; `None`, `false` and empty where an option was not given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--version`
    pub version: Option<Selector>,
    /// `--source`, in the given order.
    pub sources: Vec<String>,
    /// `--mode`
    pub mode: Option<Mode>,
    /// `--bridge-port`
    pub bridge_port: Option<u16>,
    /// `--dashboard-port`
    pub dashboard_port: Option<u16>,
    /// `--offline`
    pub offline: bool,
    /// `--locked`
    pub locked: bool,
    /// `--frozen`
    pub frozen: bool,
    /// `--binary`
    pub binary: Option<Name>,
    /// `--cache-dir`
    pub cache_dir: Option<PathBuf>,
    /// `--config`: the `loom.toml` to read instead of the nearest one.
    pub config: Option<PathBuf>,
    /// `--allow-unverified`
    pub allow_unverified: bool,
    /// `--untrusted`: what an untrusted project sets is included, as written. For display only.
    pub include_untrusted: bool,
}
