//! `loom list`

use serde_json::{Value, json};

use super::{Done, Outcome, context::Context};
use crate::{
    acquire,
    config::Flags,
    store::{Listed, Receipt},
};

/// Arguments of `loom list`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let store = context.store(&resolved)?;
    let state = &resolved.state_dir.value;
    let mut rows = Vec::new();
    for listed in store.list()? {
        let release = &listed.release;
        let receipt = store.receipt(release)?;
        let chosen = acquire::chosen::load(state, &release.authority, &release.binary)?;
        let used = chosen.as_ref() == Some(&release.slot);
        rows.push(Row { listed, receipt, used });
    }
    let document = json!({"schema": 1, "releases": rows.iter().map(Row::json).collect::<Vec<_>>()});
    context.printer.answer(&document, || rows.iter().map(Row::human).collect())?;
    if rows.is_empty() {
        context.printer.message("nothing is here yet; `loom get` fetches a release");
    }
    Ok(Done::Well)
}

struct Row {
    listed: Listed,
    receipt: Option<Receipt>,
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
            "used": self.used,
        })
    }

    fn human(&self) -> String {
        let release = &self.listed.release;
        let from = match (&self.listed.installed, &self.receipt) {
            (None, _) => "not linked; `loom get` looks into it".to_owned(),
            (Some(_), Some(receipt)) => format!("from {}", receipt.source),
            (Some(_), None) => String::new(),
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
