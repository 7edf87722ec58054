//! A finding as text and as JSON.

use std::time::Duration;

use indicatif::HumanBytes;
use loom_source::Product;
use serde_json::{Value, json};

use super::finding::{Finding, OfferSummary, ProbeState};

/// A finding as JSON.
pub(crate) fn json(finding: &Finding, product: &Product) -> Value {
    let [dns, connect, answer] = finding.times().map(|time| time.map(milliseconds));
    let hosts: Vec<Value> = finding
        .hosts()
        .into_iter()
        .map(|(origin, redirected, via)| {
            json!({"origin": origin, "redirected": redirected, "proxy": via})
        })
        .collect();
    let mut document = json!({
        "name": finding.name, "type": finding.kind, "address": finding.address,
        "state": finding.state.word(), "login": finding.login(), "hosts": hosts,
        "ms": {"total": milliseconds(finding.took), "name": dns, "connection": connect, "answer": answer},
        "quarantined": finding.quarantined_for.is_some(), "offer": null, "error": null,
    });
    match &finding.state {
        ProbeState::Offers(offered) => {
            document["offer"] = json!({
                "version": offered.slot.to_string(), "binary": product.binary, "platform": product.platform,
                "forms": offered.packagings, "size": offered.size,
                "digests": offered.digest_sources, "evidence": offered.evidence,
            });
        }
        ProbeState::Failed(failure) => document["error"] = failure.json()["error"].clone(),
        _ => {}
    }
    document
}

/// A finding in one line of text.
pub(crate) fn summary(finding: &Finding, product: &Product) -> String {
    format!("{}: {}", finding.name, verdict(&finding.state, product).1)
}

/// A finding as text: the source, then a line for each result.
pub(crate) fn human(finding: &Finding, product: &Product) -> String {
    let Finding { name, address, .. } = finding;
    let mut text =
        if name == address { format!("{name}\n") } else { format!("{name}  {address}\n") };
    for (label, result) in lines(finding, product) {
        text.push_str(&format!("  {label:<8} {}\n", result.replace('\n', "\n           ")));
    }
    text
}

fn lines(finding: &Finding, product: &Product) -> Vec<(&'static str, String)> {
    let mut lines = vec![verdict(&finding.state, product)];
    if let ProbeState::Failed(failure) = &finding.state {
        lines.extend(failure.causes.iter().map(|cause| ("because", cause.clone())));
        lines.extend(failure.hint.iter().map(|hint| ("hint", hint.clone())));
    }
    if let ProbeState::Unlistable(_) = &finding.state {
        let hint = "`loom source test --version VERSION` looks for one version".to_owned();
        lines.push(("hint", hint));
    }
    if let Some(left) = finding.quarantined_for {
        let minutes = left.as_secs().div_ceil(60);
        let note =
            format!("quarantined: it served wrong bytes, and is queried last for {minutes} min");
        lines.push(("note", note));
    }
    if finding.login() == Some("accepted") {
        lines.push(("login", "sent and accepted".to_owned()));
    }
    if !finding.exchanges.is_empty() {
        lines.push(("time", times(finding)));
        lines.push(("allow", hosts(finding)));
    }
    lines
}

fn verdict(state: &ProbeState, product: &Product) -> (&'static str, String) {
    let Product { binary, platform, .. } = product;
    match state {
        ProbeState::Offers(offered) => ("ok", offers(offered, product)),
        ProbeState::Nothing => {
            ("nothing", format!("reachable, but has no {binary} for {platform}"))
        }
        ProbeState::Unlistable(why) => {
            ("unlisted", format!("reachable, but cannot list its versions: {why}"))
        }
        ProbeState::Skipped(why) => ("aside", (*why).to_owned()),
        ProbeState::Offline => ("offline", "not queried: network access is disabled".to_owned()),
        ProbeState::Failed(failure) => ("failed", failure.message.clone()),
    }
}

fn offers(offered: &OfferSummary, product: &Product) -> String {
    let OfferSummary { slot, packagings, size, digest_sources, evidence } = offered;
    let mut text = format!("offers {} {slot} for {}", product.binary, product.platform);
    let size = size.map(|size| format!(", {}", HumanBytes(size))).unwrap_or_default();
    if !packagings.is_empty() {
        text.push_str(&format!(" ({}{size})", packagings.join(", ")));
    }
    if slot.version().is_none() {
        return text;
    }
    text.push_str(&if digest_sources.is_empty() {
        "; no digest".to_owned()
    } else {
        format!("; digest from {}", joined(digest_sources))
    });
    if !evidence.is_empty() {
        let kinds: Vec<String> = evidence.iter().map(|kind| format!("{kind:?}")).collect();
        text.push_str(&format!("; signed ({})", kinds.join(", ").to_lowercase()));
    }
    text
}

fn joined(items: &[impl ToString]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn times(finding: &Finding) -> String {
    let names = ["name", "connection", "response"];
    let known = finding.times().into_iter().zip(names);
    let parts: Vec<String> = known
        .filter_map(|(time, name)| Some(format!("{name} {} ms", milliseconds(time?))))
        .collect();
    let total = format!("{} ms total", milliseconds(finding.took));
    if parts.is_empty() { total } else { format!("{total}; at most: {}", parts.join(", ")) }
}

/// The hosts that a firewall has to allow.
fn hosts(finding: &Finding) -> String {
    let host = |(origin, redirected, via): (&str, bool, Option<&str>)| {
        let redirected = if redirected { " (by redirect)" } else { "" };
        let via = via.map(|via| format!(" through {via}")).unwrap_or_default();
        format!("{origin}{redirected}{via}")
    };
    finding.hosts().into_iter().map(host).collect::<Vec<_>>().join("\n")
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
