//! `loom doctor`
//!
//! | file | holds |
//! |---|---|
//! | [`bundle`] | `--bundle`: what a report of a problem needs, in one archive |
//! | `check` | [`DoctorCheck`]: one check and its result |
//! | `compliance` | the policy in force, and whether everything that is installed meets it |
//! | `machine` | the platform, and which `loom` a shell executes |
//! | `folders` | the folders of cache and state: writable, lockable |
//! | `space`, `filesystem` | free space and inodes, whether programs can be executed there, and the kind of file system |
//! | `permissions` | whether cache and state belong to this user |
//! | `damage` | whether the store is damaged, hashing only what was touched |
//! | `history` | the history of the project's runs: size and age |
//! | `instances` | runtimes that run, are orphaned, or ended unexpectedly |
//! | `origins` | where the configuration comes from |
//! | `mirrors` | whether what signed mirrors publish is still valid |
//! | `signatures` | whether signatures are required, and whether anything can meet that |
//! | `connection` | the connection to the sources: proxies, certificates, `.netrc`, clock |

mod bundle;
mod check;
mod compliance;
mod connection;
mod damage;
#[cfg(target_os = "linux")]
mod filesystem;
mod folders;
mod history;
mod instances;
mod machine;
mod mirrors;
mod origins;
#[cfg(unix)]
mod permissions;
mod signatures;
#[cfg(unix)]
mod space;

use std::path::PathBuf;

use serde_json::{Value, json};

use self::{
    check::{CheckGrade, DoctorCheck},
    compliance::Compliance,
};
use super::{
    CommandError, Exit, Outcome,
    context::Context,
    report::config::UNTRUSTED_HINT,
    source::{
        examine::examine,
        finding::{Finding, ProbeState},
        probe_report,
    },
};
#[cfg(unix)]
use loom_runtime::config::StoreSharing;
use loom_runtime::config::{self, Flags, Resolved};

/// Arguments of `loom doctor`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write what a report of a problem needs into this .tar.gz file, without secrets
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    /// Replace FILE if it is there
    #[arg(long, requires = "bundle")]
    force: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let mut checks = vec![machine::platform(context), machine::program(context)];
    let mut findings = Vec::new();
    let mut compliance = None;
    let mut store = Value::Null;
    let resolved = context.inputs(Flags::default()).map(|_| context.resolve(Flags::default()));
    match resolved {
        Err(failure) => checks.push(DoctorCheck::error("state", failure)),
        Ok(Ok(resolved)) => {
            checks.extend([configuration(&resolved), origins::check(context)]);
            let (machine, damage) = machine_checks(context, &resolved);
            checks.extend(machine);
            store = damage;
            match Compliance::of(context, &resolved) {
                Ok(found) => {
                    checks.push(found.check());
                    compliance = Some(found);
                }
                Err(failure) => checks.push(DoctorCheck::error("policy", failure)),
            }
            checks.extend(connection::settings(&context.opener(&resolved)?, &resolved));
            findings = source_checks(context, &resolved, &mut checks)?;
            checks.extend(mirrors::all(context, &resolved));
            checks.extend(signatures::check(context, &resolved, &findings));
            checks.extend(connection::clock(&findings));
        }
        Ok(Err(failure)) => {
            checks.push(DoctorCheck::error("configuration", failure));
            let inputs = context.inputs(Flags::default())?;
            let folders = (config::dirs::cache_dir(&inputs), config::dirs::state_dir(&inputs));
            if let (Ok(cache), Ok(state)) = folders {
                checks.extend(folders::all(&cache.value, state.value.path()));
            }
        }
    }
    let mut document = document(context, &checks, &findings, compliance.as_ref());
    document["store"] = store;
    report(args, context, &checks, document)
}

/// The checks of the folders of this machine, and of what runs from them; and the report of the store for JSON.
fn machine_checks(context: &Context, resolved: &Resolved) -> (Vec<DoctorCheck>, Value) {
    let (cache, state) = (&resolved.cache_dir.value, &resolved.state_dir.value);
    let mut checks = folders::all(cache, state.path());
    #[cfg(unix)]
    {
        let is_shared = resolved.store.shared.value == StoreSharing::Group;
        checks.push(permissions::check(cache, state.path(), is_shared));
    }
    // A store that cannot be opened has a check of its own.
    let damage = context.store(resolved).ok().map(|store| damage::check(&store));
    let (damage, document) = damage.unzip();
    checks.extend(damage);
    checks.extend(instances::all(state));
    checks.push(history::check(context));
    checks.extend(machine::remains(state));
    (checks, document.unwrap_or_default())
}

fn configuration(resolved: &Resolved) -> DoctorCheck {
    if let Some(untrusted) = &resolved.untrusted {
        return DoctorCheck::warning("configuration", untrusted.to_string()).hint(UNTRUSTED_HINT);
    }
    match &resolved.warnings[..] {
        [] => DoctorCheck::ok(
            "configuration",
            match &resolved.project.file {
                Some(file) => file.display().to_string(),
                None => match resolved.files.first() {
                    Some(file) => format!("no loom.toml; using {} and defaults", file.display()),
                    None => "no loom.toml; using defaults".to_owned(),
                },
            },
        ),
        [first, ..] => DoctorCheck::warning("configuration", first.to_string())
            .hint("`loom config check` reports all of them"),
    }
}

/// Queries the sources, and adds a check for each.
fn source_checks(
    context: &Context,
    resolved: &Resolved,
    checks: &mut Vec<DoctorCheck>,
) -> Result<Vec<Finding>, CommandError> {
    let specs = &resolved.sources.value;
    if specs.is_empty() {
        let hint = "configure one as [[sources]] in config.toml or loom.toml";
        checks.push(DoctorCheck::failure("sources", "no source is configured").hint(hint));
    }
    let findings = match context.line(resolved) {
        Ok(_) => examine(context, resolved, specs, None)?,
        // The check of the platform reports this already.
        Err(_) => Vec::new(),
    };
    for finding in &findings {
        checks.push(source(context, resolved, finding)?);
    }
    Ok(findings)
}

fn source(
    context: &Context,
    resolved: &Resolved,
    finding: &Finding,
) -> Result<DoctorCheck, CommandError> {
    let product = context.line(resolved)?;
    let summary = probe_report::summary(finding, &product);
    Ok(match &finding.state {
        ProbeState::Failed(failure) => {
            let error = CommandError { message: summary, ..failure.clone() };
            DoctorCheck::error("source", error)
        }
        ProbeState::Nothing | ProbeState::Unlistable(_) => DoctorCheck::warning("source", summary),
        _ if finding.quarantined_for.is_some() => DoctorCheck::warning("source", summary)
            .hint("the source served wrong bytes; `loom why` shows which"),
        _ => DoctorCheck::ok("source", summary),
    })
}

fn document(
    context: &Context,
    checks: &[DoctorCheck],
    findings: &[Finding],
    compliance: Option<&Compliance>,
) -> Value {
    let list: Vec<Value> = checks.iter().map(DoctorCheck::json).collect();
    let product = context.resolve(Flags::default()).and_then(|resolved| context.line(&resolved));
    let sources: Vec<Value> = match &product {
        Ok(product) => {
            findings.iter().map(|finding| probe_report::json(finding, product)).collect()
        }
        Err(_) => Vec::new(),
    };
    json!({
        "schema": 1, "healthy": failures(checks) == 0, "version": env!("CARGO_PKG_VERSION"),
        "checks": list, "sources": sources, "compliance": compliance.map(Compliance::json),
    })
}

fn failures(checks: &[DoctorCheck]) -> usize {
    checks.iter().filter(|check| check.grade == CheckGrade::Failure).count()
}

fn report(args: &Args, context: &Context, checks: &[DoctorCheck], mut document: Value) -> Outcome {
    let written = match &args.bundle {
        Some(file) => Some(bundle::write(context, &document, file, args.force)?),
        None => None,
    };
    if let Some(written) = &written {
        document["bundle"] = written.json();
    }
    let failed = failures(checks);
    context.printer.answer(&document, || {
        let lines: String = checks.iter().map(DoctorCheck::human).collect();
        let end = match failed {
            0 => "no problems found".to_owned(),
            1 => "1 problem found".to_owned(),
            n => format!("{n} problems found"),
        };
        let written = written.as_ref().map(|written| format!("\n{}", written.human()));
        format!("{lines}\n{end}\n{}", written.unwrap_or_default())
    })?;
    // The archive was asked for, and is there.
    Ok(if failed == 0 || written.is_some() { Exit::Success } else { Exit::Failure })
}
