//! `loom config set`

use std::{fs, io::Read as _};

use loom_base::atomic_file;
use serde_json::json;

use crate::cli::{CommandError, Exit, Outcome, context::Context};
use loom_runtime::config::{
    self, ConfigEdit, ConfigError, Disk, EditedFile, Flags, Inputs, Trusted, Untrusted, dirs,
    project_settings,
};

/// Sets `key` in the file of the user or the project. The file is written only if the result has no new problem.
pub(super) fn run(key: &str, value: &str, project: bool, context: &Context) -> Outcome {
    let inputs = context.inputs(Flags::default())?;
    let value = if value == "-" { standard_input()? } else { value.to_owned() };
    let target = if project { EditedFile::Project } else { EditedFile::User };
    let edit = config::set(&inputs, &Disk, target, key, &value)?;
    let trusted = project && is_trusted(&inputs)?;
    write(&edit)?;
    // Trust covers what the project's user wrote: the change is the user's own.
    if trusted && let Some(Untrusted { file, digest, .. }) = project_settings(&inputs, &Disk)? {
        let state = dirs::state_dir(&inputs)?.value;
        Trusted::update(&state, |trusted| trusted.trust(file, digest))?;
    }
    let document = json!({"schema": 1, "key": key, "file": edit.file});
    context.printer.answer(&document, || edit.file.display().to_string())?;
    Ok(Exit::Success)
}

/// Whether everything in the project's file takes effect.
fn is_trusted(inputs: &Inputs) -> Result<bool, CommandError> {
    Ok(project_settings(inputs, &Disk)?.is_some_and(|settings| {
        settings.withheld.is_empty() || inputs.trusted.contains(&settings.file, &settings.digest)
    }))
}

fn write(edit: &ConfigEdit) -> Result<(), CommandError> {
    let ConfigEdit { file, text } = edit;
    let write = || {
        file.parent().map_or(Ok(()), fs::create_dir_all)?;
        atomic_file::edit(file, text.as_bytes())
    };
    write().map_err(|source| ConfigError::Write { file: file.clone(), source }.into())
}

/// The value on standard input, which keeps a secret out of the list of processes.
fn standard_input() -> Result<String, CommandError> {
    let mut text = String::new();
    std::io::stdin().lock().read_to_string(&mut text).map_err(|error| {
        CommandError::new(
            Exit::Usage,
            format!("cannot read the value from standard input: {error}"),
        )
    })?;
    let end = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(end);
    Ok(text)
}
