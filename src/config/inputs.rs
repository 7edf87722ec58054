//! What the command line collects before anything is resolved.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs, io,
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use loom_source::{Name, Selector};

use super::{ConfigLocation, Mode, mistake::Diagnostic, trusted::Trusted};

/// Everything that a configuration depends on, as values; collected once by the command line.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// The process environment.
    pub env: Env,
    /// The user's home directory.
    pub home: Option<PathBuf>,
    /// Which platform's conventions hold.
    pub os: Os,
    /// The current directory, absolute.
    pub cwd: PathBuf,
    /// What was given on the command line.
    pub flags: Flags,
    /// The projects that the user trusts.
    pub trusted: Trusted,
}

/// Whose conventions hold for the folders of cache, state and configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Os {
    /// Linux and the other free systems: XDG.
    #[default]
    Unix,
    /// `~/Library/…`
    Macos,
    /// `%LOCALAPPDATA%` and `%APPDATA%`
    Windows,
}

impl Os {
    /// The platform that this program was built for.
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

/// What was given on the command line; `None`, `false` and empty where nothing was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--version`
    pub version: Option<Selector>,
    /// `--source`, as often as it was given, in order.
    pub sources: Vec<String>,
    /// `--mode`
    pub mode: Option<Mode>,
    /// `--bridge-port`
    pub bridge_port: Option<u16>,
    /// `--dashboard-port`
    pub dashboard_port: Option<u16>,
    /// `--offline`
    pub offline: bool,
    /// `--binary`
    pub binary: Option<Name>,
    /// `--cache-dir`
    pub cache_dir: Option<PathBuf>,
    /// `--config`: this `loom.toml` instead of the nearest one.
    pub config: Option<PathBuf>,
    /// `--allow-unverified`
    pub allow_unverified: bool,
}

/// Environment variables; a variable that is set to nothing counts as not set.
#[derive(Clone, Default)]
pub struct Env(Arc<BTreeMap<String, OsString>>);

impl Env {
    /// Of the variables given, those whose names are text.
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let named = variables.into_iter().filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            // Windows knows Path and PATH for one variable.
            let name = if cfg!(windows) { name.to_ascii_uppercase() } else { name };
            Some((name, value))
        });
        Self(Arc::new(named.filter(|(_, value)| !value.is_empty()).collect()))
    }

    /// The value, or that it is not text.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, Diagnostic> {
        self.0
            .get(name)
            .map(|value| {
                value.to_str().ok_or_else(|| {
                    Diagnostic::new(
                        ConfigLocation::Env(name.to_owned()),
                        "the value is not valid UTF-8",
                    )
                })
            })
            .transpose()
    }

    /// The value as a path.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.0.get(name).map(PathBuf::from)
    }

    /// The value where it is text.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str()
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Env {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self::new(variables.into_iter().map(|(name, value)| (name.into(), value.into())))
    }
}

impl std::fmt::Debug for Env {
    /// Names only: values may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The files that a configuration is read from.
pub trait Files {
    /// The text of a file, `None` where there is none.
    fn read(&self, file: &Path) -> io::Result<Option<String>>;

    /// The path that names this file and no other; the path itself where that cannot be found out.
    fn canonical(&self, file: &Path) -> PathBuf {
        file.to_owned()
    }
}

/// The real files.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

/// More than any configuration needs: `loom.toml` may be somebody else's.
const LARGEST: u64 = 1 << 20;

impl Files for Disk {
    fn read(&self, file: &Path) -> io::Result<Option<String>> {
        use io::ErrorKind::{NotADirectory, NotFound};
        // Looked at before it is opened: opening a FIFO would wait for a writer.
        match fs::metadata(file) {
            Ok(meta) if meta.is_file() => {}
            // Python keeps virtual environments in folders called `.env`.
            Ok(meta) if meta.is_dir() => return Ok(None),
            Ok(_) => return Err(io::Error::other("it is not a file")),
            Err(e) if matches!(e.kind(), NotFound | NotADirectory) => return Ok(None),
            Err(e) => return Err(e),
        }
        let mut text = String::new();
        fs::File::open(file)?.take(LARGEST + 1).read_to_string(&mut text)?;
        if text.len() as u64 > LARGEST {
            return Err(io::Error::other("it is larger than 1 MiB"));
        }
        Ok(Some(text))
    }

    fn canonical(&self, file: &Path) -> PathBuf {
        fs::canonicalize(file).unwrap_or_else(|_| file.to_owned())
    }
}

/// Files held in memory, for tests of whatever stands on a configuration.
impl Files for BTreeMap<PathBuf, String> {
    fn read(&self, file: &Path) -> io::Result<Option<String>> {
        Ok(self.get(file).cloned())
    }
}
