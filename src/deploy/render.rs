//! [`render()`]: the files of a deployment.

use super::{
    DeployError, DeployOptions, DeployTarget, Deployment, RenderedFile, compose, helm, kubernetes,
    systemd,
};
use crate::{config::Resolved, lock::LockedBinary};

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
