//! `loom source list`: what is configured; nobody is asked.

use std::time::SystemTime;

use loom_source::Capabilities;
use serde_json::{Value, json};

use crate::cli::{Exit, Outcome, context::Context, sources};
use loom_runtime::{
    acquire::quarantine::Quarantine,
    config::{Flags, Resolved, SettingOrigin, SourceSpec, show},
};

/// One configured source.
struct Row<'a> {
    spec: &'a SourceSpec,
    origin: &'a SettingOrigin,
    /// What it can do; `None` where it cannot be opened here.
    can: Option<Vec<&'static str>>,
    held: bool,
}

pub(super) fn run(context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    if let Some(untrusted) = &resolved.untrusted {
        context.printer.warning(format!("{untrusted}; {}", untrusted.hint()));
    }
    let quarantine = Quarantine::load(&resolved.state_dir.value, SystemTime::now())?;
    let row = |spec| row(context, &resolved, &quarantine, spec);
    let rows: Vec<Row<'_>> = resolved.sources.value.iter().map(row).collect();
    let list: Vec<Value> = rows.iter().enumerate().map(|(index, row)| row.json(index)).collect();
    let withheld = resolved.untrusted.as_ref().map(|untrusted| {
        let keys: Vec<&str> = untrusted.what.iter().map(|w| w.key.as_str()).collect();
        json!({"file": untrusted.file, "keys": keys})
    });
    let document = json!({"schema": 1, "sources": list, "untrusted": withheld});
    context.printer.answer(&document, || {
        rows.iter().enumerate().map(|(index, row)| row.human(index)).collect()
    })?;
    Ok(Exit::Success)
}

fn row<'a>(
    context: &Context,
    resolved: &'a Resolved,
    quarantine: &Quarantine,
    spec: &'a SourceSpec,
) -> Row<'a> {
    let mut alone = resolved.clone();
    alone.sources.value = vec![spec.clone()];
    let opened = sources::open(context, &alone, false).ok();
    let source =
        opened.as_ref().and_then(|opened| Some(opened.candidates.first()?.source.as_ref()));
    let held = quarantine.against(&spec.to_string()).next().is_some();
    let can = source.map(|source| words(source.capabilities()));
    Row { spec, origin: &resolved.sources.origin, can, held }
}

/// What a source can do, in words.
fn words(can: Capabilities) -> Vec<&'static str> {
    let all = [
        (can.releases, "releases"),
        (can.dev, "builds"),
        (can.list, "lists"),
        (can.resume, "resumes"),
        (can.claims, "digests"),
    ];
    all.into_iter().filter(|(can, _)| *can).map(|(_, word)| word).collect()
}

impl Row<'_> {
    /// Whether somebody had to trust the file that it stands in.
    fn trusted(&self) -> bool {
        matches!(self.origin, SettingOrigin::Project { .. } | SettingOrigin::DotEnv { .. })
    }

    fn json(&self, index: usize) -> Value {
        json!({
            "order": index + 1, "name": self.spec.name, "type": self.spec.kind.type_name(),
            "address": self.spec.kind.to_string(), "origin": show::origin(self.origin),
            "trust": if self.trusted() { "given" } else { "not-needed" },
            "capabilities": self.can, "quarantined": self.held,
        })
    }

    fn human(&self, index: usize) -> String {
        let SourceSpec { name, kind, .. } = self.spec;
        let address = kind.to_string();
        let title = match name {
            Some(name) => format!("{name}  {address}"),
            None => address,
        };
        let can = match &self.can {
            None => "cannot be opened here; `loom source test` says why".to_owned(),
            Some(can) if can.is_empty() => "nothing".to_owned(),
            Some(can) => can.join(", "),
        };
        let trust = if self.trusted() { "trusted" } else { "needs no trust" };
        let held = if self.held { "; asked last: it brought wrong bytes lately" } else { "" };
        format!(
            "{}. {title}\n   {}; {can}{held}\n   from {} ({trust})\n",
            index + 1,
            kind.type_name(),
            self.origin
        )
    }
}
