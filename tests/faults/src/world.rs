//! A world: a home, a project and mirrors, in a folder of their own on a memory file system.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use sha2::{Digest as _, Sha256};

use crate::{
    copy,
    run::{Looms, Run},
    shim,
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
    jump: Option<Jump>,
}

/// A jump of the clock of each program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Jump {
    /// By how much.
    pub(crate) seconds: i64,
    /// How often the program has asked for the time before.
    pub(crate) after: usize,
}

impl World {
    /// A world at this folder.
    pub(crate) fn at(root: PathBuf) -> Self {
        Self { root, jump: None }
    }

    /// The same world with another clock.
    pub(crate) fn with_jump(&self, jump: Jump) -> Self {
        Self { root: self.root.clone(), jump: Some(jump) }
    }

    /// Replaces this world by a copy of `template`.
    pub(crate) fn reset(&self, template: &Self) -> Outcome {
        copy::remove(&self.root)?;
        copy::folder(&template.root, &self.root)?;
        self.adopt(template)
    }

    /// What names the place of the world that this one is a copy of names its own now.
    pub(crate) fn adopt(&self, origin: &Self) -> Outcome {
        // The program that was kept, and what is trusted, are known by their paths.
        for document in ["self/previous.json", "trusted.json"] {
            let document = self.state().join(document);
            if document.exists() {
                let (from, to) = (origin.root.to_string_lossy(), self.root.to_string_lossy());
                let text = fs::read_to_string(&document)?;
                fs::write(document, text.replace(&*from, &to))?;
            }
        }
        // Generations belong to a state folder, whose path they are named by.
        let generations = self.cache().join("roots/generations");
        let [from, to] = [origin, self].map(|world| {
            let state = Sha256::digest(world.state().as_os_str().as_encoded_bytes());
            generations.join(hex::encode(state))
        });
        if from.exists() && from != to {
            // Not renamed: a folder in the lower layer of an overlay cannot be.
            copy::folder(&from, &to)?;
            copy::remove(&from)?;
        }
        Ok(())
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

    /// The state folder.
    pub(crate) fn state(&self) -> PathBuf {
        self.path("home/.local/state/loom")
    }

    /// The file that the program takes for its own one, if it is there.
    pub(crate) fn own_program(&self) -> PathBuf {
        self.path("home/bin/loom")
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
        if self.own_program().exists() {
            shim::stand_in(&mut command, &self.root, &self.own_program());
        }
        if let Some(Jump { seconds, after }) = self.jump {
            shim::jump(&mut command, &self.root, seconds, after);
        }
        command
    }
}
