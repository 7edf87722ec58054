//! `loom why`: how a release got here, or why it did not.

use std::{fmt::Write as _, time::SystemTime};

use indicatif::HumanBytes;
use loom_source::{Product, Release, Selector, Slot};
use serde_json::json;

use super::{CommandError, Exit, Outcome, build_note, context::Context, ready, which};
use loom_runtime::{
    acquire,
    config::{Flags, Resolved},
    store::{Attempt, Failed, Installed, Receipt, Store},
    trust::{Grade, Waiver},
};

/// Arguments of `loom why`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// latest, a version (0.2.0), a range, or dev; what `up` would take where it is not given
    version: Option<Selector>,
}

/// All that is known of what is asked about.
struct Known {
    line: Product,
    selector: Selector,
    /// Which layer chose the selector.
    by: String,
    installed: Option<Installed>,
    receipt: Option<Receipt>,
    /// Whether today's policy accepts it.
    accepted: bool,
    failure: Option<Failed>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let store = context.store(&resolved)?;
    let known = know(args, context, &resolved, &store)?;
    if known.receipt.is_none() && known.installed.is_none() && known.failure.is_none() {
        let Known { line, selector, .. } = &known;
        let message = format!("{} {selector} {} is not here", line.binary, line.platform);
        return Err(CommandError::new(
            Exit::Absent,
            format!("{message}, and nobody tried to get it"),
        )
        .hint(format!("`loom get --version {selector}` fetches it")));
    }
    context.printer.answer(&known.json(), || known.human())?;
    Ok(Exit::Success)
}

fn know(
    args: &Args,
    context: &Context,
    resolved: &Resolved,
    store: &Store,
) -> Result<Known, CommandError> {
    let line = context.line(resolved)?;
    let (selector, by) = match &args.version {
        Some(selector) => (selector.clone(), "as you asked".to_owned()),
        None => chosen(resolved, &line)?,
    };
    let found = match &selector {
        // Whether today's policy accepts it is told beside it.
        Selector::Exact(version) => store.find(&line.at_version(version.clone()))?,
        selector => which::find(context, resolved, store, &line, selector)?,
    };
    let slot = match (&found, &selector) {
        (Some(installed), _) => Some(installed.release.slot.clone()),
        (None, Selector::Exact(version)) => Some(Slot::Version(version.clone())),
        (None, Selector::Dev) => Some(Slot::Dev),
        (None, Selector::Latest | Selector::Range(_)) => None,
    };
    let release: Option<Release> = slot.clone().map(|slot| line.in_slot(slot));
    let receipt = release.as_ref().map(|release| store.receipt(release)).transpose()?.flatten();
    let accepted = match &release {
        Some(release) => acquire::here(store, release, &ready::policy(resolved))?.is_some(),
        None => false,
    };
    let wanted = selector.to_string();
    let about = |failed: &Failed| {
        failed.wanted == wanted || slot.as_ref().is_some_and(|slot| failed.is_about(slot))
    };
    let failure = store.failures(&line)?.into_iter().find(about);
    Ok(Known { line, selector, by, installed: found, receipt, accepted, failure })
}

/// What `up` would take, and which setting says so.
fn chosen(resolved: &Resolved, line: &Product) -> Result<(Selector, String), CommandError> {
    let selector = ready::selector(resolved, line)?;
    let by = format!("by {}", ready::origin(resolved, &selector));
    Ok((selector, by))
}

impl Known {
    fn json(&self) -> serde_json::Value {
        let Self { line, selector, by, installed, receipt, accepted, failure } = self;
        json!({
            "schema": 1, "binary": line.binary, "platform": line.platform,
            "wanted": {"version": selector.to_string(), "by": by},
            "version": installed.as_ref().map(|i| i.release.slot.to_string()),
            "tree": installed.as_ref().map(|i| i.tree), "path": installed.as_ref().map(|i| &i.link),
            "accepted": accepted, "receipt": receipt, "failure": failure,
        })
    }

    fn human(&self) -> String {
        let mut page = Page::default();
        let Product { binary, platform, .. } = &self.line;
        let slot = self.installed.as_ref().map(|i| i.release.slot.to_string());
        let named = slot.clone().unwrap_or_else(|| self.selector.to_string());
        page.title(&format!("{binary} {named} {platform}"));
        let chosen = match slot {
            Some(slot) if slot != self.selector.to_string() => {
                format!("{} ({}), which is {slot} here", self.selector, self.by)
            }
            _ => format!("{} ({})", self.selector, self.by),
        };
        page.row("version", &chosen);
        match (&self.installed, &self.receipt) {
            (Some(installed), Some(receipt)) => self.here(&mut page, installed, receipt),
            (Some(installed), None) => {
                page.row("here", &installed.link.display().to_string());
                page.row("", "without a receipt: nothing is known of how it got here");
            }
            (None, Some(receipt)) => {
                page.row(
                    "here",
                    "its link is missing; `loom get` hashes what is here, or fetches it",
                );
                told(&mut page, receipt);
            }
            (None, None) => page.row("here", "no"),
        }
        if let Some(failure) = &self.failure {
            failed(&mut page, failure);
        }
        page.0
    }

    fn here(&self, page: &mut Page, installed: &Installed, receipt: &Receipt) {
        page.row("here", &installed.link.display().to_string());
        if receipt.tree != Some(installed.tree) {
            page.row("", "the receipt speaks of another tree: it counts for nothing");
        } else if !self.accepted {
            page.row(
                "",
                "today's policy does not accept it; `loom get` fetches and checks it again",
            );
        }
        page.row("tree", &installed.tree.to_string());
        told(page, receipt);
    }
}

/// What a receipt says.
fn told(page: &mut Page, receipt: &Receipt) {
    let bytes = match receipt.bytes {
        0 => String::new(),
        bytes => format!(", {}", HumanBytes(bytes)),
    };
    let took = receipt.ms.get("total").map(|ms| format!(" in {}", time(*ms))).unwrap_or_default();
    page.row("from", &format!("{} ({}){bytes}{took}", receipt.source, receipt.origin));
    page.row("at", &receipt.at);
    if let Some(build) = &receipt.build {
        page.row("build", &build_note::told(build, SystemTime::now()));
    }
    for check in &receipt.checked {
        page.row("checked", &format!("{}, by {} ({})", check.what, check.by, proves(check.grade)));
    }
    if let Some(waiver) = receipt.waiver {
        page.row("let in", waived(waiver));
    }
    for unchecked in &receipt.unchecked {
        page.row("unchecked", unchecked);
    }
    for note in &receipt.notes {
        page.row("note", note);
    }
    attempts(page, &receipt.attempts);
}

fn failed(page: &mut Page, failure: &Failed) {
    page.gap();
    page.title(&format!("the last attempt failed, at {}", failure.at));
    page.row("wanted", &failure.wanted);
    page.row("error", &failure.message);
    if let Some(hint) = &failure.hint {
        page.row("hint", hint);
    }
    attempts(page, &failure.attempts);
}

/// Who was asked, what each answered and how long it took.
fn attempts(page: &mut Page, attempts: &[Attempt]) {
    for (number, attempt) in attempts.iter().enumerate() {
        let of = attempt.timeout_ms.map(|ms| format!(", timeout {}", time(ms))).unwrap_or_default();
        let name = if number == 0 { "asked" } else { "" };
        let Attempt { source, ms, outcome, .. } = attempt;
        page.row(name, &format!("{}. {source} ({}{of})", number + 1, time(*ms)));
        page.row("", &format!("   {outcome}"));
    }
}

fn proves(grade: Grade) -> &'static str {
    match grade {
        Grade::Transfer => "proves that it arrived whole, not who made it",
        Grade::Identity => "proves that it is this release",
    }
}

fn waived(waiver: Waiver) -> &'static str {
    match waiver {
        Waiver::AllowUnverified => "unverified, by --allow-unverified",
        Waiver::IfAvailable => "unverified, by trust.checksum = \"if-available\"",
        Waiver::Workspace => "as a cargo build of this machine",
    }
}

fn time(ms: u64) -> String {
    match ms {
        0..1000 => format!("{ms} ms"),
        _ => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
    }
}

/// Lines of a name and what it is; a name is said once.
#[derive(Default)]
struct Page(String);

impl Page {
    fn title(&mut self, text: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{text}");
    }

    fn row(&mut self, name: &str, text: &str) {
        let text = text.replace('\n', "\n             ");
        let _ = writeln!(self.0, "{}", format!("  {name:<9}  {text}").trim_end());
    }

    fn gap(&mut self) {
        self.0.push('\n');
    }
}
