//! A world: a home, a project and mirrors, in a folder of their own on a memory file system.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    copy,
    run::{Looms, Run},
    tally::Outcome,
};

/// A folder for worlds, removed when dropped.
#[derive(Debug)]
pub(crate) struct Area(tempfile::TempDir);

impl Area {
    /// A new folder, in memory where the system has a file system for that: an fsync costs nothing there, and what a
    /// power failure leaves is not the disk's to show.
    pub(crate) fn new() -> Outcome<Self> {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        Ok(Self(tempfile::Builder::new().prefix("loom-faults-").tempdir_in(parent)?))
    }

    /// A path in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

impl Drop for Area {
    fn drop(&mut self) {
        // What cannot be removed here is removed by `tempfile`, or stays.
        let _ = copy::remove(self.0.path());
    }
}

/// A home, a project and mirrors.
#[derive(Debug, Clone)]
pub(crate) struct World {
    root: PathBuf,
}

impl World {
    /// A world at this folder.
    pub(crate) fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// Replaces this world by a copy of `template`.
    pub(crate) fn reset(&self, template: &Self) -> Outcome {
        copy::remove(&self.root)?;
        Ok(copy::folder(&template.root, &self.root)?)
    }

    /// The folder of the world.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A path in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The folder of the store.
    pub(crate) fn cache(&self) -> PathBuf {
        self.path("home/.cache/loom")
    }

    /// The arguments of a line, in which `{name}` is the URL of a folder of the world.
    pub(crate) fn arguments(&self, line: &str) -> Vec<String> {
        let url = |word: &str| {
            let folder = word.strip_prefix('{')?.strip_suffix('}')?;
            Some(format!("file://{}", self.path(folder).display()))
        };
        line.split(' ').map(|word| url(word).unwrap_or_else(|| word.to_owned())).collect()
    }

    /// Runs `loom` with the arguments of a line.
    pub(crate) fn line(&self, looms: &Looms, line: &str) -> Outcome<Run> {
        let mut command = self.command(looms);
        command.args(self.arguments(line));
        Run::of(command)
    }

    /// `loom` in the environment of this world.
    pub(crate) fn command(&self, looms: &Looms) -> Command {
        self.program(looms.path())
    }

    /// Another program in the environment of this world.
    pub(crate) fn program(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("HOME", self.path("home")).env("LANG", "C.UTF-8");
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("TMPDIR", self.root()).env("HTTPS_PROXY", "http://127.0.0.1:1");
        command.current_dir(self.path("project")).stdin(Stdio::null());
        command
    }
}
