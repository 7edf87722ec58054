//! Paths of the workspace and of what is built in it.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::outcome::Outcome;

/// The workspace and its target folder.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    /// The folder of the workspace's manifest.
    pub(crate) root: PathBuf,
    /// Cargo's target folder.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// The workspace that this program belongs to, as cargo describes it; it becomes the current folder.
    pub(crate) fn enter() -> Outcome<Self> {
        let output = Command::new(cargo())
            .args(["metadata", "--format-version=1", "--no-deps"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let path = |key: &str| {
            let text = metadata[key].as_str();
            text.map(PathBuf::from).ok_or_else(|| format!("cargo metadata has no {key}"))
        };
        let workspace = Self { root: path("workspace_root")?, target: path("target_directory")? };
        std::env::set_current_dir(&workspace.root)?;
        Ok(workspace)
    }

    /// The runtime server as the tests use it.
    pub(crate) fn server(&self) -> PathBuf {
        self.program("debug", "loom-bridge-server")
    }

    /// `loom` as the tests use it.
    pub(crate) fn loom(&self) -> PathBuf {
        self.program("debug", "loom")
    }

    /// A program of the profile whose folder is `profile`.
    pub(crate) fn program(&self, profile: &str, name: &str) -> PathBuf {
        self.target.join(profile).join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// The report that nextest writes for its default profile.
    pub(crate) fn nextest_report(&self) -> PathBuf {
        self.target.join("nextest/default/junit.xml")
    }

    /// A folder or file below the target folder that belongs to these tasks alone.
    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        self.target.join("xtask").join(name)
    }
}

/// A Python virtual environment.
#[derive(Debug, Clone)]
pub(crate) struct Venv(PathBuf);

impl Venv {
    /// The environment in this folder.
    pub(crate) fn at(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// A program in it.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.0.join("bin").join(name)
    }

    /// Its folder.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

/// The cargo that started this program, else the one on the path.
pub(crate) fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from)
}
