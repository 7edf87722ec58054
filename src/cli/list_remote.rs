//! `loom list --remote`: what the sources offer.

use std::{collections::BTreeMap, time::SystemTime};

use loom_base::{
    error_chain,
    time::{ago, format_rfc3339},
};
use loom_source::{Platform, Product, Slot, Version};
use serde_json::{Value, json};

use super::{
    CommandError, Exit, Outcome,
    context::Context,
    report::acquire::{cause_line, unlistable},
    selection::Selection,
    table::table,
};
use loom_runtime::{
    acquire::remote::{RemoteListing, SourceListing, list_remote},
    sources::{Candidate, OpenedSources},
    store::{AttemptKind, Store},
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

/// A release that a source offers.
#[derive(Default)]
struct RemoteRow {
    /// The sources that offer it, in the order in which they are asked.
    sources: Vec<String>,
    published: Option<SystemTime>,
    here: bool,
    /// Whether a source read that it has the release, and does not only list the version.
    is_read: bool,
}

type RemoteRows = BTreeMap<(Slot, Platform), RemoteRow>;

pub(crate) fn run(args: &RemoteArgs, context: &Context) -> Outcome {
    let selection = Selection { sources: args.sources.clone(), ..Selection::default() };
    let resolved = context.resolve(selection.flags())?;
    let store = context.store(&resolved)?;
    let OpenedSources { candidates, .. } = context.open_sources(&resolved, false)?;
    let product = context.line(&resolved)?;
    let platforms = if args.all_platforms {
        Platform::ALL.to_vec()
    } else if args.platforms.is_empty() {
        vec![product.platform]
    } else {
        args.platforms.to_vec()
    };
    let products: Vec<Product> =
        platforms.into_iter().map(|platform| Product { platform, ..product.clone() }).collect();
    let state = &resolved.state_dir.value;
    let listings = list_remote(&candidates, &products, resolved.offline.value, state)?;
    let rows = rows(&store, &listings, &candidates, args.prerelease)?;
    for error in listings.iter().filter_map(|listing| listing.unkept.as_ref()) {
        context.printer.warning(error_chain(error));
    }
    if let Some(error) = no_answer(&listings) {
        return Err(error);
    }
    let document = json!({
        "schema": 1,
        "releases": rows.iter().map(|row| row_json(&product, row)).collect::<Vec<_>>(),
        "sources": listings.iter().map(listing_json).collect::<Vec<_>>(),
    });
    context.printer.answer(&document, || human(&rows))?;
    if rows.values().any(|row| row.here) {
        context.printer.message("* installed");
    }
    if rows.values().any(|row| !row.is_read) {
        context
            .printer
            .message("? not read: the source may not have the version for this platform");
    }
    for text in listings.iter().filter_map(remark) {
        context.printer.message(text);
    }
    if rows.is_empty() {
        context.printer.message(format!("no source offers {}", product.binary));
    }
    Ok(Exit::Success)
}

fn rows(
    store: &Store,
    listings: &[SourceListing],
    candidates: &[Candidate],
    all: bool,
) -> Result<RemoteRows, CommandError> {
    let mut rows = RemoteRows::new();
    for (listing, candidate) in listings.iter().zip(candidates) {
        for (product, answer) in &listing.products {
            let RemoteListing::Offers { versions, build, .. } = answer else { continue };
            let shown = |version: &Version| all || candidate.prerelease || !version.is_prerelease();
            let versions = versions.iter().filter(|listed| shown(&listed.version));
            let mut slots: Vec<_> = versions
                .map(|listed| {
                    let slot = Slot::Version(listed.version.clone());
                    (slot, listed.published, !listed.is_presumed)
                })
                .collect();
            slots.extend(build.then_some((Slot::Dev, None, true)));
            for (slot, published, is_read) in slots {
                let here = store.find(&product.in_slot(slot.clone()))?.is_some();
                let row = rows.entry((slot, product.platform)).or_default();
                row.sources.push(listing.source.clone());
                row.published = row.published.or(published);
                row.here = here;
                row.is_read |= is_read || here;
            }
        }
    }
    Ok(rows)
}

/// Why a source listed nothing for any product, and the exit code of that; `None` where it listed something.
fn failure_of(listing: &SourceListing) -> Option<(Exit, String)> {
    match &listing.products.first()?.1 {
        RemoteListing::Failed(cause) => {
            let exit = match cause.kind() {
                AttemptKind::Rejected => Exit::Integrity,
                AttemptKind::Credentials => Exit::Credentials,
                _ => Exit::Unreachable,
            };
            Some((exit, cause_line(cause)))
        }
        RemoteListing::NotAsked => Some((Exit::Offline, NOT_ASKED.to_owned())),
        RemoteListing::Unlistable(why) => Some((Exit::Absent, why.clone())),
        RemoteListing::Offers { .. } | RemoteListing::FailedBefore => None,
    }
}

/// The error where no source listed its versions.
fn no_answer(listings: &[SourceListing]) -> Option<CommandError> {
    if listings.is_empty() {
        let message = "no source is configured";
        return Some(CommandError::new(Exit::Usage, message).hint("name one with --source"));
    }
    let failures: Option<Vec<(Exit, String)>> = listings.iter().map(failure_of).collect();
    let failures = failures?;
    // A source that failed may answer the next time; one that cannot be listed never does.
    let exits =
        [Exit::Integrity, Exit::Credentials, Exit::Unreachable, Exit::Offline, Exit::Absent];
    let exit = exits.into_iter().find(|exit| failures.iter().any(|(one, _)| one == exit))?;
    let causes = listings.iter().zip(failures);
    let causes = causes.map(|(listing, (_, why))| format!("{}: {why}", listing.source));
    Some(unlistable(exit, causes.collect()))
}

fn row_json(product: &Product, ((slot, platform), row): (&(Slot, Platform), &RemoteRow)) -> Value {
    json!({
        "authority": product.authority, "binary": product.binary, "version": slot.to_string(),
        "platform": platform, "sources": row.sources, "here": row.here, "read": row.is_read,
        "published": row.published.map(format_rfc3339),
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
    let published = row.published.map(format_rfc3339).unwrap_or_default();
    let mark = match (row.here, row.is_read) {
        (true, _) => "*",
        (false, true) => "",
        (false, false) => "?",
    };
    [
        mark.to_owned(),
        slot.to_string(),
        platform.to_string(),
        published.split('T').next().unwrap_or_default().to_owned(),
        row.sources.join(", "),
    ]
}

fn listing_json(listing: &SourceListing) -> Value {
    let first_failure = || {
        let failed = listing.products.iter().find_map(|(_, answer)| match answer {
            RemoteListing::Failed(cause) => Some(cause_line(cause)),
            _ => None,
        });
        failed.unwrap_or_default()
    };
    let products = listing.products.iter().map(|(product, answer)| {
        let (word, why, age) = match answer {
            RemoteListing::Offers { age, .. } => ("lists", None, *age),
            RemoteListing::Unlistable(why) => ("cannot-list", Some(why.clone()), None),
            RemoteListing::NotAsked => ("cannot-list", Some(NOT_ASKED.to_owned()), None),
            RemoteListing::Failed(_) | RemoteListing::FailedBefore => {
                ("failed", Some(first_failure()), None)
            }
        };
        let age = age.map(|age| age.as_secs());
        json!({"platform": product.platform, "answer": word, "why": why, "age_seconds": age})
    });
    json!({
        "source": listing.source, "ms": u64::try_from(listing.took.as_millis()).unwrap_or(u64::MAX),
        "platforms": products.collect::<Vec<_>>(),
    })
}

const NOT_ASKED: &str = "not asked: loom is offline";

/// What the user should know of a source beside its versions.
fn remark(listing: &SourceListing) -> Option<String> {
    let source = &listing.source;
    match &listing.products.first()?.1 {
        RemoteListing::Offers { age: Some(age), .. } => {
            Some(format!("{source}: listed {}", ago(*age)))
        }
        RemoteListing::Offers { .. } | RemoteListing::FailedBefore => None,
        RemoteListing::Unlistable(why) => Some(format!("{source} is not in this list: {why}")),
        RemoteListing::NotAsked => Some(format!("{source} is not in this list: {NOT_ASKED}")),
        RemoteListing::Failed(cause) => {
            Some(format!("warning: {source} did not answer: {}", cause_line(cause)))
        }
    }
}
