//! `loom source list`: the configured sources. No request is sent.

use std::time::SystemTime;

use loom_http::Journal;
use loom_source::Capabilities;
use serde_json::{Value, json};

use crate::cli::{
    Exit, Outcome, context::Context, path_text::shown, report::config::untrusted_warning,
};
use loom_runtime::{
    acquire::quarantine::Quarantine,
    config::{Flags, Resolved, SettingOrigin, SourceSpec},
    sources::Opener,
};

/// A configured source, for display.
struct ConfiguredSource<'a> {
    spec: &'a SourceSpec,
    origin: &'a SettingOrigin,
    /// What the source can do, in words; `None` if it cannot be opened.
    capabilities: Option<Vec<&'static str>>,
    /// Whether the source is asked last, because it served wrong bytes.
    quarantined: bool,
}

pub(super) fn run(context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    if let Some(untrusted) = &resolved.untrusted {
        context.printer.warning(untrusted_warning(untrusted));
    }
    let quarantine = Quarantine::load(&resolved.state_dir.value, SystemTime::now())?;
    let opener = context.opener(&resolved)?;
    let describe = |spec| describe(&opener, &resolved, &quarantine, spec);
    let sources: Vec<ConfiguredSource<'_>> = resolved.sources.value.iter().map(describe).collect();
    let list: Vec<Value> =
        sources.iter().enumerate().map(|(index, source)| source.json(index)).collect();
    let withheld = resolved.untrusted.as_ref().map(|untrusted| {
        let keys: Vec<&str> = untrusted.withheld.iter().map(|item| item.key.as_str()).collect();
        json!({"file": shown(&untrusted.scope.file), "keys": keys})
    });
    let document = json!({"schema": 1, "sources": list, "untrusted": withheld});
    context.printer.answer(&document, || {
        sources.iter().enumerate().map(|(index, source)| source.human(index)).collect()
    })?;
    Ok(Exit::Success)
}

fn describe<'a>(
    opener: &Opener,
    resolved: &'a Resolved,
    quarantine: &Quarantine,
    spec: &'a SourceSpec,
) -> ConfiguredSource<'a> {
    let candidate = opener.open(spec, Journal::default()).ok();
    let quarantined = candidate
        .as_ref()
        .is_some_and(|candidate| quarantine.against(&candidate.identity).next().is_some());
    let capabilities = candidate.map(|candidate| words(candidate.source.capabilities()));
    ConfiguredSource { spec, origin: &resolved.sources.origin, capabilities, quarantined }
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

impl ConfiguredSource<'_> {
    /// Whether the source is in a file that needs the user's trust.
    fn trusted(&self) -> bool {
        matches!(self.origin, SettingOrigin::Project { .. } | SettingOrigin::DotEnv { .. })
    }

    fn json(&self, index: usize) -> Value {
        json!({
            "order": index + 1, "name": self.spec.name, "type": self.spec.kind.type_name(),
            "address": self.spec.kind.to_string(), "origin": self.origin.json(),
            "trust": if self.trusted() { "given" } else { "not-needed" },
            "capabilities": self.capabilities, "quarantined": self.quarantined,
        })
    }

    fn human(&self, index: usize) -> String {
        let SourceSpec { name, kind, .. } = self.spec;
        let address = kind.to_string();
        let title = match name {
            Some(name) => format!("{name}  {address}"),
            None => address,
        };
        let capabilities = match &self.capabilities {
            None => "cannot be opened; `loom source test` prints why".to_owned(),
            Some(words) if words.is_empty() => "nothing".to_owned(),
            Some(words) => words.join(", "),
        };
        let trust = if self.trusted() { "trusted" } else { "needs no trust" };
        let quarantined =
            if self.quarantined { "; asked last: it recently served wrong bytes" } else { "" };
        format!(
            "{}. {title}\n   {}; {capabilities}{quarantined}\n   from {} ({trust})\n",
            index + 1,
            kind.type_name(),
            self.origin
        )
    }
}
