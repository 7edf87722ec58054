//! `loom store verify`

use indicatif::HumanBytes;
use serde_json::json;

use loom_runtime::{
    config::Resolved,
    store::{Damage, EvidenceCheck, EvidenceResult, Store, VerifyReport},
};

use crate::cli::{Exit, Outcome, context::Context, path_text::shown, ready, writer_args::counted};

/// Arguments of `loom store verify`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Check the signatures, checksums and statements of all installed versions again, with the keys of the configuration
    #[arg(long)]
    evidence: bool,
}

pub(super) fn run(args: &Args, context: &Context, resolved: &Resolved, store: &Store) -> Outcome {
    let mut report = store.verify()?;
    let mut checks = None;
    if args.evidence {
        let evidence = store.verify_evidence(&ready::policy(resolved)?.keys)?;
        report.findings.extend(evidence.findings);
        checks = Some(evidence.checks);
    }
    let listed = |damages: &[Damage]| -> Vec<_> {
        let one = |damage: &Damage| json!({"path": shown(&damage.path), "what": damage.what, "cure": damage.fix});
        damages.iter().map(one).collect()
    };
    let (findings, notices) = (listed(&report.findings), listed(&report.notices));
    let evidence: Option<Vec<_>> = checks.as_ref().map(|all| all.iter().map(check_json).collect());
    let document = json!({
        "schema": 1, "sound": findings.is_empty(), "releases": report.releases, "trees": report.trees,
        "objects": report.objects, "bytes": report.bytes, "evidence": evidence, "findings": findings,
        "notices": notices,
    });
    context.printer.answer(&document, || verify_text(&report, checks.as_deref()))?;
    for damage in &report.notices {
        context.printer.warning(line(damage));
    }
    if !report.findings.is_empty() {
        context.printer.message("`loom store repair` mends what can be mended");
    }
    // The document is the answer; an error would print a second one.
    Ok(if report.findings.is_empty() { Exit::Success } else { Exit::Integrity })
}

/// One thing that vouches for a version, and whether it still does.
fn check_json(check: &EvidenceCheck) -> serde_json::Value {
    let EvidenceCheck { release, digest, result } = check;
    json!({
        "binary": release.binary, "version": release.slot.to_string(), "platform": release.platform,
        "of": digest.of, "digest": digest.digest, "by": digest.by, "signature": digest.signature,
        "evidence": digest.evidence, "result": result.word(),
        "why": match result { EvidenceResult::Fails(why) => Some(why), _ => None },
    })
}

/// The damages, and a closing line such as `OK: 1 release, 3 objects verified (5.20 KiB)`.
fn verify_text(report: &VerifyReport, checks: Option<&[EvidenceCheck]>) -> String {
    let damages: String = report.findings.iter().map(|damage| line(damage) + "\n").collect();
    let holding = checks.unwrap_or_default().iter().map(|check| {
        let EvidenceCheck { release, digest, result } = check;
        format!("{release}: {} by {}: {}\n", digest.of.as_str(), digest.voucher(), result.word())
    });
    let holding: String = holding.collect();
    let verdict = match report.findings.len() {
        0 => "OK".to_owned(),
        count => format!("{} found", counted(count, "problem")),
    };
    let releases = counted(report.releases, "release");
    let objects = counted(report.objects, "object");
    let bytes = HumanBytes(report.bytes);
    format!("{holding}{damages}{verdict}: {releases}, {objects} verified ({bytes})")
}

fn line(damage: &Damage) -> String {
    format!("{}: {}; {}", damage.path.display(), damage.what, damage.fix)
}
