//! `loom doctor`
//!
//! | file | holds |
//! |---|---|
//! | `check` | one thing looked at, and how it is told |
//! | `machine` | the platform, and which `loom` is run |
//! | `place` | the folders of cache and state: can be written, locked, run from |
//! | `space` | how much is free, and whether programs may be run there |
//! | `way` | the way to the sources: proxies, certificates, `.netrc`, clock |

mod check;
mod machine;
mod place;
#[cfg(unix)]
mod space;
mod way;

use serde_json::{Value, json};

use self::check::{CheckGrade, DoctorCheck};
use super::{
    CommandError, Done, Exit, Outcome,
    context::Context,
    report::config::UNTRUSTED_HINT,
    source::{
        examine::examine,
        finding::{Finding, ProbeState},
        told,
    },
};
use loom_runtime::config::{self, Flags, Resolved};

/// Arguments of `loom doctor`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args, context: &Context) -> Outcome {
    let mut checks = vec![machine::platform(context), machine::program(context)];
    let mut findings = Vec::new();
    match context.resolve(Flags::default()) {
        Ok(resolved) => {
            checks.push(configuration(&resolved));
            checks.extend(place::all(&resolved.cache_dir.value, resolved.state_dir.value.path()));
            checks.extend(way::settings(&context.opener(&resolved)?, &resolved));
            findings = asked(context, &resolved, &mut checks)?;
            checks.extend(way::clock(&findings));
        }
        Err(failure) => {
            checks.push(DoctorCheck::failed("configuration", failure));
            let inputs = context.inputs(Flags::default())?;
            let folders = (config::dirs::cache_dir(&inputs), config::dirs::state_dir(&inputs));
            if let (Ok(cache), Ok(state)) = folders {
                checks.extend(place::all(&cache.value, state.value.path()));
            }
        }
    }
    tell(context, &checks, &findings)
}

fn configuration(resolved: &Resolved) -> DoctorCheck {
    if let Some(untrusted) = &resolved.untrusted {
        return DoctorCheck::warning("configuration", untrusted.to_string()).hint(UNTRUSTED_HINT);
    }
    match &resolved.warnings[..] {
        [] => DoctorCheck::well(
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
            .hint("`loom config check` names all of them"),
    }
}

/// Asks the sources, and adds a check for each.
fn asked(
    context: &Context,
    resolved: &Resolved,
    checks: &mut Vec<DoctorCheck>,
) -> Result<Vec<Finding>, CommandError> {
    let specs = &resolved.sources.value;
    if specs.is_empty() {
        let hint = "name one in config.toml or loom.toml: [[sources]]";
        checks.push(DoctorCheck::failure("sources", "none is configured").hint(hint));
    }
    let findings = match context.line(resolved) {
        Ok(_) => examine(context, resolved, specs, None)?,
        // Said already by the check of the platform.
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
    let line = context.line(resolved)?;
    let said = told::summary(finding, &line);
    Ok(match &finding.state {
        ProbeState::Failed(failure) => {
            let failure = CommandError { message: said, ..failure.clone() };
            DoctorCheck::failed("source", failure)
        }
        ProbeState::Nothing | ProbeState::Unlistable(_) => DoctorCheck::warning("source", said),
        _ if finding.quarantined_for.is_some() => DoctorCheck::warning("source", said)
            .hint("it brought wrong bytes; `loom why` tells of them"),
        _ => DoctorCheck::well("source", said),
    })
}

fn tell(context: &Context, checks: &[DoctorCheck], findings: &[Finding]) -> Outcome {
    let failed = checks.iter().filter(|check| check.grade == CheckGrade::Failure).count();
    let list: Vec<Value> = checks.iter().map(DoctorCheck::json).collect();
    let line = context.resolve(Flags::default()).and_then(|resolved| context.line(&resolved));
    let sources: Vec<Value> = match &line {
        Ok(line) => findings.iter().map(|finding| told::json(finding, line)).collect(),
        Err(_) => Vec::new(),
    };
    let document = json!({
        "schema": 1, "healthy": failed == 0, "version": env!("CARGO_PKG_VERSION"),
        "checks": list, "sources": sources,
    });
    context.printer.answer(&document, || {
        let told: String = checks.iter().map(DoctorCheck::human).collect();
        let end = match failed {
            0 => "nothing is wrong".to_owned(),
            1 => "one thing is wrong".to_owned(),
            n => format!("{n} things are wrong"),
        };
        format!("{told}\n{end}\n")
    })?;
    Ok(if failed == 0 { Done::Well } else { Done::Code(Exit::Failure.code()) })
}
