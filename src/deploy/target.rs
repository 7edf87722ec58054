//! [`DeployTarget`]: the program that runs a deployment.

use std::str::FromStr;

use super::{DeployError, DeployOptions, Deployment, compose, helm, kubernetes, systemd};
use crate::{config::Resolved, lock::LockedBinary};

/// The program that runs a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeployTarget {
    /// Kubernetes: manifests and a kustomization.
    Kubernetes,
    /// A chart for Helm.
    Helm,
    /// A compose file, for Docker and podman.
    Compose,
    /// A unit of systemd.
    Systemd,
}

/// A rendered file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedFile {
    /// The path in the folder, with `/`.
    pub path: String,
    /// Its content.
    pub text: String,
}

impl DeployTarget {
    /// All targets.
    pub const ALL: [Self; 4] = [Self::Kubernetes, Self::Helm, Self::Compose, Self::Systemd];

    /// The name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kubernetes => "kubernetes",
            Self::Helm => "helm",
            Self::Compose => "compose",
            Self::Systemd => "systemd",
        }
    }
}

impl FromStr for DeployTarget {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let target = Self::ALL.into_iter().find(|target| target.as_str() == text);
        target.ok_or("expected kubernetes, helm, compose or systemd")
    }
}

impl RenderedFile {
    pub(super) fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }
}

/// The files by which `target` runs the project with this configuration, sorted by their paths, and what they are about.
///
/// # Errors
/// As for [`Deployment::of`].
pub fn render(
    resolved: &Resolved,
    locked: Option<&LockedBinary>,
    target: DeployTarget,
    options: &DeployOptions,
) -> Result<(Deployment, Vec<RenderedFile>), DeployError> {
    let deployment = Deployment::of(resolved, locked, target, options)?;
    let mut files = match target {
        DeployTarget::Kubernetes => kubernetes::files(&deployment),
        DeployTarget::Helm => helm::files(&deployment),
        DeployTarget::Compose => compose::files(&deployment),
        DeployTarget::Systemd => systemd::files(&deployment),
    };
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok((deployment, files))
}
