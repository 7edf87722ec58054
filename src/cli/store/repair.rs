//! `loom store repair`

use loom_source::{Release, Selector, Slot};
use serde_json::json;

use loom_runtime::{
    acquire::{Acquirer, RepairReport},
    config::Resolved,
    store::{Damage, RepairScope, Repaired, Store},
};

use crate::cli::{
    CommandError, Exit, Outcome, context::Context, path_text::shown, progress::ProgressReporter,
    ready, selection::Selection, writer_args::counted,
};

/// Arguments of `loom store repair`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Repair this version, those of a range, or the cargo builds (dev) only
    version: Option<Selector>,
    /// Print what is damaged, and change nothing; exit 6 if there is damage
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(args: &Args, context: &Context, resolved: &Resolved, store: &Store) -> Outcome {
    if args.version == Some(Selector::Latest) {
        let message = "latest is no version that is here: expected a version or a range";
        return Err(CommandError::new(Exit::Usage, message).hint("give one version, such as 0.2.0"));
    }
    let product = context.line(resolved)?;
    let wanted = |release: &Release| match (&args.version, &release.slot) {
        (None, _) => true,
        (Some(selector), Slot::Version(version)) => {
            release.product() == product && selector.matches(version)
        }
        (Some(selector), Slot::Dev) => *selector == Selector::Dev,
    };
    // What this machine has is enough for much of it.
    let candidates = context.open_sources(resolved, false).map_or_else(
        |error| {
            context.printer.warning(format!("no source is asked: {}", error.message));
            vec![]
        },
        |opened| opened.candidates,
    );
    let reporter = ProgressReporter::new(context, &candidates);
    let (state, policy) = (&resolved.state_dir.value, ready::policy(resolved)?);
    let options = ready::options(resolved, &Selection::default());
    let acquirer = Acquirer::new(store, state, &candidates, policy, options, &reporter);
    let scope = match args.version {
        None => RepairScope::Everything,
        Some(_) => RepairScope::Releases(&wanted),
    };
    if args.dry_run {
        let (findings, releases) = acquirer.plan_repair(scope)?;
        if releases == 0 && findings.is_empty() {
            none_here(args)?;
        }
        return plan(context, &findings);
    }
    let report = acquirer.repair(scope)?;
    context.notices(store);
    if report.releases == 0 && report.repaired.is_empty() && report.left.is_empty() {
        none_here(args)?;
    }
    let repaired: Vec<_> = report.repaired.iter().map(repaired_json).collect();
    let left: Vec<_> = report.left.iter().map(damage_json).collect();
    let document = json!({
        "schema": 1, "dry_run": false, "sound": left.is_empty(), "releases": report.releases,
        "repaired": repaired, "left": left,
    });
    context.printer.answer(&document, || text(&report))?;
    // The document is the answer; an error would print a second one.
    Ok(if report.left.is_empty() { Exit::Success } else { Exit::Integrity })
}

fn plan(context: &Context, findings: &[Damage]) -> Outcome {
    let left: Vec<_> = findings.iter().map(damage_json).collect();
    let document = json!({
        "schema": 1, "dry_run": true, "sound": left.is_empty(), "releases": null,
        "repaired": [], "left": left,
    });
    let verdict = match findings.len() {
        0 => "nothing is damaged".to_owned(),
        count => format!("{} found, nothing was changed", counted(count, "problem")),
    };
    context.printer.answer(&document, || format!("{}{verdict}", damage_lines(findings)))?;
    Ok(if findings.is_empty() { Exit::Success } else { Exit::Integrity })
}

/// The error where nothing is here of the versions that were named.
fn none_here(args: &Args) -> Result<(), CommandError> {
    let Some(version) = &args.version else { return Ok(()) };
    Err(CommandError::new(Exit::Absent, format!("{version} is not installed"))
        .hint("`loom list` shows the installed releases"))
}

fn repaired_json(repaired: &Repaired) -> serde_json::Value {
    json!({"path": shown(&repaired.path), "how": repaired.how, "what": repaired.what})
}

fn damage_json(damage: &Damage) -> serde_json::Value {
    json!({"path": shown(&damage.path), "what": damage.what, "cure": damage.fix})
}

fn damage_lines(damages: &[Damage]) -> String {
    let line =
        |damage: &Damage| format!("{}: {}; {}\n", damage.path.display(), damage.what, damage.fix);
    damages.iter().map(line).collect()
}

/// What was repaired, what could not be, and a closing line.
fn text(report: &RepairReport) -> String {
    let line = |it: &Repaired| match &it.what {
        Some(what) => format!("{}: {what}; {}\n", it.path.display(), it.how),
        None => format!("{}: {}\n", it.path.display(), it.how),
    };
    let repaired: String = report.repaired.iter().map(line).collect();
    let releases = counted(report.releases, "release");
    let verdict = match (report.repaired.len(), report.left.len()) {
        (0, 0) => format!("OK: nothing is damaged, {releases}"),
        (count, 0) => format!("OK: {} repaired, {releases}", counted(count, "file")),
        (0, left) => format!("{} left", counted(left, "problem")),
        (count, left) => {
            format!("{} left, {} made", counted(left, "problem"), counted(count, "change"))
        }
    };
    format!("{repaired}{}{verdict}", damage_lines(&report.left))
}
