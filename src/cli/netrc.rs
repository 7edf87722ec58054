//! Who we are at which mirror: the user's `.netrc`.

use std::{borrow::Cow, path::PathBuf};

use secrecy::ExposeSecret as _;
use url::Url;

use super::context::Context;
use loom_runtime::config::{
    Disk, Files as _, Os,
    netrc::{self, Netrc},
};

/// The user's `.netrc`.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    /// What is in it, or why that is not known.
    pub(crate) netrc: Result<Netrc, String>,
}

/// The file, if there is one; read once.
pub(crate) fn found(context: &Context) -> Option<&Found> {
    context.netrc.get_or_init(|| look(context)).as_ref()
}

fn look(context: &Context) -> Option<Found> {
    let paths = netrc::paths(context.env(), std::env::home_dir(), Os::current());
    let read = |path: PathBuf| match Disk.read(&path) {
        Ok(None) => None,
        Ok(Some(text)) => Some((path, Netrc::parse(&text).map_err(|e| e.to_string()))),
        Err(e) => Some((path, Err(e.to_string()))),
    };
    let (path, netrc) = paths.into_iter().find_map(read)?;
    if let Err(why) = &netrc {
        context.printer.warning(format!("{} is not used: {why}", path.display()));
    }
    Some(Found { path, netrc })
}

/// A mirror's address with the login that `.netrc` has for its host, where the address itself has no password.
///
/// Whoever is asked next gets it as little as any other login: it stays with this very origin.
pub(crate) fn with_login<'a>(context: &Context, url: &'a Url) -> Cow<'a, Url> {
    let plain = Cow::Borrowed(url);
    if !matches!(url.scheme(), "http" | "https") || url.password().is_some() {
        return plain;
    }
    let Some(Found { netrc: Ok(netrc), .. }) = found(context) else { return plain };
    let Some(login) = url.host_str().and_then(|host| netrc.login(host, url.username())) else {
        return plain;
    };
    let mut known = url.clone();
    // Neither can fail where there is a host.
    let _ = known.set_username(&login.user);
    let _ = known.set_password(Some(login.password.expose_secret()));
    Cow::Owned(known)
}

/// Whether others than its owner may read the file.
#[cfg(unix)]
pub(crate) fn others_may_read(found: &Found) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    found.path.metadata().is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0)
}

/// Whether others than its owner may read the file: elsewhere than on Unix, the home folder's rights say so.
#[cfg(not(unix))]
pub(crate) fn others_may_read(_: &Found) -> bool {
    false
}
