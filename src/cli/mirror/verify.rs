//! `loom mirror verify URL`

use std::{collections::BTreeMap, time::SystemTime};

use indicatif::HumanBytes;
use loom_source::Platform;
use serde_json::{Value, json};

use super::{bundle_verify, mirror_location::MirrorLocation};
use crate::cli::transfer_report::{TransferReport, release_json};
use crate::cli::writer_args::counted;
use crate::cli::{
    Exit, Outcome, context::Context, report::source_error::unanswered, table::table, verbose,
};
use loom_runtime::{
    acquire::SourceRuntime,
    config::Flags,
    mirror::{self, MirrorFiles, MirrorFinding, MirrorVerification, VerifiedRelease},
    trust::{RevokedSigners, mirror::MirrorClock},
};

/// Arguments of `loom mirror verify`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The mirror or bundle: the name of a configured source, a URL or a path
    mirror: MirrorLocation,
    /// Public minisign key that must have signed the bundle: minisign:RW..., or a file
    /// [default: the keys in trust.keys]
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

pub(super) fn run(args: &Args, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    if let Some(path) = args.mirror.bundle(context, &resolved)? {
        return bundle_verify::run(context, &resolved, &path, args.key.as_deref());
    }
    let candidate = args.mirror.open(context, &resolved)?;
    let reporter = TransferReport::new(&context.printer);
    let files = MirrorFiles::of(candidate.source.as_ref());
    let clock = MirrorClock::new(SystemTime::now(), 0);
    let known = candidate.signed.as_ref().map(|signed| signed.known_root()).transpose();
    let known = known.map_err(|error| unanswered(&error))?.flatten();
    let revoked = RevokedSigners::new(resolved.trust.revoked.value.clone());
    let spec = args.mirror.spec(context, &resolved)?;
    let journal = verbose::journal(&context.printer).unwrap_or_default();
    let verifier = context.opener(&resolved)?.open_verifier(&spec, journal)?;
    let product = (&resolved.authority.value, &resolved.binary.value);
    let (known_root, runtime) = (known.as_ref(), SourceRuntime::default());
    let verified = match &verifier {
        Some(verifier) => {
            let judge = (clock, &revoked);
            let images =
                mirror::verify_images(files, verifier, product, known_root, judge, &reporter);
            runtime.block_on(images)
        }
        None => runtime.block_on(mirror::verify(files, known_root, clock, &revoked, &reporter)),
    };
    reporter.end();
    if let Some(verifier) = &verifier {
        verbose::report_skipped(&context.printer, &candidate.name, verifier.skipped());
    }
    let verification = verified??;
    if verification.signed.is_some() && known.is_none() {
        context.printer.warning(format!(
            "no root of this mirror is known here, so that the signatures were checked with the keys that the mirror itself \
             names: they do not show who made it. Give its root with `loom trust add-root FILE --sha256 DIGEST --source {}`",
            candidate.name
        ));
    }
    let document = document(&verification, known.is_some());
    context.printer.answer(&document, || text(&verification, known.is_some()))?;
    // The document is the answer; an error would print a second one.
    Ok(match (verification.findings.is_empty(), verification.is_damaged()) {
        (true, _) => Exit::Success,
        (false, true) => Exit::Integrity,
        (false, false) => Exit::Absent,
    })
}

/// `known` is whether a root of the mirror is known here.
fn document(verification: &MirrorVerification, known: bool) -> Value {
    let MirrorVerification { serial, signed, releases, findings, files, bytes } = verification;
    let releases = releases.iter().map(|one| {
        let mut release = release_json(&one.release);
        release["complete"] = json!(one.is_complete);
        release["yanked"] = json!(one.is_yanked);
        release
    });
    let finding = |MirrorFinding { path, release, what, is_missing }: &MirrorFinding| {
        json!({
            "path": path, "release": release.as_ref().map(release_json), "what": what,
            "missing": is_missing,
        })
    };
    json!({
        "schema": 1, "sound": findings.is_empty(), "serial": serial,
        "signed": signed.as_ref().map(|origin| json!({
            "mirror": origin.mirror, "root": origin.root, "keys": origin.keys,
            "known": known,
        })),
        "releases": releases.collect::<Vec<_>>(),
        "findings": findings.iter().map(finding).collect::<Vec<_>>(),
        "files": files, "bytes": bytes,
    })
}

fn text(verification: &MirrorVerification, known: bool) -> String {
    let MirrorVerification { serial, signed, releases, findings, files, bytes } = verification;
    let line = |finding: &MirrorFinding| format!("{}: {}\n", finding.path, finding.what);
    let findings_text: String = findings.iter().map(line).collect();
    let signed = match signed {
        Some(origin) if known => format!("signed under root {}", origin.root),
        Some(origin) => format!("signed under root {}, which is not known here", origin.root),
        None => "not signed".to_owned(),
    };
    let index = serial.map_or_else(|| "no index".to_owned(), |serial| format!("index {serial}"));
    let verdict = match findings.len() {
        0 => "OK".to_owned(),
        1 => "1 problem found".to_owned(),
        count => format!("{count} problems found"),
    };
    let size = HumanBytes(*bytes);
    format!(
        "{}{findings_text}{verdict}: {index}, {signed}, {}, {} verified ({size})",
        matrix(releases),
        counted(releases.len(), "release"),
        counted(*files, "file"),
    )
}

/// A row for each version, and in it whether the release of each platform is complete.
fn matrix(releases: &[VerifiedRelease]) -> String {
    let mut rows: BTreeMap<(String, loom_source::Version), BTreeMap<Platform, &str>> =
        BTreeMap::new();
    for VerifiedRelease { release, is_yanked, is_complete } in releases {
        let Some(version) = release.slot.version() else { continue };
        let state = match (is_complete, is_yanked) {
            (false, _) => "incomplete",
            (true, true) => "withdrawn",
            (true, false) => "complete",
        };
        let binary = format!("{}/{}", release.authority, release.binary);
        rows.entry((binary, version.clone())).or_default().insert(release.platform, state);
    }
    let cells = rows.iter().rev().map(|((binary, version), platforms)| {
        let of = |platform: Platform| platforms.get(&platform).copied().unwrap_or("-").to_owned();
        let [a, b, c, d, e] = Platform::ALL.map(of);
        [binary.clone(), version.to_string(), a, b, c, d, e]
    });
    let rows: Vec<[String; 7]> = cells.collect();
    if rows.is_empty() {
        return String::new();
    }
    let names = Platform::ALL.map(|platform| platform.to_string());
    let [a, b, c, d, e] = names.each_ref().map(String::as_str);
    table(["BINARY", "VERSION", a, b, c, d, e], &rows)
}
