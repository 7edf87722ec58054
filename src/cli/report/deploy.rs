//! Deployments that cannot be rendered, written or compared.

use std::{io::ErrorKind, path::Path};

use super::{CommandError, exit::Exit};
use loom_runtime::deploy::DeployError;

impl From<DeployError> for CommandError {
    fn from(error: DeployError) -> Self {
        let exit = match &error {
            DeployError::NotLocked | DeployError::NoTree { .. } => Exit::Lock,
            DeployError::Io { source, .. } if source.kind() == ErrorKind::StorageFull => {
                Exit::DiskFull
            }
            DeployError::Io { .. } => Exit::Failure,
            _ => Exit::Usage,
        };
        Self::of(exit, &error).hint(hint(&error))
    }
}

fn hint(error: &DeployError) -> String {
    let hint = match error {
        DeployError::NoImage => {
            "lock from a registry (`loom lock --source oci://…`), give --image REPOSITORY@sha256:…, or set deploy.image for an image \
             of your own"
        }
        DeployError::NotPinned { .. } => {
            "add @sha256:… to deploy.image, or give --image REPOSITORY@sha256:…"
        }
        DeployError::StdioServers { .. } => {
            "build an image that has the programs, and set deploy.image to its repository"
        }
        DeployError::Variable { .. } => "write the value out",
        DeployError::Secret { .. } => {
            "let the runtime read it from a variable: api_key of a provider, env of an MCP server"
        }
        DeployError::TwoValues { variable, .. } => {
            return format!("write env.{variable} = \"${{NAME}}\", with another NAME for each");
        }
        DeployError::OwnVariable { variable, .. } => {
            return format!("write env.{variable} = \"${{NAME}}\", with a NAME of your own");
        }
        DeployError::NotLocked => "run `loom lock --full`, or give --program PATH",
        DeployError::NoTree { platform } => {
            return format!(
                "`loom lock --full` locks the trees of all platforms; --platform names another one than {platform}"
            );
        }
        DeployError::Program { .. } => "letters, digits and ._+- are allowed between the slashes",
        DeployError::NotRendered { .. } => "`loom deploy render --target TARGET --to DIR` does",
        DeployError::Record { .. } => "remove it and render again",
        DeployError::Foreign { .. } => "name another folder, or give --replace",
        DeployError::Io { .. } => "check the owner and the permissions of its folder",
    };
    hint.to_owned()
}

/// There is no project to deploy.
pub(crate) fn no_project() -> CommandError {
    CommandError::new(Exit::Usage, "no loom.toml here, so nothing to deploy")
        .hint("change to the folder of a project, or write a loom.toml with `loom init`")
}

/// Nothing says what is to be rendered.
pub(crate) fn no_target(folder: &Path) -> CommandError {
    let message = format!("no target: nothing was rendered into {} yet", folder.display());
    CommandError::new(Exit::Usage, message)
        .hint("give --target kubernetes, helm, compose or systemd")
}
