//! `loom deploy render`

use std::path::PathBuf;

use loom_source::{PinnedImage, Platform};
use serde_json::{Value, json};

use super::project::DeployedProject;
use crate::cli::{CommandError, Exit, Outcome, context::Context, path_text::shown, report::deploy};
use loom_runtime::deploy::{
    DeployFolder, DeployOptions, DeployRecord, DeployTarget, Deployment, FileChange,
    FileDifference, SecretVariable,
};

/// Arguments of `loom deploy render`.
#[derive(Debug, clap::Args)]
pub(super) struct RenderArgs {
    /// What runs the project: kubernetes, helm, compose or systemd [default: that of the last render into the folder]
    #[arg(long)]
    target: Option<DeployTarget>,
    /// Folder for the files
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Image to run, by its digest: REPOSITORY@sha256:… [default: deploy.image, else the image of the lock]
    #[arg(long)]
    image: Option<PinnedImage>,
    /// Name of the deployment [default: the name of the project]
    #[arg(long)]
    name: Option<String>,
    /// Program that a unit of systemd starts [default: the locked release in the store /opt/loom]
    #[arg(long, value_name = "PATH", conflicts_with = "platform")]
    program: Option<String>,
    /// Platform whose locked release a unit of systemd starts [default: linux-x86_64]
    #[arg(long)]
    platform: Option<Platform>,
    /// Replace files that this command did not write
    #[arg(long)]
    replace: bool,
}

pub(super) fn run(args: &RenderArgs, context: &Context) -> Outcome {
    let project = DeployedProject::of(context)?;
    let path = context.cwd()?.join(&args.to);
    let folder = DeployFolder::new(&path);
    let record = record(args, folder.record()?)?;
    let target = record.target;
    let (deployment, files) = project.files(record)?;
    let differences = folder.write(&files, args.replace)?;
    let document = json!({
        "schema": 1, "folder": shown(&path), "target": target.as_str(), "name": deployment.name,
        "files": files.iter().map(|file| &file.path).collect::<Vec<_>>(),
        "changed": differences.iter().map(|difference| &difference.path).collect::<Vec<_>>(),
        "variables": deployment.secrets.iter().map(variable).collect::<Vec<_>>(),
    });
    context.printer.answer(&document, || differences.iter().map(line).collect())?;
    context.printer.message(next(&deployment, target));
    Ok(Exit::Success)
}

/// What is rendered: what the options say, else what the last render into the folder was given.
fn record(args: &RenderArgs, last: Option<DeployRecord>) -> Result<DeployRecord, CommandError> {
    let target = args.target.or(last.as_ref().map(|last| last.target));
    let target = target.ok_or_else(|| deploy::no_target(&args.to))?;
    // Options of one target mean nothing to another one.
    let last = last.filter(|last| last.target == target);
    let last = last.map(|last| last.options).unwrap_or_default();
    let by_path = args.program.is_some();
    let by_platform = args.platform.is_some();
    let options = DeployOptions {
        name: args.name.clone().or(last.name),
        image: args.image.clone().or(last.image),
        program: args.program.clone().or(last.program.filter(|_| !by_platform)),
        platform: args.platform.or(last.platform.filter(|_| !by_path)),
    };
    Ok(DeployRecord { target, options, files: Vec::new() })
}

fn variable(secret: &SecretVariable) -> Value {
    json!({"name": secret.name, "required": secret.is_required})
}

/// One line for each file that differed, marked as `diff` marks them.
fn line(difference: &FileDifference) -> String {
    let mark = match difference.change {
        FileChange::Added => '+',
        FileChange::Changed => '!',
        FileChange::Removed => '-',
    };
    format!("{mark} {}\n", difference.path)
}

/// What the user has to provide.
fn next(deployment: &Deployment, target: DeployTarget) -> String {
    let place = match target {
        DeployTarget::Kubernetes | DeployTarget::Helm => {
            format!("in the Secret {}", deployment.secret_name())
        }
        DeployTarget::Compose => "in the environment of compose, or in .env".to_owned(),
        DeployTarget::Systemd => format!("in {}", deployment.secrets_file()),
    };
    let name = |secret: &SecretVariable| {
        let optional = if secret.is_required { "" } else { " (optional)" };
        format!("{}{optional}", secret.name)
    };
    let names: Vec<String> = deployment.secrets.iter().map(name).collect();
    format!("no secret was written; the runtime needs {place}: {}", names.join(", "))
}
