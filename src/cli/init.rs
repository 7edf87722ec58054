//! `loom init`

use std::collections::BTreeMap;

use serde_json::json;

use super::{Exit, Outcome, context::Context, path_text::shown};
use loom_runtime::config::{self, Flags, Inputs, Trusted};

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
    let written = BTreeMap::from([(file.clone(), config::template(&name))]);
    if let Some(scope) = config::project_settings(&inputs, &written)? {
        let state = config::dirs::state_dir(&inputs)?.value;
        Trusted::update(&state, |trusted| trusted.trust(&scope))?;
    }
    let document = json!({"schema": 1, "file": shown(&file), "name": name});
    context.printer.answer_path(&document, &file)?;
    context.printer.message("edit it, then run `loom up`");
    Ok(Exit::Success)
}
