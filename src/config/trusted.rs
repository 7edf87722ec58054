//! The projects that the user trusts: a file in the state folder.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use loom_source::Digest;
use serde::{Deserialize, Serialize};

use super::{
    ConfigError,
    trust_change::{self, TrustChange},
    trust_scope::{TrustScope, TrustedValue},
};
use crate::state::{StateDir, StateFile, any_path};

/// The projects that the user trusts: what is trusted for each `loom.toml`, by the canonical path of the folder in which
/// it is found. A file is not trusted any more when something that needs trust has changed, unless its folder is trusted
/// whatever it sets.
///
/// # Examples
/// ```
/// use loom_runtime::{config::{TrustScope, Trusted}, state::StateDir};
/// use loom_source::Digest;
///
/// let folder = tempfile::tempdir()?;
/// let state = StateDir::new(folder.path());
/// let scope = TrustScope {
///     file: "/p/loom.toml".into(),
///     digest: Digest::of(b"settings"),
///     settings: Vec::new(),
///     dotenv: Vec::new(),
///     values: Vec::new(),
/// };
/// Trusted::update(&state, |trusted| trusted.trust(&scope))?;
/// assert!(Trusted::load(&state)?.contains(&scope));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trusted {
    projects: BTreeMap<PathBuf, TrustedProject>,
    /// The digests of trusted lock files.
    locks: BTreeMap<PathBuf, Digest>,
}

/// What is trusted for one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedProject {
    #[serde(with = "any_path")]
    file: PathBuf,
    /// The digest of what is trusted.
    pub sha256: Digest,
    /// Whether the folder is trusted whatever its files set.
    #[serde(default)]
    pub always: bool,
    /// What is trusted, to show what has changed since; absent in a list that an older version wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<TrustedValue>>,
}

/// A lock file whose content is trusted.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct TrustedLock {
    #[serde(with = "any_path")]
    file: PathBuf,
    sha256: Digest,
}

#[derive(Serialize, Deserialize)]
struct TrustedDocument {
    schema: u32,
    projects: Vec<TrustedProject>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    locks: Vec<TrustedLock>,
}

impl Trusted {
    fn file(state: &StateDir) -> StateFile {
        state.file("trusted.json")
    }

    /// Reads the list; it is empty if there is no file.
    ///
    /// # Errors
    /// If the file cannot be read, or its content cannot be understood.
    pub fn load(state: &StateDir) -> Result<Self, ConfigError> {
        let file = Self::file(state);
        let fail = |why: String| ConfigError::ReadTrusted { file: file.path().to_owned(), why };
        let Some(bytes) = file.read()? else { return Ok(Self::default()) };
        let document: TrustedDocument =
            loom_source::json::strict(&bytes).map_err(|error| fail(error.to_string()))?;
        if document.schema != 1 {
            return Err(fail(format!("expected schema 1, got {}", document.schema)));
        }
        let projects = document.projects.into_iter();
        let locks = document.locks.into_iter();
        Ok(Self {
            projects: projects.map(|project| (project.file.clone(), project)).collect(),
            locks: locks.map(|TrustedLock { file, sha256 }| (file, sha256)).collect(),
        })
    }

    /// Reads the list, changes it and writes it, while no other process does; returns what `change` returns.
    ///
    /// # Errors
    /// As for [`load`](Self::load), and if the file cannot be locked or written.
    pub fn update<T>(
        state: &StateDir,
        change: impl FnOnce(&mut Self) -> T,
    ) -> Result<T, ConfigError> {
        let _lock = Self::file(state).lock(&mut || {})?;
        let mut trusted = Self::load(state)?;
        let result = change(&mut trusted);
        trusted.save(state)?;
        Ok(result)
    }

    fn save(&self, state: &StateDir) -> Result<(), ConfigError> {
        let projects = self.projects.values().cloned().collect();
        let lock = |(file, sha256): (&PathBuf, &Digest)| TrustedLock {
            file: file.clone(),
            sha256: *sha256,
        };
        let locks = self.locks.iter().map(lock).collect();
        Self::file(state).write_json(&TrustedDocument { schema: 1, projects, locks })?;
        Ok(())
    }

    /// Whether exactly this is trusted.
    pub fn contains(&self, scope: &TrustScope) -> bool {
        self.projects.get(&scope.file).is_some_and(|project| project.sha256 == scope.digest)
    }

    /// Whether the folder of this file is trusted whatever its files set.
    pub fn is_always(&self, file: &Path) -> bool {
        let mut always = self.projects.values().filter(|project| project.always);
        always.any(|project| project.file.parent() == file.parent())
    }

    /// How this differs from what was trusted before; `None` where nothing was, or where it is not known any more.
    pub fn changes(&self, scope: &TrustScope) -> Option<Vec<TrustChange>> {
        let before = self.projects.get(&scope.file)?.values.as_ref()?;
        Some(trust_change::changes(before, &scope.values))
    }

    /// Trusts this, in place of what was trusted before for the file. A folder that is trusted whatever it sets stays so.
    pub fn trust(&mut self, scope: &TrustScope) {
        let always = self.projects.get(&scope.file).is_some_and(|project| project.always);
        let project = TrustedProject {
            file: scope.file.clone(),
            sha256: scope.digest,
            always,
            values: Some(scope.values.clone()),
        };
        self.projects.insert(scope.file.clone(), project);
    }

    /// Trusts the folder of this file, whatever its files set from now on.
    pub fn trust_always(&mut self, scope: &TrustScope) {
        self.trust(scope);
        if let Some(project) = self.projects.get_mut(&scope.file) {
            project.always = true;
        }
    }

    /// Trusts the content of a lock file, in place of what was trusted before.
    pub fn trust_lock(&mut self, file: &Path, sha256: Digest) {
        self.locks.insert(file.to_owned(), sha256);
    }

    /// The digest of the content of a lock file that is trusted.
    pub fn lock(&self, file: &Path) -> Option<Digest> {
        self.locks.get(file).copied()
    }

    /// Removes this file from the list, the lock files beside it, and whatever made its folder trusted; returns whether
    /// there was anything.
    pub fn revoke(&mut self, file: &Path) -> bool {
        let before = self.projects.len() + self.locks.len();
        self.projects.retain(|path, project| {
            path != file && !(project.always && path.parent() == file.parent())
        });
        self.locks.retain(|path, _| path.parent() != file.parent());
        self.projects.len() + self.locks.len() < before
    }

    /// The trusted files, and what is trusted for each, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&Path, &TrustedProject)> {
        self.projects.iter().map(|(file, project)| (file.as_path(), project))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(file: impl Into<PathBuf>, digest: &[u8]) -> TrustScope {
        let digest = Digest::of(digest);
        let value = TrustedValue { key: "k".to_owned(), value: None, sha256: digest };
        let (settings, dotenv) = (Vec::new(), Vec::new());
        TrustScope { file: file.into(), digest, settings, dotenv, values: vec![value] }
    }

    #[test]
    fn a_project_is_trusted_until_it_is_revoked() {
        let state = tempfile::tempdir().unwrap();
        let one = scope("/p/loom.toml", b"one");
        let other = scope("/p/loom.toml", b"other");
        let state = StateDir::new(state.path().join("new/folder"));
        let mut trusted = Trusted::load(&state).unwrap();
        assert_eq!(trusted.changes(&one), None);
        trusted.trust(&one);
        trusted.save(&state).unwrap();
        let mut again = Trusted::load(&state).unwrap();
        assert_eq!(again, trusted);
        assert!(again.contains(&one));
        assert!(!again.contains(&other));
        assert_eq!(again.changes(&one), Some(Vec::new()));
        assert_eq!(again.changes(&other).unwrap().len(), 1);
        assert!(again.revoke(&one.file));
        assert!(!again.revoke(&one.file));
        assert!(!again.contains(&one));
    }

    #[test]
    fn a_folder_can_be_trusted_whatever_it_sets() {
        let one = scope("/p/loom.toml", b"one");
        let beside = scope("/p/ci.toml", b"other");
        let below = scope("/p/q/loom.toml", b"one");
        let mut trusted = Trusted::default();
        trusted.trust_always(&one);
        trusted.trust(&scope("/p/loom.toml", b"later"));
        for (scope, always) in [(&one, true), (&beside, true), (&below, false)] {
            assert_eq!(trusted.is_always(&scope.file), always, "{}", scope.file.display());
        }
        assert!(trusted.revoke(&beside.file), "the folder is not trusted any more");
        assert!(!trusted.is_always(&one.file));
    }

    #[test]
    fn a_lock_file_is_trusted_by_its_content_until_its_project_is_revoked() {
        let state = tempfile::tempdir().unwrap();
        let state = StateDir::new(state.path());
        let lock = Path::new("/p/loom.lock");
        let digest = Digest::of(b"lock");
        Trusted::update(&state, |trusted| trusted.trust_lock(lock, digest)).unwrap();
        let mut trusted = Trusted::load(&state).unwrap();
        assert_eq!(trusted.lock(lock), Some(digest));
        assert_eq!(trusted.lock(Path::new("/q/loom.lock")), None);
        assert!(trusted.revoke(Path::new("/p/loom.toml")));
        assert_eq!(trusted.lock(lock), None);
    }

    #[test]
    fn lists_of_older_versions_are_read() {
        let state = tempfile::tempdir().unwrap();
        let state = StateDir::new(state.path());
        let one = scope("/p/loom.toml", b"one");
        let text = format!(
            r#"{{"schema":1,"projects":[{{"file":"/p/loom.toml","sha256":"{}"}}]}}"#,
            one.digest
        );
        Trusted::file(&state).write(text.as_bytes()).unwrap();
        let trusted = Trusted::load(&state).unwrap();
        assert!(trusted.contains(&one) && !trusted.is_always(&one.file));
        assert_eq!(trusted.changes(&one), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_path_may_be_any_bytes() {
        use std::os::unix::ffi::OsStringExt as _;
        let state = tempfile::tempdir().unwrap();
        let state = StateDir::new(state.path());
        let folder = PathBuf::from(std::ffi::OsString::from_vec(b"/caf\xe9".to_vec()));
        let one = scope(folder.join("loom.toml"), b"one");
        Trusted::update(&state, |trusted| trusted.trust(&one)).unwrap();
        assert!(Trusted::load(&state).unwrap().contains(&one));
    }

    #[test]
    fn the_error_for_a_damaged_list_names_the_file() {
        let state = tempfile::tempdir().unwrap();
        for text in ["", "{}", r#"{"schema": 2, "projects": []}"#] {
            let state = StateDir::new(state.path());
            Trusted::file(&state).write(text.as_bytes()).unwrap();
            let error = Trusted::load(&state).unwrap_err();
            assert!(error.to_string().contains("trusted.json"), "{error}");
        }
    }
}
