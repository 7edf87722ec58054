//! From all layers to the effective configuration.

use loom_source::Authority;

use super::{
    ConfigError, ConfigLocation, Diagnostic, EffectiveSetting, Files, Inputs, Problem, Resolved,
    Setting, TrustScope, UpdateChannel,
    find_project::find_project,
    keys::{
        agents,
        bridge::BridgeSettings,
        dashboard::DashboardSettings,
        deploy::DeploySettings,
        dirs,
        history::RunHistorySettings,
        invocation::{ALLOW_UNVERIFIED, BINARY, FROZEN, LOCKED, OFFLINE},
        llm::LlmSettings,
        mcp,
        project::Project,
        sources::SOURCES,
        store::StoreSettings,
        trust::TrustSettings,
        update::UpdateSettings,
    },
    layers::Layers,
    load::{self, LoadedLayers},
    show,
};

/// The effective configuration: options of the command line take precedence over environment variables, these over the
/// project's `loom.toml`, that over the user's `config.toml`, that over the machine-wide file, and that over defaults.
///
/// The settings of an untrusted project that need trust are left out; [`Resolved::untrusted`] names them.
///
/// # Errors
/// If a file cannot be read, or if any layer has a problem.
///
/// # Examples
/// ```
/// use loom_runtime::config::{Inputs, SettingOrigin, resolve};
/// use std::{collections::BTreeMap, path::PathBuf};
///
/// let text = "[dashboard]\nport = 4040\n".to_owned();
/// let files = BTreeMap::from([(PathBuf::from("/p/loom.toml"), text)]);
/// let inputs =
///     Inputs { cwd: "/p/src".into(), home: Some("/home/u".into()), ..Inputs::default() };
/// let config = resolve(&inputs, &files)?;
/// assert_eq!(config.dashboard.port.value, 4040);
/// assert_eq!(config.dashboard.port.origin.to_string(), "/p/loom.toml:2");
/// assert_eq!(config.bridge.address.origin, SettingOrigin::Default);
/// # Ok::<(), loom_runtime::config::ConfigError>(())
/// ```
pub fn resolve(inputs: &Inputs, files: &impl Files) -> Result<Resolved, ConfigError> {
    let (resolved, _) = resolve_layers(inputs, files)?;
    Ok(resolved)
}

/// The effective configuration, and all its settings for display.
///
/// # Errors
/// As for [`resolve`].
pub fn effective(
    inputs: &Inputs,
    files: &impl Files,
) -> Result<(Resolved, Vec<EffectiveSetting>), ConfigError> {
    let (resolved, mut layers) = resolve_layers(inputs, files)?;
    Ok((resolved, show::settings(&mut layers)))
}

/// The problems of all layers, and warnings: for `loom config check`. What has no effect until the project is trusted is
/// among the warnings.
///
/// # Errors
/// If a file cannot be read.
pub fn check(inputs: &Inputs, files: &impl Files) -> Result<ConfigReport, ConfigError> {
    let (resolved, _, problems) = examine(inputs, files)?;
    let mut warnings = resolved.warnings;
    if let (Some(untrusted), Some(file)) = (resolved.untrusted, resolved.project.file) {
        warnings.extend(untrusted.withheld.into_iter().map(|item| {
            let location =
                ConfigLocation::File { file: file.clone(), line: item.line, key: item.key };
            Diagnostic::new(location, Problem::Withheld)
        }));
    }
    Ok(ConfigReport { problems, warnings })
}

/// What `loom config check` reports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConfigReport {
    /// Problems: any of them is an error.
    pub problems: Vec<Diagnostic>,
    /// Settings that are allowed and probably a mistake.
    pub warnings: Vec<Diagnostic>,
}

/// All that the trust of the project covers, whether it is trusted or not; `None` without a project.
///
/// # Errors
/// If a file cannot be read or is not TOML.
pub fn project_settings(
    inputs: &Inputs,
    files: &impl Files,
) -> Result<Option<TrustScope>, ConfigError> {
    let project = find_project(inputs, files)?;
    project.map(|project| load::project_settings(files, project)).transpose()
}

fn resolve_layers<'a>(
    inputs: &'a Inputs,
    files: &impl Files,
) -> Result<(Resolved, Layers<'a>), ConfigError> {
    let (resolved, layers, problems) = examine(inputs, files)?;
    ConfigError::of(problems).map_or(Ok((resolved, layers)), Err)
}

/// The configuration as far as it can be understood, and all problems.
fn examine<'a>(
    inputs: &'a Inputs,
    files: &impl Files,
) -> Result<(Resolved, Layers<'a>, Vec<Diagnostic>), ConfigError> {
    let loaded = load::load(inputs, files)?;
    let LoadedLayers { mut layers, project, lock_trust, files, untrusted, .. } = loaded;
    let (mut problems, warnings) = (loaded.problems, loaded.warnings);
    let mut resolved = Resolved {
        project: Project::resolve(&mut layers, project.as_deref(), lock_trust),
        bridge: BridgeSettings::resolve(&mut layers),
        dashboard: DashboardSettings::resolve(&mut layers),
        history: RunHistorySettings::resolve(&mut layers),
        llm: LlmSettings::resolve(&mut layers),
        mcp: mcp::resolve(&mut layers),
        agents: agents::resolve(&mut layers),
        deploy: DeploySettings::resolve(&mut layers),
        sources: SOURCES.resolve(&mut layers, &[]),
        trust: TrustSettings::resolve(&mut layers),
        store: StoreSettings::resolve(&mut layers),
        update: UpdateSettings::resolve(&mut layers),
        offline: OFFLINE.resolve(&mut layers, &[]),
        locked: LOCKED.resolve(&mut layers, &[]),
        frozen: FROZEN.resolve(&mut layers, &[]),
        allow_unverified: ALLOW_UNVERIFIED.resolve(&mut layers, &[]),
        authority: Setting::default(Authority::default()),
        binary: BINARY.resolve(&mut layers, &[]),
        cache_dir: dirs::cache_dir(inputs)?,
        state_dir: dirs::state_dir(inputs)?,
        untrusted,
        locked_keys: layers.locks.keys(),
        locked_by: layers.locks.location.clone(),
        warnings,
        files,
    };
    if resolved.update.channel.value == UpdateChannel::Beta {
        resolved.sources.value.iter_mut().for_each(|spec| spec.prerelease = true);
    }
    problems.append(&mut layers.problems);
    resolved.warnings.append(&mut layers.warnings);
    Ok((resolved, layers, problems))
}
