//! From options and configuration to a launch, for `up`, `restart` and `exec`.

use std::{
    io::{self, BufRead, IsTerminal},
    path::Path,
    process::ExitStatus,
    time::Duration,
};

use loom_environment::{ServerVariable, names};
use loom_source::{Selector, Slot};

use super::{
    CommandError, Exit, agent_telemetry,
    context::{Context, is_shown_by_all},
    launch_args::{AnyPort, LaunchArgs, bridge, dashboard},
    launch_attempt::LaunchAttempt,
    locked::RequestedVersion,
    prepared_launch::PreparedLaunch,
    project_scope::ProjectScope,
    ready::{choose, ready_product},
    report::config::{untrusted_error, untrusted_head, untrusted_lines},
    selection::Selection,
    supervise, update_watch,
};
use loom_runtime::{
    config::{self, Disk, Inputs, ReadOnce, Resolved, Trusted, Untrusted},
    launch::{self, Launch, LaunchKind, Launcher, RequestedSettings, RuntimeDocument},
    store::{Lease, Store, StoreError},
};

/// The options that this project's running runtime was started with.
pub(crate) fn running_args(context: &Context) -> Result<LaunchArgs, CommandError> {
    let ProjectScope { state, project, binary, .. } = ProjectScope::of(context)?;
    let stored = launch::launch_args(&state, &project, &binary)?;
    Ok(LaunchArgs::of_instance(stored))
}

/// The launch for these options, its release acquired, checked and leased.
pub(crate) fn launch(
    context: &Context,
    args: &LaunchArgs,
    kind: LaunchKind,
) -> Result<PreparedLaunch, CommandError> {
    acquired(context, args, kind, trusted(context, args)?)
}

/// The launch for `up`. Where another runtime runs that `up` must refuse, nothing is acquired.
pub(crate) fn launch_for_up(
    context: &Context,
    args: &LaunchArgs,
) -> Result<PreparedLaunch, CommandError> {
    let resolved = trusted(context, args)?;
    let choice = choose(context, &resolved, &context.line(&resolved)?, args.selection())?;
    let version = match &choice.selector {
        selector @ (Selector::Exact(_) | Selector::Dev) => Some(selector.to_string()),
        // Resolving these may need a query of the sources.
        Selector::Latest | Selector::Range(_) => None,
    };
    let dashboard = dashboard(&resolved);
    let requested = RequestedSettings {
        version: version.as_deref(),
        bridge: &bridge(&resolved),
        dashboard: dashboard.as_ref(),
        env: &server_env(context, &resolved, LaunchKind::Up),
    };
    let (state, project) = (&resolved.state_dir.value, &resolved.project.root);
    let binary = resolved.binary.value.as_ref();
    launch::check_settings(state, project, binary, &requested)?;
    acquired(context, args, LaunchKind::Up, resolved)
}

fn acquired(
    context: &Context,
    args: &LaunchArgs,
    kind: LaunchKind,
    resolved: Resolved,
) -> Result<PreparedLaunch, CommandError> {
    let store = context.store(&resolved)?;
    let product = context.line(&resolved)?;
    let choice = choose(context, &resolved, &product, args.selection())?;
    let lease = leased(context, &resolved, &store, args.selection(), &choice)?;
    context.notices(&store);
    let installed = lease.installed().clone();
    let launcher = std::env::current_exe().map_err(|e| {
        CommandError::new(Exit::Failure, format!("could not find the program file of loom: {e}"))
    })?;
    let update = update_watch::of(context, &resolved, &installed.release, &launcher)?;
    let (bridge, dashboard) = args.any_port.addresses(&resolved);
    let any_port = AnyPort::of(&bridge, dashboard.as_ref());
    let args = args.with_any_port(any_port);
    let launch = Launch {
        program: installed.entry.clone(),
        binary: installed.release.binary.to_string(),
        version: installed.release.slot.to_string(),
        tree: Some(installed.tree.to_string()),
        env: server_env(context, &resolved, kind),
        bridge,
        dashboard,
        ready_timeout: resolved.bridge.timeout.value,
        grace: GRACE,
        project: resolved.project.root.clone(),
        state: resolved.state_dir.value.clone(),
        kind,
        launcher: Launcher { program: launcher, args: vec![supervise::NAME.into()] },
        update,
        launch_args: args.stored(&context.cwd()?),
        lease: Some(lease.into_file()),
    };
    let attempt = LaunchAttempt { resolved, store, product, choice, installed, kind };
    Ok(PreparedLaunch { launch, attempt })
}

/// The variables of the server, among them the name of the project unless the user chose one. One that `loom up` starts
/// with a dashboard keeps its history in a file of the project, unless the user says where.
fn server_env(context: &Context, resolved: &Resolved, kind: LaunchKind) -> Vec<ServerVariable> {
    let mut env = resolved.runtime_env();
    env.extend(agent_telemetry::withheld(context.env()));
    if context.env().get(names::PROJECT).is_none() {
        let name = resolved.project.root.file_name().and_then(|name| name.to_str());
        env.extend(name.map(|name| ServerVariable::new(names::PROJECT, name)));
    }
    let is_chosen = resolved.history.file.is_some();
    if kind == LaunchKind::Up && resolved.dashboard.enabled.value && !is_chosen {
        let (state, project) = (&resolved.state_dir.value, &resolved.project.root);
        let file = launch::history_of(state, project, resolved.binary.value.as_ref());
        // Where the folder cannot be made, the server says that it keeps the history in memory.
        let _ = launch::create_history_folder(state);
        env.extend(file.to_str().map(|file| ServerVariable::new(names::HISTORY, file)));
    }
    env
}

/// How long a server may take to end before it is killed.
pub(crate) const GRACE: Duration = Duration::from_secs(10);

/// The lease of the selected release, whose files were checked. A damaged release is fetched again.
fn leased(
    context: &Context,
    resolved: &Resolved,
    store: &Store,
    selection: &Selection,
    choice: &RequestedVersion,
) -> Result<Lease, CommandError> {
    let state = resolved.state_dir.value.path();
    let product = context.line(resolved)?;
    let ready = || ready_product(context, resolved, store, selection, &product, choice);
    let acquired = ready()?;
    let lease = store.lease(&acquired.installed, state)?;
    let installed_slot = acquired.installed.release.slot.clone();
    let damaged = match store.check_before_launch(lease.installed()) {
        Ok(_) => return Ok(lease),
        Err(damaged @ StoreError::Damaged { .. }) => damaged,
        Err(error) => return Err(error.into()),
    };
    if installed_slot == Slot::Dev {
        context.printer.warning(format!("{damaged}; copying the build again"));
    }
    drop(lease);
    // The tree has lost its fingerprint, so it is hashed, found damaged and fetched again.
    let acquired = ready()?;
    let lease = store.lease(&acquired.installed, state)?;
    store.check_before_launch(lease.installed())?;
    Ok(lease)
}

/// The configuration. What an untrusted project sets is shown, and the user is asked to trust it where there is a
/// terminal. Files are read once, so that what was shown is what is trusted and takes effect.
fn trusted(context: &Context, args: &LaunchArgs) -> Result<Resolved, CommandError> {
    let files = ReadOnce::new(Disk);
    let inputs = context.inputs(args.flags())?;
    let resolved = config::resolve(&inputs, &files)?;
    context.warn(&resolved);
    for warning in resolved.warnings.iter().filter(|warning| !is_shown_by_all(warning)) {
        context.printer.warning(warning.to_string());
    }
    let Some(untrusted) = &resolved.untrusted else { return Ok(resolved) };
    let is_interactive = io::stdin().is_terminal() && context.printer.is_terminal();
    if !is_interactive || !consents(context, untrusted)? {
        return Err(untrusted_error(untrusted));
    }
    let trusted = Trusted::update(&resolved.state_dir.value, |trusted| {
        trusted.trust(&untrusted.scope);
        trusted.clone()
    })?;
    Ok(config::resolve(&Inputs { trusted, ..inputs }, &files)?)
}

fn consents(context: &Context, untrusted: &Untrusted) -> Result<bool, CommandError> {
    context.printer.warning(untrusted_head(untrusted));
    for line in untrusted_lines(untrusted) {
        context.printer.warning(format!("  {line}"));
    }
    context.printer.warning("trust this project? [y/N]");
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|e| CommandError::new(Exit::Usage, format!("could not read the answer: {e}")))?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

/// The description of a ready runtime, human-readable.
pub(crate) fn human(document: &RuntimeDocument) -> String {
    let mut text = format!("{} {} is ready", document.binary, document.version);
    if let Some(bridge) = &document.bridge {
        text.push_str(&format!("\n  bridge     {}", bridge.address));
    }
    if let Some(dashboard) = &document.dashboard {
        text.push_str(&format!("\n  dashboard  {}", dashboard.to_open()));
    }
    text.push_str(&format!("\n  log        {}", Path::new(&document.log).display()));
    text
}

/// The exit code of a child: its own, or 128 + n for signal n.
pub(crate) fn code_of(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status).map(|n| 128 + n);
    #[cfg(not(unix))]
    let signal = None;
    status.code().or(signal).and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
