//! [`OwnProgram`]: replaces the program file of `loom`, and keeps the previous one.
//!
//! The new file is written beside the old one, compared with its digest, executed once, and then renamed over it: at every
//! moment there is a complete program at the path. The previous program is kept in the state folder before that.

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use loom_source::Digest;
use serde::{Deserialize, Serialize};

use super::{
    OwnProgramError, ProgramOwner,
    error::at,
    program_copy::{FOLDER, ProgramCopy, copy_into, digest_of, remains},
};
use crate::state::{StateDir, StateFile, StateLock};

/// How long a new program may take to print its version.
const LONGEST_START: Duration = Duration::from_secs(10);

/// How much of the output of `--version` is read.
const MAX_OUTPUT: u64 = 4096;

/// The program file of `loom`.
#[derive(Debug)]
pub struct OwnProgram {
    path: PathBuf,
    /// The digest of the file when this program looked at it first.
    sha256: Digest,
    version: String,
    state: StateDir,
}

/// A verified program that takes the place of the present one.
#[derive(Debug, Clone)]
pub struct NewProgram {
    /// The file, which stays.
    pub path: PathBuf,
    /// The digest of its bytes.
    pub sha256: Digest,
    /// Its version.
    pub version: String,
}

/// The program that was replaced last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousProgram {
    /// Its version.
    pub version: String,
    /// The digest of its bytes.
    pub sha256: Digest,
    /// The path that it had.
    pub path: String,
}

impl OwnProgram {
    /// The program at `path`, which is followed to the file itself, and its version.
    ///
    /// # Errors
    /// [`OwnProgramError::Owned`] for a file that something else installed and updates; [`OwnProgramError::Io`] where there
    /// is none.
    pub fn at(path: &Path, version: &str, state: &StateDir) -> Result<Self, OwnProgramError> {
        let path = fs::canonicalize(path).map_err(at("find", path))?;
        match ProgramOwner::of(&path) {
            ProgramOwner::User => {
                let sha256 = digest_of(&path)?;
                Ok(Self { path, sha256, version: version.to_owned(), state: state.clone() })
            }
            owner => Err(OwnProgramError::Owned { path, owner }),
        }
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts a new program in the place of the present one, which is kept.
    ///
    /// # Errors
    /// [`OwnProgramError::Broken`] where the new program does not run, [`OwnProgramError::Changed`] where a copy has other
    /// bytes, [`OwnProgramError::Io`] where a file cannot be written. The present program stays then.
    pub fn replace(&self, new: &NewProgram) -> Result<(), OwnProgramError> {
        let _lock = self.lock()?;
        for file in remains(&self.path, &self.state) {
            // One that cannot be removed only takes space.
            let _ = fs::remove_file(file);
        }
        if self.sha256 != new.sha256 && digest_of(&self.path)? == new.sha256 {
            // Another process has done the same in the meantime.
            return Ok(());
        }
        let present = self.keep()?;
        if present != self.sha256 {
            // Another process has replaced it since: what is there now is not the version that this program has.
            let (expected, got) = (self.sha256.to_string(), present.to_string());
            return Err(OwnProgramError::Changed { path: self.path.clone(), expected, got });
        }
        self.place(self.stage(new)?)?;
        let (version, path) = (self.version.clone(), self.path.display().to_string());
        self.document().write_document(&PreviousProgram { version, sha256: present, path })?;
        self.prune(&present)
    }

    /// The program that was replaced last; `None` where none was.
    ///
    /// # Errors
    /// [`OwnProgramError::State`] where it cannot be read.
    pub fn previous(&self) -> Result<Option<PreviousProgram>, OwnProgramError> {
        Ok(self.document().read_document()?)
    }

    /// Puts the previous program back, and keeps the present one in turn. Returns what was put back.
    ///
    /// # Errors
    /// [`OwnProgramError::NoPrevious`], [`OtherPrevious`](OwnProgramError::OtherPrevious) and
    /// [`PreviousGone`](OwnProgramError::PreviousGone) where none is kept; else as for [`replace`](Self::replace).
    pub fn roll_back(&self) -> Result<PreviousProgram, OwnProgramError> {
        let previous = self.previous()?.ok_or(OwnProgramError::NoPrevious)?;
        if previous.path != self.path.display().to_string() {
            return Err(OwnProgramError::OtherPrevious { path: previous.path.into() });
        }
        let kept = self.kept(&previous.sha256);
        if !kept.exists() {
            return Err(OwnProgramError::PreviousGone { path: kept });
        }
        let PreviousProgram { version, sha256, .. } = previous.clone();
        self.replace(&NewProgram { path: kept, sha256, version })?;
        Ok(previous)
    }

    fn lock(&self) -> Result<StateLock, OwnProgramError> {
        Ok(self.state.file(format!("{FOLDER}/lock")).lock(&mut || {})?)
    }

    fn document(&self) -> StateFile {
        self.state.file(format!("{FOLDER}/previous.json"))
    }

    /// The path of a kept program: named by its digest, so that what the document names is complete.
    fn kept(&self, sha256: &Digest) -> PathBuf {
        self.state.path().join(FOLDER).join(sha256.to_string())
    }

    /// Copies the new program beside the present one, compares it with its digest, and executes it once.
    fn stage(&self, new: &NewProgram) -> Result<ProgramCopy, OwnProgramError> {
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        let copy = copy_into(&new.path, folder)?;
        let (staged, got) = (&copy.path, copy.sha256);
        let mode = fs::metadata(&self.path).map_err(at("read", &self.path))?.permissions();
        fs::set_permissions(staged, mode).map_err(at("write", staged))?;
        if got != new.sha256 {
            let (expected, got) = (new.sha256.to_string(), got.to_string());
            return Err(OwnProgramError::Changed { path: new.path.clone(), expected, got });
        }
        check_version(staged, &new.version)?;
        Ok(copy)
    }

    /// Keeps the present program in the state folder; returns its digest.
    fn keep(&self) -> Result<Digest, OwnProgramError> {
        let state = self.state.folder(FOLDER);
        state.create()?;
        let ProgramCopy { path, sha256, .. } = copy_into(&self.path, state.path())?;
        let to = self.kept(&sha256);
        path.persist(&to).map_err(|e| at("write", &to)(e.error))?;
        sync_folder(state.path())?;
        Ok(sha256)
    }

    /// Removes the kept programs that are no longer the previous one.
    fn prune(&self, previous: &Digest) -> Result<(), OwnProgramError> {
        let state = self.state.folder(FOLDER);
        for name in state.names()? {
            if name.parse::<Digest>().is_ok_and(|digest| digest != *previous) {
                // One that cannot be removed only takes space.
                let _ = fs::remove_file(state.path().join(&name));
            }
        }
        Ok(())
    }

    fn place(&self, staged: ProgramCopy) -> Result<(), OwnProgramError> {
        // A program that runs cannot be replaced on Windows, but it can be renamed.
        if cfg!(windows) {
            let aside = self.path.with_extension("old.exe");
            let _ = fs::remove_file(&aside);
            fs::rename(&self.path, &aside).map_err(at("rename", &self.path))?;
        }
        staged.path.persist(&self.path).map_err(|e| at("replace", &self.path)(e.error))?;
        sync_folder(self.path.parent().unwrap_or(Path::new("/")))
    }
}

/// Whether a program prints the version that it should be, within ten seconds. Its output goes to a file: a process that it
/// leaves behind keeps no pipe open. The file has its space before the program starts, so that a full disk is not taken for
/// a program that does not work.
fn check_version(program: &Path, expected: &str) -> Result<(), OwnProgramError> {
    let broken = |got: String| OwnProgramError::Broken { expected: expected.to_owned(), got };
    let failed = |error: io::Error| broken(format!("\"{error}\""));
    let mut output = reserved_file().map_err(at("write", Path::new("a temporary file")))?;
    let mut child = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(output.try_clone().map_err(failed)?)
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            break status;
        }
        if begun.elapsed() >= LONGEST_START {
            let _ = child.kill();
            let _ = child.wait();
            return Err(broken(format!("nothing within {} s", LONGEST_START.as_secs())));
        }
        thread::sleep(Duration::from_millis(5));
    };
    let mut text = String::new();
    // What is no text is no version.
    let _ = output.rewind();
    let _ = output.take(MAX_OUTPUT).read_to_string(&mut text);
    let printed = text.trim_end_matches('\0').trim();
    if status.success() && printed.strip_prefix("loom ") == Some(expected) {
        return Ok(());
    }
    Err(broken(if status.success() { format!("{printed:?}") } else { status.to_string() }))
}

/// A file without a name, with space for all that is read of it.
fn reserved_file() -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut io::repeat(0).take(MAX_OUTPUT), &mut file)?;
    file.rewind()?;
    Ok(file)
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> Result<(), OwnProgramError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(at("sync", folder))
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> Result<(), OwnProgramError> {
    Ok(())
}
