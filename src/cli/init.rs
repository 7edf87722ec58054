//! `loom init`

use serde_json::json;

use super::{Exit, Outcome, context::Context};
use loom_runtime::config::{self, Disk, Flags, Inputs, Trusted};

/// Arguments of `loom init`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the project [default: the name of the folder]
    #[arg(long)]
    name: Option<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let folder = context.cwd()?;
    let name = args.name.clone().unwrap_or_else(|| {
        folder.file_name().map_or("loom-project".into(), |name| name.to_string_lossy().into_owned())
    });
    let file = config::init(&folder, &name)?;
    // The file that this command wrote is trusted until a setting that needs trust changes.
    let inputs = context.inputs(Flags::default())?;
    let inputs = Inputs { flags: Flags { config: Some(file.clone()), ..inputs.flags }, ..inputs };
    if let Some(written) = config::project_settings(&inputs, &Disk)? {
        let state = config::dirs::state_dir(&inputs)?.value;
        Trusted::update(&state, |trusted| trusted.trust(written.file, written.digest))?;
    }
    context
        .printer
        .answer(&json!({"schema": 1, "file": file, "name": name}), || file.display().to_string())?;
    context.printer.message("edit it, then run `loom up`");
    Ok(Exit::Success)
}
