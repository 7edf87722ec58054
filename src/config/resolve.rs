//! From all layers to one value.

use std::{path::Path, time::Duration};

use loom_source::{Authority, Name, Selector};

use super::{
    Address, BridgeSettings, ConfigError, ConfigLocation, DashboardSettings, Diagnostic, Files,
    Inputs, Mode, Project, Resolved, Setting, SettingOrigin, SourceSpec, StoreSettings,
    TrustSettings, Untrusted, UpdatePolicy, UpdateSettings, Withheld, by_name, dirs,
    kinds::{Host, Seconds, Size},
    layers::{Layers, SWITCH, setting, yes_or_no},
    llm,
    load::{self, Loaded, Notes},
    read::Spanned,
    tables::TrustTable,
};
use crate::state::StateDir;
use crate::trust::{Checksum, Signature};

/// The configuration that holds: flags > environment > project > user > defaults.
///
/// Any mistake in any layer is an error. What an untrusted project asked for is left out and named
/// in [`Resolved::untrusted`].
pub fn resolve(inputs: &Inputs, files: &impl Files) -> Result<Resolved, ConfigError> {
    let (resolved, mistakes) = examine(inputs, files)?;
    ConfigError::of(mistakes).map_or(Ok(resolved), Err)
}

/// Every mistake in every layer, then what is unwise or withheld from an untrusted project: for `loom config check`.
pub fn check(
    inputs: &Inputs,
    files: &impl Files,
) -> Result<(Vec<Diagnostic>, Vec<Diagnostic>), ConfigError> {
    let (resolved, mistakes) = examine(inputs, files)?;
    let mut warnings = resolved.warnings;
    if let (Some(untrusted), Some(file)) = (resolved.untrusted, resolved.project.file) {
        let withheld = |item: &Withheld| {
            let (file, line, key) = (file.clone(), item.line, item.key.clone());
            Diagnostic::new(
                ConfigLocation::File { file, line, key },
                "has no effect until the file is trusted",
            )
            .hint(untrusted.hint())
        };
        warnings.extend(untrusted.what.iter().map(withheld));
    }
    Ok((mistakes, warnings))
}

/// What the project's file says that trust is about, whether it is trusted or not; `None` without a project.
pub fn trustable(inputs: &Inputs, files: &impl Files) -> Result<Option<Untrusted>, ConfigError> {
    let Some(found) = load::find(inputs, files)? else { return Ok(None) };
    let mut notes = Notes::default();
    let untrusted = load::trustable(files, &found, &mut notes);
    ConfigError::of(notes.mistakes).map_or(Ok(untrusted), Err)
}

/// What holds as far as it can be understood, and all mistakes.
fn examine(
    inputs: &Inputs,
    files: &impl Files,
) -> Result<(Resolved, Vec<Diagnostic>), ConfigError> {
    let mut notes = Notes::default();
    let user = load::user(inputs, files, &mut notes)?;
    let found = load::find(inputs, files)?;
    let file = found.as_ref().map(|(file, _)| file.clone());
    let project = match found {
        Some(found) => load::project(inputs, files, found, &mut notes)?,
        None => None,
    };
    let mut layers = Layers { inputs, project, user, mistakes: notes.mistakes };
    let untrusted = untrusted(&layers, &mut notes.warnings);
    let mode = mode(&layers);
    let resolved = Resolved {
        project: about(&layers, file.as_deref()),
        dashboard: dashboard(&mut layers, &mode),
        bridge: bridge(&mut layers, mode),
        llm: llm::resolve(&mut layers),
        mcp: by_name::mcp(&mut layers),
        agents: by_name::agents(&layers),
        sources: sources(&mut layers),
        trust: trust(&layers),
        store: store(&layers),
        update: update(&layers),
        offline: offline(&mut layers),
        allow_unverified: flag(inputs.flags.allow_unverified, "--allow-unverified"),
        authority: Setting::default(Authority::default()),
        binary: match &inputs.flags.binary {
            Some(binary) => Setting::new(binary.clone(), SettingOrigin::Flag("--binary")),
            None => Setting::default(Name::default()),
        },
        cache_dir: dirs::cache_dir(inputs)?,
        state_dir: dirs::state_dir(inputs)?.map(StateDir::new),
        untrusted,
        warnings: notes.warnings,
    };
    Ok((resolved, layers.mistakes))
}

fn flag(given: bool, name: &'static str) -> Setting<bool> {
    if given { Setting::new(true, SettingOrigin::Flag(name)) } else { Setting::default(false) }
}

/// What the project was not trusted to say, as far as it would have had an effect.
fn untrusted(layers: &Layers<'_>, warnings: &mut Vec<Diagnostic>) -> Option<Untrusted> {
    let project = layers.project.as_ref()?;
    let (untrusted, items) = project.untrusted.as_ref()?;
    let inputs = layers.inputs;
    let sources_given =
        !inputs.flags.sources.is_empty() || inputs.env.get("LOOM_SOURCES").is_some();
    let mcp_given = inputs.env.get(by_name::MCP_SERVERS).is_some();
    let given = |table: &str| match table {
        "sources" => sources_given,
        "mcp" => mcp_given,
        _ => false,
    };
    let mut what = Vec::new();
    for (item, shown) in items.iter().zip(&untrusted.what) {
        if item.weakens {
            let place = project.loaded.place(shown.line, &shown.key);
            warnings.push(
                Diagnostic::new(place, "may only tighten until the project is trusted")
                    .hint(untrusted.hint()),
            );
        } else if !given(&item.path[0]) {
            what.push(shown.clone());
        }
    }
    (!what.is_empty()).then(|| Untrusted { what, ..untrusted.clone() })
}

fn about(layers: &Layers<'_>, file: Option<&Path>) -> Project {
    let project = layers.project.as_ref().map(|project| &project.loaded);
    let text = |pick: fn(&super::tables::File) -> Option<&Spanned<String>>| {
        project.and_then(|loaded| setting(loaded, pick(&loaded.tables)))
    };
    let folder = file.and_then(Path::parent).unwrap_or(&layers.inputs.cwd);
    Project {
        root: folder.to_owned(),
        file: file.map(Path::to_owned),
        name: text(|file| file.name.as_ref()),
        version: text(|file| file.version.as_ref()),
        description: text(|file| file.description.as_ref()),
    }
}

fn mode(layers: &Layers<'_>) -> Setting<Mode> {
    match layers.inputs.flags.mode {
        Some(mode) => Setting::new(mode, SettingOrigin::Flag("--mode")),
        None => layers
            .file(|file| file.bridge.as_ref()?.value.mode.as_ref())
            .unwrap_or(Setting::default(Mode::Full)),
    }
}

fn bridge(layers: &mut Layers<'_>, mode: Setting<Mode>) -> BridgeSettings {
    let flags = &layers.inputs.flags;
    let expected = "host:port, such as 127.0.0.1:50051";
    let mut address = layers
        .env("LOOM_BRIDGE_ADDR", expected, |text| text.parse().ok())
        .or_else(|| layers.file(|file| file.bridge.as_ref()?.value.address.as_ref()))
        .unwrap_or_else(|| Setting::default(Address { host: "127.0.0.1".to_owned(), port: 50051 }));
    if let Some(port) = flags.bridge_port {
        address.value.port = port;
        address.origin = SettingOrigin::Flag("--bridge-port");
    }
    let selects = "latest, a version (0.2.0), a range (0.2, ^0.2, >=0.1,<0.3) or dev";
    let version = match &flags.version {
        Some(version) => Setting::new(version.clone(), SettingOrigin::Flag("--version")),
        None => layers
            .env("LOOM_VERSION", selects, |text| text.parse().ok())
            .or_else(|| layers.file(|file| file.bridge.as_ref()?.value.version.as_ref()))
            .unwrap_or(Setting::default(Selector::Latest)),
    };
    let timeout = layers
        .file(|file| file.bridge.as_ref()?.value.timeout_sec.as_ref())
        .map_or(Setting::default(Duration::from_secs(30)), |t| t.map(|Seconds(value)| value));
    BridgeSettings { address, mode, version, timeout }
}

fn dashboard(layers: &mut Layers<'_>, mode: &Setting<Mode>) -> DashboardSettings {
    let wanted = layers
        .env("LOOM_DASHBOARD", SWITCH, yes_or_no)
        .or_else(|| layers.file(|file| file.dashboard.as_ref()?.value.enabled.as_ref()))
        .unwrap_or(Setting::default(true));
    let host = layers
        .env("LOOM_DASHBOARD_HOST", "a host, such as 127.0.0.1", Host::parse)
        .or_else(|| layers.file(|file| file.dashboard.as_ref()?.value.host.as_ref()))
        .map_or_else(|| Setting::default("127.0.0.1".to_owned()), |h| h.map(|Host(host)| host));
    let port = layers.env("LOOM_DASHBOARD_PORT", "a port from 0 to 65535", |t| t.parse().ok());
    let port = match layers.inputs.flags.dashboard_port {
        Some(port) => Setting::new(port, SettingOrigin::Flag("--dashboard-port")),
        None => port
            .or_else(|| layers.file(|file| file.dashboard.as_ref()?.value.port.as_ref()))
            .unwrap_or(Setting::default(3030)),
    };
    DashboardSettings { enabled: enabled(wanted, mode), host, port }
}

/// On when the mode is full and the dashboard is wanted; `--mode` beats what is wanted.
fn enabled(wanted: Setting<bool>, mode: &Setting<Mode>) -> Setting<bool> {
    let full = mode.value == Mode::Full;
    match mode.origin {
        SettingOrigin::Flag(_) => Setting::new(full, mode.origin.clone()),
        _ if wanted.value && !full => Setting::new(false, mode.origin.clone()),
        _ => wanted,
    }
}

/// The highest layer that names any source names all of them.
fn sources(layers: &mut Layers<'_>) -> Setting<Vec<SourceSpec>> {
    let (cwd, flags) = (&layers.inputs.cwd, &layers.inputs.flags);
    let mut given = Vec::new();
    for text in &flags.sources {
        match SourceSpec::shorthand(text, cwd) {
            Ok(spec) => given.push(spec),
            Err(e) => layers.mistakes.push(in_words(ConfigLocation::Flag("--source"), &e)),
        }
    }
    if !flags.sources.is_empty() {
        return Setting::new(given, SettingOrigin::Flag("--source"));
    }
    let place = ConfigLocation::Env("LOOM_SOURCES".to_owned());
    let named = match layers.inputs.env.text("LOOM_SOURCES") {
        Ok(text) => text.map(|text| SourceSpec::list(text, cwd)).transpose(),
        Err(mistake) => {
            layers.mistakes.push(mistake);
            Ok(None)
        }
    };
    match named {
        Ok(Some(list)) if !list.is_empty() => {
            return Setting::new(list, SettingOrigin::Env("LOOM_SOURCES".to_owned()));
        }
        Ok(_) => {}
        Err(e) => layers.mistakes.push(in_words(place, &e)),
    }
    layers
        .file(|file| file.sources.as_ref())
        .unwrap_or_else(|| Setting::default(SourceSpec::defaults()))
}

fn in_words(place: ConfigLocation, error: &super::SourceTextError) -> Diagnostic {
    let mistake = Diagnostic::new(place, error.to_string());
    match error.hint() {
        Some(hint) => mistake.hint(hint),
        None => mistake,
    }
}

/// An untrusted project may raise the bar and not lower it.
fn trust(layers: &Layers<'_>) -> TrustSettings {
    let checked = |checksum: &Checksum| *checksum == Checksum::Required;
    let signed = |signature: &Signature| *signature == Signature::Required;
    TrustSettings {
        checksum: stricter(layers, Checksum::Required, |t| t.checksum.as_ref(), checked),
        signature: stricter(layers, Signature::Optional, |t| t.signature.as_ref(), signed),
        keys: layers
            .file(|file| file.trust.as_ref()?.value.keys.as_ref())
            .unwrap_or(Setting::default(Vec::new())),
        minimum_release_age: stricter(
            layers,
            Duration::ZERO,
            |t| t.minimum_release_age.as_ref(),
            |age| *age,
        ),
    }
}

/// What the highest layer says; where the project may only tighten, the stricter of its word and what
/// would hold without it.
fn stricter<T: Clone, R: Ord>(
    layers: &Layers<'_>,
    default: T,
    pick: impl Fn(&TrustTable) -> Option<&Spanned<T>>,
    strictness: impl Fn(&T) -> R,
) -> Setting<T> {
    let said = |loaded: &Loaded| {
        setting(loaded, loaded.tables.trust.as_ref().and_then(|t| pick(&t.value)))
    };
    let below = layers.user.as_ref().and_then(said).unwrap_or(Setting::default(default));
    let Some(project) = &layers.project else { return below };
    match said(&project.loaded) {
        Some(above)
            if project.untrusted.is_none()
                || strictness(&above.value) > strictness(&below.value) =>
        {
            above
        }
        _ => below,
    }
}

fn store(layers: &Layers<'_>) -> StoreSettings {
    StoreSettings {
        keep: layers
            .file(|file| file.store.as_ref()?.value.keep.as_ref())
            .unwrap_or(Setting::default(3)),
        max_size: layers
            .file(|file| file.store.as_ref()?.value.max_size.as_ref())
            .map_or(Setting::default(None), |s| s.map(|Size(bytes)| Some(bytes))),
        keep_archives: layers
            .file(|file| file.store.as_ref()?.value.keep_archives.as_ref())
            .unwrap_or(Setting::default(false)),
    }
}

fn update(layers: &Layers<'_>) -> UpdateSettings {
    UpdateSettings {
        channel: layers
            .file(|file| file.update.as_ref()?.value.channel.as_ref())
            .unwrap_or_else(|| Setting::default("stable".to_owned())),
        check_interval: layers
            .file(|file| file.update.as_ref()?.value.check_interval.as_ref())
            .unwrap_or(Setting::default(Duration::from_secs(24 * 60 * 60))),
        policy: layers
            .file(|file| file.update.as_ref()?.value.policy.as_ref())
            .unwrap_or(Setting::default(UpdatePolicy::Notify)),
    }
}

fn offline(layers: &mut Layers<'_>) -> Setting<bool> {
    let said = layers.env("LOOM_OFFLINE", SWITCH, yes_or_no);
    match flag(layers.inputs.flags.offline, "--offline") {
        given if given.value => given,
        otherwise => said.unwrap_or(otherwise),
    }
}
