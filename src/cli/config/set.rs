//! `loom config set`

use std::io::Read as _;

use loom_base::{atomic_file, private_folder};
use serde_json::json;

use crate::cli::{CommandError, Exit, Outcome, context::Context, path_text::shown};
use loom_runtime::config::{
    self, ConfigEdit, ConfigError, Disk, EditedFile, Files, Flags, Inputs, ReadOnce, Trusted, dirs,
    project_settings,
};

/// Sets `key` in the file of the user or the project. The file is written only if the result has no new problem.
pub(super) fn run(key: &str, value: &str, project: bool, context: &Context) -> Outcome {
    let inputs = context.inputs(Flags::default())?;
    let value = if value == "-" { standard_input()? } else { value.to_owned() };
    let target = if project { EditedFile::Project } else { EditedFile::User };
    let files = ReadOnce::new(Disk);
    let edit = config::set(&inputs, &files, target, key, &value)?;
    let trusted = project && is_trusted(&inputs, &files)?;
    write(&edit)?;
    // Trust covers what the project's user wrote: the change is the user's own.
    if trusted && let Some(scope) = edit.trust_scope(&inputs, &files)? {
        let state = dirs::state_dir(&inputs)?.value;
        Trusted::update(&state, |trusted| trusted.trust(&scope))?;
    }
    let document = json!({"schema": 1, "key": key, "file": shown(&edit.file)});
    context.printer.answer_path(&document, &edit.file)?;
    Ok(Exit::Success)
}

/// Whether everything in the project's file takes effect.
fn is_trusted(inputs: &Inputs, files: &impl Files) -> Result<bool, CommandError> {
    let scope = project_settings(inputs, files)?;
    Ok(scope.is_some_and(|scope| scope.is_empty() || inputs.trusted.contains(&scope)))
}

fn write(edit: &ConfigEdit) -> Result<(), CommandError> {
    let ConfigEdit { file, text } = edit;
    let write = || {
        file.parent().map_or(Ok(()), private_folder::create)?;
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
