//! A state folder that only its user can change.

#[cfg(unix)]
use std::io;
use std::path::Path;

#[cfg(unix)]
use super::owner::{UnsafeFolder, refused};
use super::{StateDir, StateError};

/// A state folder that only its user can change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivateState {
    /// The folder.
    pub state: StateDir,
    /// What was changed so that other users cannot enter it.
    pub mended: Option<Mended>,
}

/// The permissions of a folder from which those of other users were removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mended {
    /// The permissions before, such as `0o755`.
    pub mode: u32,
}

impl StateDir {
    /// The state folder at `path`, once it is certain that only this user can change it. Nothing is created.
    ///
    /// `home` is the folder of the user in which the path was derived; `None` for a path that the user named. In a named
    /// folder that belongs to root or is sticky, such as `/tmp`, or that others can enter and that holds files but none of a
    /// state folder, such as a home folder, the state folder is `loom-<uid>`. Any other folder of this user that others can
    /// enter becomes private.
    ///
    /// # Errors
    /// [`StateError`] with an [`UnsafeFolder`] where another user owns the folder or can write it, or where root has the home
    /// folder of another user; and where the folder cannot be examined.
    pub fn open_private(path: &Path, home: Option<&Path>) -> Result<PrivateState, StateError> {
        #[cfg(unix)]
        let opened = unix::open(path, home);
        #[cfg(not(unix))]
        let opened = other::open(path, home);
        opened
    }
}

#[cfg(not(unix))]
mod other {
    use super::{Path, PrivateState, StateDir, StateError};

    /// No check: the permissions of folders are not examined.
    pub(super) fn open(path: &Path, _: Option<&Path>) -> Result<PrivateState, StateError> {
        Ok(PrivateState { state: StateDir::new(path), mended: None })
    }
}

#[cfg(unix)]
mod unix {
    use std::{
        fs::{self, Metadata, Permissions},
        os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    };

    use super::{Mended, Path, PrivateState, StateDir, StateError, UnsafeFolder, io, refused};

    const STICKY: u32 = 0o1000;
    const PRIVATE: u32 = 0o700;
    /// What a state folder holds after the first commands. One of these tells it from a folder that serves other ends.
    const ENTRIES: [&str; 13] = [
        "fingerprints",
        "history",
        "instances",
        "latest",
        "mirror-roots.json",
        "mirrors",
        "pins",
        "quarantine.json",
        "self",
        "trusted.json",
        "updates",
        "use",
        "versions",
    ];

    pub(super) fn open(path: &Path, home: Option<&Path>) -> Result<PrivateState, StateError> {
        let me = rustix::process::geteuid().as_raw();
        if let Some(home) = home.filter(|_| me == 0) {
            check_home(home).map_err(|source| unusable(path, source))?;
        }
        let found = existing(path).map_err(|source| unusable(path, source))?;
        let Some(meta) = found else { return Ok(untouched(path)) };
        let is_shared = meta.mode() & STICKY != 0 || meta.uid() == 0 && me != 0;
        let serves_others = || is_shared || meta.mode() & 0o077 != 0 && holds_other_files(path);
        if home.is_none() && serves_others() {
            let inner = path.join(format!("loom-{me}"));
            return match existing(&inner) {
                Ok(Some(meta)) => private(&inner, &meta, me),
                Ok(None) => Ok(untouched(&inner)),
                Err(source) => Err(source),
            }
            .map_err(|source| unusable(&inner, source));
        }
        private(path, &meta, me).map_err(|source| unusable(path, source))
    }

    /// The folder that is wrong is the one that is named.
    fn unusable(path: &Path, source: io::Error) -> StateError {
        StateDir::new(path).error("use", source)
    }

    fn untouched(path: &Path) -> PrivateState {
        PrivateState { state: StateDir::new(path), mended: None }
    }

    /// What is at the path; `None` where there is nothing.
    fn existing(path: &Path) -> io::Result<Option<Metadata>> {
        match fs::metadata(path) {
            Ok(meta) => Ok(Some(meta)),
            Err(e)
                if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the folder holds files, and none that a state folder has. One that cannot be listed is reported later.
    fn holds_other_files(path: &Path) -> bool {
        let names =
            fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.file_name());
        let mut names = names.peekable();
        names.peek().is_some()
            && !names.any(|name| ENTRIES.iter().any(|own| name.as_os_str() == *own))
    }

    /// Root must not create files of root in the home folder of another user, who could not change them afterwards.
    fn check_home(home: &Path) -> io::Result<()> {
        let folder = home.ancestors().find_map(|folder| fs::metadata(folder).ok());
        match folder.map(|meta| meta.uid()) {
            Some(owner) if owner != 0 => Err(refused(UnsafeFolder::HomeOfOther(owner))),
            _ => Ok(()),
        }
    }

    /// The folder, which exists, once other users cannot enter it.
    fn private(path: &Path, meta: &Metadata, me: u32) -> io::Result<PrivateState> {
        let link = fs::symlink_metadata(path)?;
        if link.is_symlink() && ![0, me].contains(&link.uid()) {
            return Err(refused(UnsafeFolder::Link(link.uid())));
        }
        if meta.uid() != me {
            return Err(refused(UnsafeFolder::Owner(meta.uid())));
        }
        let mode = meta.mode() & 0o7777;
        // What is no folder is reported by the first access.
        if !meta.is_dir() || mode & 0o077 == 0 {
            return Ok(untouched(path));
        }
        // What the user has taken from themself stays taken: a folder that is read-only stays so.
        let changed = fs::set_permissions(path, Permissions::from_mode(mode & PRIVATE)).is_ok();
        let mode_now = fs::metadata(path)?.mode() & 0o7777;
        if mode_now & 0o022 != 0 {
            return Err(refused(UnsafeFolder::Writable(mode_now)));
        }
        let mended = (changed && mode_now & 0o077 == 0).then_some(Mended { mode });
        Ok(PrivateState { state: StateDir::new(path), mended })
    }

    #[cfg(test)]
    mod tests {
        use std::os::unix::fs::symlink;

        use super::*;

        fn mode(path: &Path) -> u32 {
            path.metadata().unwrap().mode() & 0o7777
        }

        fn folder(root: &Path, name: &str, mode: u32) -> std::path::PathBuf {
            let path = root.join(name);
            fs::create_dir(&path).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            path
        }

        #[test]
        fn an_open_folder_becomes_private_once() {
            let root = tempfile::tempdir().unwrap();
            for (name, before, mended) in
                [("a", 0o755, true), ("b", 0o777, true), ("c", 0o700, false), ("d", 0o555, true)]
            {
                let path = folder(root.path(), name, before);
                for expected in [mended, false] {
                    let opened = open(&path, Some(root.path())).unwrap();
                    assert_eq!(opened.state.path(), path);
                    let expected = expected.then_some(Mended { mode: before });
                    assert_eq!(opened.mended, expected, "{before:o}");
                    assert_eq!(mode(&path), before & 0o700);
                }
            }
            let absent = root.path().join("absent");
            assert_eq!(open(&absent, None).unwrap(), untouched(&absent));
            assert!(!absent.exists());
        }

        #[test]
        fn a_named_sticky_folder_holds_one_for_each_user() {
            let root = tempfile::tempdir().unwrap();
            let path = folder(root.path(), "tmp", 0o1777);
            let me = rustix::process::geteuid().as_raw();
            let inner = path.join(format!("loom-{me}"));
            assert_eq!(open(&path, None).unwrap(), untouched(&inner));
            loom_base::private_folder::create(&inner).unwrap();
            assert_eq!(open(&path, None).unwrap(), untouched(&inner));
            assert_eq!(mode(&path), 0o1777, "the folder of all users is not changed");
            let derived = open(&path, Some(root.path())).unwrap();
            assert_eq!((derived.state.path(), mode(&path)), (path.as_path(), 0o700));
        }

        #[test]
        fn a_named_folder_with_other_files_keeps_its_permissions() {
            let root = tempfile::tempdir().unwrap();
            let me = rustix::process::geteuid().as_raw();
            for (name, before, entry, is_state) in [
                ("home", 0o755, "notes.txt", false),
                ("opened", 0o755, "trusted.json", true),
                ("own", 0o700, "notes.txt", true),
            ] {
                let path = folder(root.path(), name, before);
                fs::write(path.join(entry), "").unwrap();
                let opened = open(&path, None).unwrap();
                let inner = path.join(format!("loom-{me}"));
                let expected = if is_state { (path.clone(), 0o700) } else { (inner, before) };
                assert_eq!((opened.state.path().to_owned(), mode(&path)), expected, "{name}");
            }
        }

        #[test]
        fn folders_and_links_of_others_are_refused() {
            if !rustix::process::geteuid().is_root() {
                return;
            }
            let root = tempfile::tempdir().unwrap();
            let theirs = folder(root.path(), "theirs", 0o700);
            let ours = folder(root.path(), "ours", 0o700);
            let link = root.path().join("link");
            symlink(&ours, &link).unwrap();
            std::os::unix::fs::chown(&theirs, Some(4711), None).unwrap();
            let why = |path: &Path, home: Option<&Path>| {
                let error = StateDir::open_private(path, home).unwrap_err();
                assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
                error.unsafe_folder().cloned()
            };
            assert_eq!(why(&theirs, None), Some(UnsafeFolder::Owner(4711)));
            let inner = theirs.join(".local/state/loom");
            assert_eq!(why(&inner, Some(&theirs)), Some(UnsafeFolder::HomeOfOther(4711)));
            assert!(open(&inner, None).is_ok(), "a named folder that does not exist is created");
            assert!(open(&link, None).is_ok());
            std::os::unix::fs::lchown(&link, Some(4711), None).unwrap();
            assert_eq!(why(&link, None), Some(UnsafeFolder::Link(4711)));
            let shared = folder(root.path(), "shared", 0o1777);
            let inner = folder(&shared, "loom-0", 0o700);
            std::os::unix::fs::chown(&inner, Some(4711), None).unwrap();
            let error = StateDir::open_private(&shared, None).unwrap_err().to_string();
            assert!(error.ends_with("shared/loom-0"), "{error}");
        }

        #[test]
        fn files_of_others_are_refused() {
            if !rustix::process::geteuid().is_root() {
                return;
            }
            let root = tempfile::tempdir().unwrap();
            let file = StateDir::new(root.path()).file("trusted.json");
            file.write(b"{}").unwrap();
            assert!(file.read().is_ok());
            std::os::unix::fs::chown(file.path(), Some(4711), None).unwrap();
            let error = file.read().unwrap_err();
            assert_eq!(error.unsafe_folder(), Some(&UnsafeFolder::Owner(4711)));
        }

        #[test]
        fn special_files_are_neither_read_nor_locked() {
            let root = tempfile::tempdir().unwrap();
            for name in ["a.json", "b.json.lock", "c"] {
                let path = root.path().join(name);
                let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU);
                rustix::fs::mknodat(rustix::fs::CWD, &path, kind, mode, 0).unwrap();
            }
            let state = StateDir::new(root.path());
            assert!(state.file("a.json").read().is_err());
            assert!(state.file("b.json").lock(&mut || {}).is_err());
            assert!(state.file("c").try_hold().is_err());
            assert!(state.file("c").is_held().is_err());
        }
    }
}
