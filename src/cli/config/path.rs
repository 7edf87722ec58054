//! `loom config path`

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::cli::{
    CommandError, Exit, Outcome, context::Context, path_text::shown, project_scope::ProjectScope,
};
use loom_runtime::config::{Flags, dirs};

/// A configuration file, which may not exist.
struct ConfigPath {
    layer: &'static str,
    path: PathBuf,
}

/// Prints the paths without reading the files, so that it helps where one of them is broken.
pub(super) fn run(context: &Context) -> Outcome {
    let paths = paths(context)?;
    let list: Vec<Value> = paths
        .iter()
        .map(|file| json!({"layer": file.layer, "path": shown(&file.path), "exists": file.path.exists()}))
        .collect();
    context.printer.answer(&json!({"schema": 1, "files": list}), || {
        let line = |file: &ConfigPath| {
            let absent = if file.path.exists() { "" } else { "  (does not exist)" };
            format!("{:<8} {}{absent}\n", file.layer, file.path.display())
        };
        paths.iter().map(line).collect()
    })?;
    Ok(Exit::Success)
}

fn paths(context: &Context) -> Result<Vec<ConfigPath>, CommandError> {
    let inputs = context.inputs(Flags::default())?;
    let named = inputs.flags.config.as_ref().map(|file| inputs.cwd.join(file));
    let project = match named {
        Some(file) => file,
        None => ProjectScope::of(context)?.project.join("loom.toml"),
    };
    let layers = [
        ("project", Some(project)),
        ("user", dirs::user_config(&inputs)),
        ("machine", dirs::machine_config(&inputs)),
    ];
    let paths =
        layers.into_iter().filter_map(|(layer, path)| Some(ConfigPath { layer, path: path? }));
    Ok(paths.collect())
}
