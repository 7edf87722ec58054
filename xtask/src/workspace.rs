//! Where things lie.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::Outcome;

/// The workspace and its target folder.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    /// The folder of the workspace's manifest.
    pub root: PathBuf,
    /// Cargo's target folder.
    pub target: PathBuf,
}

impl Workspace {
    /// As cargo sees it.
    pub(crate) fn find() -> Outcome<Self> {
        let output = Command::new(cargo())
            .args(["metadata", "--format-version=1", "--no-deps"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let path = |key: &str| {
            let text = metadata[key].as_str().ok_or_else(|| format!("cargo names no {key}"))?;
            Ok::<_, Box<dyn std::error::Error>>(PathBuf::from(text))
        };
        Ok(Self { root: path("workspace_root")?, target: path("target_directory")? })
    }

    /// The runtime server as the tests use it.
    pub(crate) fn server(&self) -> PathBuf {
        self.target.join("debug/loom-bridge-server")
    }

    /// `loom` as the tests use it.
    pub(crate) fn loom(&self) -> PathBuf {
        self.target.join("debug/loom")
    }

    /// A Python environment of our own below the target folder.
    pub(crate) fn venv(&self, name: &str) -> Venv {
        Venv(self.target.join("xtask").join(name))
    }
}

/// A Python virtual environment.
#[derive(Debug, Clone)]
pub(crate) struct Venv(PathBuf);

impl Venv {
    /// The one in this folder.
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

/// The cargo that started us, else the one on the path.
pub(crate) fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from)
}
