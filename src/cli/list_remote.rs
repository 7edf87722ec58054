//! `loom list --remote`: what the sources offer.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use loom_source::{Platform, Product, Slot, Version};
use serde_json::{Value, json};

use super::{
    CommandError, Exit, Outcome, context::Context, ready, selection::Selection, table::table,
};
use loom_runtime::{
    acquire::{
        age_in_words,
        remote::{RemoteListing, SourceListing},
    },
    store::{Store, receipt::rfc3339},
};

/// The options of `loom list --remote`.
#[derive(Debug, clap::Args)]
pub(crate) struct RemoteArgs {
    /// List pre-releases too
    #[arg(long, requires = "remote")]
    prerelease: bool,
    /// List releases for this platform instead of this machine's; may be repeated
    #[arg(long = "platform", value_name = "PLATFORM", requires = "remote")]
    platforms: Vec<Platform>,
    /// List releases for every platform
    #[arg(long, requires = "remote", conflicts_with = "platforms")]
    all_platforms: bool,
    /// Source to query instead of the configured ones; may be repeated
    #[arg(long = "source", value_name = "SOURCE", requires = "remote")]
    sources: Vec<String>,
}

/// A release that some source offers.
#[derive(Default)]
struct RemoteRow {
    /// Those that carry it, the one that is asked first before all.
    sources: Vec<String>,
    published: Option<SystemTime>,
    here: bool,
}

type RemoteRows = BTreeMap<(Slot, Platform), RemoteRow>;

pub(crate) fn run(args: &RemoteArgs, context: &Context) -> Outcome {
    let selection = Selection { sources: args.sources.clone(), ..Selection::default() };
    let resolved = context.resolve(selection.flags())?;
    let store = context.store(&resolved)?;
    let opened = context.open_sources(&resolved, false)?;
    let line = context.line(&resolved)?;
    let platforms = match (args.all_platforms, &args.platforms[..]) {
        (true, _) => Platform::ALL.to_vec(),
        (false, []) => vec![line.platform],
        (false, named) => named.to_vec(),
    };
    let lines: Vec<Product> =
        platforms.into_iter().map(|platform| Product { platform, ..line.clone() }).collect();
    let shelves =
        ready::with_acquirer(context, &resolved, &store, &selection, &opened, |acquirer| {
            acquirer.offered(&lines)
        })?;
    let prereleases: Vec<bool> = opened.candidates.iter().map(|c| c.prerelease).collect();
    let rows = rows(&store, &shelves, &prereleases, args.prerelease)?;
    if let Some(failure) = nobody(&shelves) {
        return Err(failure);
    }
    let document = json!({
        "schema": 1,
        "releases": rows.iter().map(|row| row_json(&line, row)).collect::<Vec<_>>(),
        "sources": shelves.iter().map(shelf_json).collect::<Vec<_>>(),
    });
    context.printer.answer(&document, || human(&rows))?;
    if rows.values().any(|row| row.here) {
        context.printer.message("* installed");
    }
    for text in shelves.iter().filter_map(told) {
        context.printer.message(text);
    }
    if rows.is_empty() {
        context.printer.message(format!("no source offers {}", line.binary));
    }
    Ok(Exit::Success)
}

fn rows(
    store: &Store,
    shelves: &[SourceListing],
    prereleases: &[bool],
    all: bool,
) -> Result<RemoteRows, CommandError> {
    let mut rows = RemoteRows::new();
    for (shelf, counts) in shelves.iter().zip(prereleases) {
        for (line, said) in &shelf.lines {
            let RemoteListing::Carries { versions, build, .. } = said else { continue };
            let shown = |version: &Version| all || *counts || !version.is_prerelease();
            let versions = versions.iter().filter(|dated| shown(&dated.version));
            let mut slots: Vec<_> = versions
                .map(|dated| (Slot::Version(dated.version.clone()), dated.published))
                .collect();
            slots.extend(build.then_some((Slot::Dev, None)));
            for (slot, published) in slots {
                let here = store.find(&line.in_slot(slot.clone()))?.is_some();
                let row = rows.entry((slot, line.platform)).or_default();
                row.sources.push(shelf.source.clone());
                row.published = row.published.or(published);
                row.here = here;
            }
        }
    }
    Ok(rows)
}

/// Where not one source could say anything, that is a failure.
fn nobody(shelves: &[SourceListing]) -> Option<CommandError> {
    let failed = |shelf: &SourceListing| {
        shelf.lines.iter().all(|(_, s)| matches!(s, RemoteListing::Failed(_)))
    };
    if shelves.is_empty() {
        let message = "no source is configured";
        return Some(CommandError::new(Exit::Usage, message).hint("name one with --source"));
    }
    if !shelves.iter().all(failed) {
        return None;
    }
    let failure = CommandError::new(Exit::Unreachable, "no source could say what it offers");
    let causes = shelves.iter().filter_map(|shelf| match shelf.lines.first() {
        Some((_, RemoteListing::Failed(why))) => Some(format!("{}: {why}", shelf.source)),
        _ => None,
    });
    let hint = "check the address of each source named above, and the connection to it";
    Some(CommandError { causes: causes.collect(), ..failure }.hint(hint))
}

fn row_json(line: &Product, ((slot, platform), row): (&(Slot, Platform), &RemoteRow)) -> Value {
    json!({
        "authority": line.authority, "binary": line.binary, "version": slot.to_string(),
        "platform": platform, "sources": row.sources, "here": row.here,
        "published": row.published.map(rfc3339),
        "prerelease": slot.version().is_some_and(Version::is_prerelease),
    })
}

/// The table of releases, newest first.
fn human(rows: &RemoteRows) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let rows: Vec<[String; 5]> = rows.iter().rev().map(cells).collect();
    table(["", "VERSION", "PLATFORM", "PUBLISHED", "SOURCES"], &rows)
}

fn cells(((slot, platform), row): (&(Slot, Platform), &RemoteRow)) -> [String; 5] {
    let published = row.published.map(rfc3339).unwrap_or_default();
    [
        (if row.here { "*" } else { "" }).to_owned(),
        slot.to_string(),
        platform.to_string(),
        published.split('T').next().unwrap_or_default().to_owned(),
        row.sources.join(", "),
    ]
}

fn shelf_json(shelf: &SourceListing) -> Value {
    let lines = shelf.lines.iter().map(|(line, said)| {
        let (answer, why, heard) = match said {
            RemoteListing::Carries { heard, .. } => ("lists", None, *heard),
            RemoteListing::Silent(why) => ("cannot-list", Some(why), None),
            RemoteListing::Failed(why) => ("failed", Some(why), None),
        };
        let heard = heard.map(|age| age.as_secs());
        json!({"platform": line.platform, "answer": answer, "why": why, "age_seconds": heard})
    });
    json!({
        "source": shelf.source, "ms": u64::try_from(shelf.took.as_millis()).unwrap_or(u64::MAX),
        "platforms": lines.collect::<Vec<_>>(),
    })
}

/// What people should know about a source beside what it carries.
fn told(shelf: &SourceListing) -> Option<String> {
    let source = &shelf.source;
    match &shelf.lines.first()?.1 {
        RemoteListing::Carries { heard: Some(age), .. } => {
            Some(format!("{source}: as it said {}", ago(*age)))
        }
        RemoteListing::Carries { .. } => None,
        RemoteListing::Silent(why) => Some(format!("{source} is not in this list: {why}")),
        RemoteListing::Failed(why) => Some(format!("warning: {source} did not answer: {why}")),
    }
}

fn ago(age: Duration) -> String {
    match age.as_secs() {
        0..60 => age_in_words(age),
        _ => format!("{} ago", age_in_words(age)),
    }
}
