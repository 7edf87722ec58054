//! [`DeployTarget`]: the program that runs a deployment.

use std::str::FromStr;

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
