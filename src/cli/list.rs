//! `loom list`

use std::time::SystemTime;

use loom_source::Platform;
use serde_json::{Value, json};

use super::{
    Done, Outcome, build_note,
    context::Context,
    list_remote::{self, RemoteQuery},
};
use loom_runtime::{
    acquire,
    config::Flags,
    store::{BuildReceipt, ListedRelease, Receipt},
};

/// Arguments of `loom list`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// List what the sources offer instead, and mark what is here
    #[arg(long)]
    pub(crate) remote: bool,
    /// Show pre-releases too
    #[arg(long, requires = "remote")]
    pub(crate) prerelease: bool,
    /// For this platform instead of this machine's; may be given more than once
    #[arg(long = "platform", value_name = "PLATFORM", requires = "remote")]
    pub(crate) platforms: Vec<Platform>,
    /// For every platform
    #[arg(long, requires = "remote", conflicts_with = "platforms")]
    pub(crate) all_platforms: bool,
    /// Ask this source instead of the configured ones; may be given more than once
    #[arg(long = "source", value_name = "SOURCE", requires = "remote")]
    pub(crate) sources: Vec<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    if args.remote {
        let Args { sources, platforms, all_platforms, prerelease, .. } = args;
        let (all_platforms, prerelease) = (*all_platforms, *prerelease);
        let query = RemoteQuery { sources, platforms, all_platforms, prerelease };
        return list_remote::run(&query, context);
    }
    let resolved = context.resolve(Flags::default())?;
    let store = context.store(&resolved)?;
    let state = &resolved.state_dir.value;
    let mut rows = Vec::new();
    for listed in store.list()? {
        let release = &listed.release;
        let receipt = store.receipt(release)?;
        let chosen = acquire::chosen::load(state, &release.authority, &release.binary)?;
        let used = chosen.as_ref() == Some(&release.slot);
        let build = listed.installed.as_ref().map(|installed| build_note::of(&store, installed));
        rows.push(Row { build: build.transpose()?.flatten(), listed, receipt, used });
    }
    let document = json!({"schema": 1, "releases": rows.iter().map(Row::json).collect::<Vec<_>>()});
    context.printer.answer(&document, || rows.iter().map(Row::human).collect())?;
    if rows.is_empty() {
        context.printer.message("nothing is here yet; `loom get` fetches a release");
    }
    Ok(Done::Well)
}

struct Row {
    listed: ListedRelease,
    receipt: Option<Receipt>,
    build: Option<BuildReceipt>,
    used: bool,
}

impl Row {
    fn json(&self) -> Value {
        let release = &self.listed.release;
        let installed = self.listed.installed.as_ref();
        json!({
            "authority": release.authority, "binary": release.binary, "version": release.slot.to_string(),
            "platform": release.platform, "tree": installed.map(|i| i.tree), "path": installed.map(|i| &i.link),
            "source": self.receipt.as_ref().map(|r| &r.source), "at": self.receipt.as_ref().map(|r| &r.at),
            "build": self.build, "used": self.used,
        })
    }

    fn human(&self) -> String {
        let release = &self.listed.release;
        let from = match (&self.listed.installed, &self.build, &self.receipt) {
            (None, ..) => "not linked; `loom get` looks into it".to_owned(),
            (Some(_), Some(build), _) => build_note::describe(build, SystemTime::now()),
            (Some(_), None, Some(receipt)) => format!("from {}", receipt.source),
            (Some(_), None, None) => String::new(),
        };
        let mark = if self.used { "*" } else { " " };
        let line = format!(
            "{mark} {:<12} {:<14} {:<20} {from}",
            release.slot.to_string(),
            release.platform.to_string(),
            release.binary.to_string()
        );
        format!("{}\n", line.trim_end())
    }
}
