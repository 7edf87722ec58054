//! `loom list`

use std::time::SystemTime;

use indicatif::HumanBytes;
use loom_base::time::{age_in_words, format_rfc3339};
use loom_source::{Release, Slot};
use serde_json::{Value, json};

use super::{
    CommandError, Exit, Outcome, build_note,
    context::Context,
    list_generations,
    list_remote::{self, RemoteArgs},
    path_text::shown,
    ready,
    table::table,
    update_notice,
};
use loom_runtime::{
    acquire,
    config::Flags,
    store::{BuildReceipt, ListedRelease, Presence, Receipt, Unverified},
    update::UpdateMemory,
};

/// Arguments of `loom list`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// List what the sources offer, and mark what is installed
    #[arg(long)]
    remote: bool,
    /// List the versions that were the default one, the newest first; `loom rollback` goes back to one
    #[arg(long, conflicts_with = "remote")]
    generations: bool,
    #[command(flatten)]
    remote_args: RemoteArgs,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    if args.remote {
        return list_remote::run(&args.remote_args, context);
    }
    if args.generations {
        return list_generations::run(context);
    }
    let rows = rows(context)?;
    let document =
        json!({"schema": 1, "releases": rows.iter().map(LocalRow::json).collect::<Vec<_>>()});
    context.printer.answer(&document, || human(&rows))?;
    if rows.is_empty() {
        context.printer.message("no release is installed; `loom get` downloads one");
    }
    for legend in legends(&rows) {
        context.printer.message(legend);
    }
    update_notice::show(context);
    Ok(Exit::Success)
}

/// An installed release.
struct LocalRow {
    listed: ListedRelease,
    receipt: Option<Receipt>,
    build: Option<BuildReceipt>,
    /// The size of the release's files in bytes.
    size: u64,
    is_default: bool,
    /// When it was last used, to the hour.
    last_use: Option<SystemTime>,
    /// Why the release does not count; `None` where it does, and where it has no link.
    refused: Option<Unverified>,
    /// When an update to it was rolled back; `None` where none was.
    rolled_back: Option<String>,
}

fn rows(context: &Context) -> Result<Vec<LocalRow>, CommandError> {
    let resolved = context.resolve(Flags::default())?;
    let store = context.store(&resolved)?;
    let state = &resolved.state_dir.value;
    let policy = ready::policy(&resolved)?;
    let usage = store.du()?;
    let size = |release: &Release| {
        let of_release = usage.releases.iter().find(|usage| usage.release == *release);
        of_release.map(|usage| usage.tree).unwrap_or_default()
    };
    let mut rows = Vec::new();
    for listed in store.list()? {
        let release = &listed.release;
        if context.global.binary.as_ref().is_some_and(|binary| *binary != release.binary) {
            continue;
        }
        let chosen = acquire::chosen::load(state, &release.authority, &release.binary)?;
        let refused = match store.presence(release, &policy)? {
            Presence::Refused(_, why) => Some(why),
            Presence::Accepted(_) | Presence::Absent => None,
        };
        let rolled_back = match &release.slot {
            Slot::Version(version) => {
                UpdateMemory::of(state, &release.product()).roll_back_of(version)?
            }
            Slot::Dev => None,
        };
        let build = listed.installed.as_ref().map(|installed| build_note::of(&store, installed));
        rows.push(LocalRow {
            receipt: store.receipt(release)?,
            build: build.transpose()?.flatten(),
            size: size(release),
            is_default: chosen.as_ref() == Some(&release.slot),
            refused,
            rolled_back: rolled_back.map(|known| known.at),
            last_use: store.last_use(release),
            listed,
        });
    }
    Ok(rows)
}

fn human(rows: &[LocalRow]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let header = ["", "VERSION", "PLATFORM", "BINARY", "SIZE", "INSTALLED", "LAST USE", "SOURCE"];
    table(header, &rows.iter().map(LocalRow::cells).collect::<Vec<_>>())
}

/// What the marks mean that occur in these rows.
fn legends(rows: &[LocalRow]) -> Vec<&'static str> {
    let has_default = rows.iter().any(|row| row.is_default);
    let has_unlinked = rows.iter().any(|row| row.listed.installed.is_none());
    let has_refused = rows.iter().any(|row| row.refused.is_some());
    let was_rolled_back = rows.iter().any(|row| row.rolled_back.is_some());
    let legends = [
        (was_rolled_back, "< rolled back once; `loom why VERSION` gives the reason"),
        (has_default, "* default version, set with `loom use` or `loom rollback`"),
        (has_unlinked, "! not linked; `loom get` verifies its files and links them again"),
        (
            has_refused,
            "? does not count; `loom why VERSION` gives the reason, `loom get VERSION` mends it",
        ),
    ];
    legends.into_iter().filter(|(occurs, _)| *occurs).map(|(_, legend)| legend).collect()
}

impl LocalRow {
    fn json(&self) -> Value {
        let release = &self.listed.release;
        let installed = self.listed.installed.as_ref();
        json!({
            "authority": release.authority, "binary": release.binary, "version": release.slot.to_string(),
            "platform": release.platform, "tree": installed.map(|i| i.tree), "path": installed.map(|i| shown(&i.link)),
            "bytes": self.size,
            "source": self.receipt.as_ref().map(|r| &r.source), "at": self.receipt.as_ref().map(|r| &r.at),
            "build": self.build, "used": self.is_default,
            "last_use": self.last_use.map(format_rfc3339),
            "accepted": installed.is_some() && self.refused.is_none(),
            "refused": self.refused.as_ref().map(ToString::to_string),
            "rolled_back": self.rolled_back,
        })
    }

    fn cells(&self) -> [String; 8] {
        let release = &self.listed.release;
        let default = if self.is_default { "*" } else { "" };
        let state = match (&self.listed.installed, &self.refused) {
            (None, _) => "!",
            (Some(_), Some(_)) => "?",
            (Some(_), None) => "",
        };
        let rolled_back = if self.rolled_back.is_some() { "<" } else { "" };
        let at = self.receipt.as_ref().map_or("", |receipt| receipt.at.as_str());
        let source = match (&self.build, &self.receipt) {
            (Some(build), _) => build_note::describe(build, SystemTime::now()),
            (None, Some(receipt)) => receipt.source.clone(),
            (None, None) => String::new(),
        };
        [
            format!("{default}{state}{rolled_back}"),
            release.slot.to_string(),
            release.platform.to_string(),
            release.binary.to_string(),
            HumanBytes(self.size).to_string(),
            at.split('T').next().unwrap_or_default().to_owned(),
            self.last_use.map(ago).unwrap_or_default(),
            source,
        ]
    }
}

/// How long ago that was: `3 days`.
fn ago(at: SystemTime) -> String {
    age_in_words(at.elapsed().unwrap_or_default())
}
