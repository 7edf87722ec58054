//! A world: a home, a project and mirrors, in a folder of their own on a memory file system.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    archives::{self, Packed},
    copy,
    run::{Looms, Run},
    scenario::Scenario,
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

    /// Makes the world in which a scenario begins.
    pub(crate) fn prepare(root: PathBuf, scenario: &Scenario, looms: &Looms) -> Outcome<Self> {
        let world = Self::at(root);
        for folder in ["home", "project", "plain", "zips", "zsts"] {
            fs::create_dir_all(world.path(folder))?;
        }
        for version in ["0.1.0", "0.2.0", "0.3.0"] {
            archives::write(&world.path("plain"), version, "linux-x86_64", Packed::TarGz)?;
        }
        archives::write(&world.path("plain"), "0.1.0", "linux-aarch64", Packed::TarGz)?;
        archives::write(&world.path("zips"), "0.1.0", "linux-x86_64", Packed::Zip)?;
        archives::write(&world.path("zsts"), "0.1.0", "linux-x86_64", Packed::TarZst)?;
        fs::write(world.path("project/loom.toml"), "version = \"0.1\"\n")?;
        world.write_sources()?;
        for line in &scenario.before {
            let run = world.line(looms, line)?;
            if run.code != Some(0) {
                return Err(format!("{}: {line}: {run}", scenario.name).into());
            }
        }
        (scenario.damage)(&world)?;
        Ok(world)
    }

    /// The user's configuration, for commands without `--source`.
    fn write_sources(&self) -> Outcome {
        let folder = self.path("home/.config/loom");
        fs::create_dir_all(&folder)?;
        let url = format!("file://{}", self.path("plain").display());
        let text = format!("[[sources]]\ntype = \"mirror\"\nurl = \"{url}\"\n");
        Ok(fs::write(folder.join("config.toml"), text)?)
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
        let mut command = looms.command(self);
        command.args(self.arguments(line));
        Run::of(command)
    }
}
