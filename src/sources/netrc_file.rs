//! Finds and reads the user's `.netrc`.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

use secrecy::ExposeSecret as _;
use url::Url;

use super::netrc::{self, Netrc};
use crate::config::{Disk, Env, Files as _, Os};

/// The user's `.netrc`.
#[derive(Debug, Clone)]
pub struct NetrcFile {
    /// The path of the file.
    pub path: PathBuf,
    /// Its logins, or why it cannot be used.
    pub netrc: Result<Netrc, String>,
}

impl NetrcFile {
    /// Reads the file that `NETRC` names, else the one in the home folder; `None` if there is none.
    pub fn find(env: &Env, home: Option<&Path>, os: Os) -> Option<Self> {
        let read = |path: PathBuf| match Disk.read(&path) {
            Ok(None) => None,
            Ok(Some(text)) => {
                Some(Self { path, netrc: Netrc::parse(&text).map_err(|error| error.to_string()) })
            }
            Err(error) => Some(Self { path, netrc: Err(error.to_string()) }),
        };
        netrc::paths(env, home, os).into_iter().find_map(read)
    }

    /// Whether users other than the owner may read the file.
    #[cfg(unix)]
    pub fn others_may_read(&self) -> bool {
        use std::os::unix::fs::PermissionsExt as _;
        self.path.metadata().is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0)
    }

    /// Whether users other than the owner may read the file. Elsewhere than on Unix the permissions of the home folder
    /// decide this.
    #[cfg(not(unix))]
    pub fn others_may_read(&self) -> bool {
        false
    }
}

/// The URL of a web server with the login that `.netrc` has for its host, if there is one.
///
/// The HTTP client sends the login to this origin only, like any login in a URL.
pub(super) fn with_login<'a>(netrc: Option<&NetrcFile>, url: &'a Url) -> Cow<'a, Url> {
    let login = netrc.and_then(|file| {
        let netrc = file.netrc.as_ref().ok()?;
        netrc.login(url.host_str()?, url.username())
    });
    let Some(login) = login else { return Cow::Borrowed(url) };
    let mut url = url.clone();
    // Neither can fail where there is a host.
    let _ = url.set_username(&login.user);
    let _ = url.set_password(Some(login.password.expose_secret()));
    Cow::Owned(url)
}
