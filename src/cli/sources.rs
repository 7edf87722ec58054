//! Opens the configured sources: the one match over their kinds and schemes.

use std::path::{Path, PathBuf};

use loom_cargo_build::{
    CargoBuild, CargoBuildOptions, PackageSelection, choose::CheckoutCandidates,
};
use loom_http::NetworkSettings;
use loom_mirror::{Mirror, MirrorOptions};
use loom_source::Source;
use url::Url;

pub(crate) use super::network::network;
use super::{CommandError, Exit, context::Context, github, netrc, objects, plugins};
use loom_runtime::{
    config::{Layout, OnFailure, Resolved, SourceKind, SourceSpec},
    sources::{Bounded, Candidate, Reach},
    trust::SourceClass,
};

/// The sources that may be asked, in order, and what people should know about those that may not.
pub(crate) struct Opened {
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) hints: Vec<String>,
}

/// The checkout that this `loom` was built from; none in a distributed one.
pub(crate) fn built_from() -> Option<&'static Path> {
    option_env!("LOOM_BUILT_FROM").map(Path::new)
}

/// The cargo profile in which this `loom` was built; none for a distributed one.
fn built_profile() -> Option<String> {
    option_env!("LOOM_BUILT_PROFILE").map(str::to_owned)
}

/// Opens what is configured. With `build`, cargo is run in the checkout first, and its build stands before all else.
pub(crate) fn open(
    context: &Context,
    resolved: &Resolved,
    build: bool,
) -> Result<Opened, CommandError> {
    let mut opened = Opened { candidates: Vec::new(), hints: Vec::new() };
    let specs = &resolved.sources.value;
    if build && !specs.iter().any(|spec| matches!(spec.kind, SourceKind::Target { .. })) {
        let spec = SourceSpec::new(SourceKind::Target { path: None, profile: None });
        target(context, resolved, &spec, None, None, true, &mut opened)?;
    }
    for spec in specs {
        match &spec.kind {
            SourceKind::Target { path, profile } => {
                target(
                    context,
                    resolved,
                    spec,
                    path.as_deref(),
                    profile.as_deref(),
                    build,
                    &mut opened,
                )?;
            }
            SourceKind::Mirror { url, .. } => {
                opened.candidates.push(mirror(context, resolved, spec, url)?)
            }
            SourceKind::Github { .. } => {
                opened.candidates.push(github::open(context, resolved, spec)?);
            }
            SourceKind::Plugin { name, .. } => {
                opened.candidates.push(plugins::open(context, resolved, spec, name)?);
            }
        }
    }
    Ok(opened)
}

pub(crate) fn candidate(
    spec: &SourceSpec,
    origin: SourceClass,
    reach: Reach,
    source: Box<dyn Source>,
) -> Candidate {
    Candidate {
        name: spec.to_string(),
        origin,
        source,
        stop_on_error: spec.on_error == OnFailure::Stop,
        stop_on_absent: spec.on_absent == OnFailure::Stop,
        reach,
        timeout: spec.timeout,
        race: spec.race,
        prerelease: spec.prerelease,
    }
}

/// A cargo build: where a path is given there, else in the checkout that counts.
fn target(
    context: &Context,
    resolved: &Resolved,
    spec: &SourceSpec,
    path: Option<&Path>,
    profile: Option<&str>,
    build: bool,
    opened: &mut Opened,
) -> Result<(), CommandError> {
    let checkout = match path {
        Some(path) => Some(path.to_owned()),
        None => checkout(context, resolved, build, &mut opened.hints)?,
    };
    let Some(checkout) = checkout else {
        if build {
            return Err(CommandError::new(Exit::Usage, "--build needs a checkout of Loom")
                .hint("run it in a checkout of Loom, or give --source target:/CHECKOUT"));
        }
        return Ok(());
    };
    // What `cargo run` has compiled for this program is not compiled again in another profile or with other features.
    let own_profile = if build { built_profile() } else { None };
    let profile = profile.map(str::to_owned).or(own_profile);
    let selection = if is_built_from(&checkout) {
        PackageSelection::DefaultMembers
    } else {
        PackageSelection::Package
    };
    let options =
        CargoBuildOptions { profile, selection, build, ..target_options(context, checkout) };
    let source = Box::new(CargoBuild::open(options));
    opened.candidates.push(candidate(spec, SourceClass::Workspace, Reach::Disk, source));
    Ok(())
}

/// Whether this program was built from `checkout`.
fn is_built_from(checkout: &Path) -> bool {
    let canonical = |path: &Path| path.canonicalize().ok();
    built_from()
        .is_some_and(|own| canonical(own).is_some() && canonical(own) == canonical(checkout))
}

/// The newest build in `checkout`, found and made with the environment's cargo.
pub(crate) fn target_options(context: &Context, checkout: PathBuf) -> CargoBuildOptions {
    let env = context.env();
    CargoBuildOptions {
        target_dir: env.path("CARGO_TARGET_DIR"),
        cargo_home: env.path("CARGO_HOME").or_else(|| Some(std::env::home_dir()?.join(".cargo"))),
        cargo: env.path("CARGO").unwrap_or_else(|| PathBuf::from("cargo")),
        ..CargoBuildOptions::new(checkout)
    }
}

/// The checkout that counts when nobody named one.
pub(crate) fn checkout(
    context: &Context,
    resolved: &Resolved,
    build: bool,
    hints: &mut Vec<String>,
) -> Result<Option<PathBuf>, CommandError> {
    let state = resolved.state_dir.value.path();
    let sightings =
        CheckoutCandidates::look(state, built_from(), &context.cwd()?).map_err(|e| {
            CommandError::of(Exit::Failure, &e).hint("`loom dev unlink` forgets the link")
        })?;
    let choice = if build {
        loom_cargo_build::choose_checkout_to_build(sightings)
    } else {
        loom_cargo_build::choose_checkout(sightings)
    };
    hints.extend(choice.hint.map(|hint| hint.to_string()));
    Ok(choice.checkout.map(|(path, _)| path))
}

fn mirror(
    context: &Context,
    resolved: &Resolved,
    spec: &SourceSpec,
    url: &Url,
) -> Result<Candidate, CommandError> {
    let options = MirrorOptions {
        layout: match spec.layout {
            None => loom_mirror::MirrorLayout::Probe,
            Some(Layout::Store) => loom_mirror::MirrorLayout::Store,
            Some(Layout::Release) => loom_mirror::MirrorLayout::Release,
        },
        // A folder needs neither proxies nor certificates, and fails for none of them.
        network: match url.scheme() {
            "file" => NetworkSettings::default(),
            _ => network(context, resolved, spec)?,
        },
        authorization: None,
        objects: objects::options(&spec.kind, context.env(), std::env::home_dir().as_deref()),
    };
    let mirror =
        Mirror::open(netrc::with_login(context, url).into_owned(), options).map_err(|e| {
            CommandError::of(Exit::Usage, &e)
                .hint("`loom config show` says where this source is configured")
        })?;
    let reach = match (url.scheme(), mirror.is_local()) {
        ("file", _) => Reach::Disk,
        (_, true) => Reach::Loopback,
        (_, false) => Reach::Network,
    };
    let origin = if mirror.is_insecure() { SourceClass::PlainHttp } else { SourceClass::Mirror };
    let source: Box<dyn Source> = match reach {
        // What looks like a folder may be a mount whose server has gone away.
        Reach::Disk => Box::new(Bounded::new(mirror, spec.timeout)),
        Reach::Loopback | Reach::Network => Box::new(mirror),
    };
    Ok(candidate(spec, origin, reach, source))
}
