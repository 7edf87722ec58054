//! The configuration that a project's file alone gives.

use std::{collections::BTreeMap, path::PathBuf};

use super::{
    ConfigError, Env, Files, Flags, Inputs, Resolved, Trusted,
    find_project::{ProjectText, find_project},
    resolve::resolve,
};

/// The configuration that the project's `loom.toml` and the defaults give, the same on every machine: neither the
/// environment, nor `.env`, nor the files of the user and of the machine take part. Values that name variables stay as
/// they are written, without their defaults. `None` without a project.
///
/// Nothing in it is withheld from an untrusted project, and nothing in it may be executed: it is for documents that a
/// user reads.
///
/// # Errors
/// As for [`resolve()`].
///
/// # Examples
/// ```
/// use loom_runtime::config::{Env, Inputs, project_alone};
/// use std::{collections::BTreeMap, path::PathBuf};
///
/// let text = "[llm.local]\nmodel = \"${MODEL}\"\n".to_owned();
/// let files = BTreeMap::from([(PathBuf::from("/p/loom.toml"), text)]);
/// let env = [("LOOM_DASHBOARD_PORT", "4040"), ("MODEL", "m")].into_iter().collect();
/// let inputs = Inputs { cwd: "/p".into(), home: Some("/home/u".into()), env, ..Inputs::default() };
/// let config = project_alone(&inputs, &files)?.unwrap();
/// assert_eq!(config.dashboard.port.value, 3030);
/// assert_eq!(config.llm.providers[0].model.as_ref().unwrap().value, "${MODEL}");
/// # Ok::<(), loom_runtime::config::ConfigError>(())
/// ```
pub fn project_alone(inputs: &Inputs, files: &impl Files) -> Result<Option<Resolved>, ConfigError> {
    let Some(ProjectText { file, text }) = find_project(inputs, files)? else { return Ok(None) };
    let flags = Flags { config: Some(file.clone()), include_untrusted: true, ..Flags::default() };
    let alone =
        Inputs { env: Env::default(), trusted: Trusted::default(), flags, ..inputs.clone() };
    let files: BTreeMap<PathBuf, String> = BTreeMap::from([(file, text)]);
    resolve(&alone, &files).map(Some)
}
