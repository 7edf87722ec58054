//! `loom release check`

use std::time::SystemTime;

use indicatif::HumanBytes;
use loom_base::error_chain;
use loom_runtime::{
    acquire::SourceRuntime,
    config::Flags,
    release::check::{CheckedFile, FileProblem, PlatformReport, ReleaseCheck},
    sources::Opener,
    store::Store,
};
use loom_source::{Platform, Version};
use serde_json::{Value, json};

use super::{destination, signer_args::SignerArgs};
use crate::cli::{
    CommandError, Exit, Outcome, context::Context, report::release::problem_exit, verbose,
    version_arg,
};

/// Arguments of `loom release check`.
#[derive(Debug, clap::Args)]
pub(super) struct CheckArgs {
    /// Where the release was published: OWNER/REPO on GitHub, the URL of a mirror, or the name of a configured source
    source: String,
    /// Version of the release
    #[arg(value_parser = version_arg::version)]
    version: Version,
    /// Platforms that the release has to have [default: all five]
    #[arg(long = "platform", value_name = "PLATFORM", num_args = 1..)]
    platforms: Vec<Platform>,
    #[command(flatten)]
    signers: SignerArgs,
}

pub(super) fn run(args: &CheckArgs, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let spec = destination::source(context, &resolved, &args.source)?;
    let journal = verbose::journal(&context.printer).unwrap_or_default();
    let opener = Opener { evidence: true, ..context.opener(&resolved)? };
    let candidate = opener.open(&spec, journal)?;
    let (product, at) = (context.line(&resolved)?, SystemTime::now());
    let signers =
        args.signers.signers(context, &resolved, (&product.authority, &candidate.name), at)?;
    let folder = tempfile::tempdir().map_err(|error| {
        CommandError::new(Exit::Failure, format!("no temporary folder could be made: {error}"))
            .hint("set TMPDIR to a folder with space for one unpacked release")
    })?;
    let check = ReleaseCheck {
        source: candidate.source.as_ref(),
        channel: candidate.channel,
        product,
        version: args.version.clone(),
        signers: &signers,
        at,
        store: &Store::open(folder.path())?,
    };
    let platforms =
        if args.platforms.is_empty() { Platform::ALL.to_vec() } else { args.platforms.clone() };
    let runtime = SourceRuntime::default();
    let mut reports = Vec::new();
    for platform in platforms {
        context.printer.detail(format!("checking {platform}"));
        reports.push(runtime.block_on(check.check(platform))?);
    }
    let problems = || reports.iter().flat_map(|report| &report.problems);
    let document = json!({
        "schema": 1, "source": spec.kind.to_string(), "version": args.version, "sound": problems().next().is_none(),
        "platforms": reports.iter().map(platform_json).collect::<Vec<_>>(),
    });
    context.printer.answer(&document, || reports.iter().map(platform_text).collect())?;
    let exits: Vec<Exit> = problems().map(|found| problem_exit(&found.problem)).collect();
    // The document is the answer; an error would print a second one.
    Ok(most_severe(&exits))
}

/// The exit code where several things are wrong: the first that applies of full disk, integrity, credentials, no answer
/// and absence.
fn most_severe(exits: &[Exit]) -> Exit {
    const ORDER: [Exit; 6] = [
        Exit::DiskFull,
        Exit::Integrity,
        Exit::Credentials,
        Exit::Offline,
        Exit::Unreachable,
        Exit::Absent,
    ];
    let first = ORDER.into_iter().find(|exit| exits.contains(exit));
    first.or(exits.first().copied()).unwrap_or(Exit::Success)
}

fn platform_json(report: &PlatformReport) -> Value {
    let PlatformReport { platform, asset, sha256, size, tree, checked, problems } = report;
    let checked = checked.iter().map(|CheckedFile { file, what, key, verified }| {
        json!({"file": file, "what": what, "key": key, "verified": verified})
    });
    let problems = problems.iter().map(|FileProblem { file, problem }| {
        let exit = problem_exit(problem);
        json!({"file": file, "message": error_chain(problem), "code": exit.code(), "kind": exit.kind()})
    });
    json!({
        "platform": platform, "asset": asset, "sha256": sha256, "size": size, "tree": tree,
        "checked": checked.collect::<Vec<_>>(), "problems": problems.collect::<Vec<_>>(),
    })
}

fn platform_text(report: &PlatformReport) -> String {
    let PlatformReport { platform, asset, size, checked, problems, .. } = report;
    let verdict = if problems.is_empty() { "OK" } else { "wrong" };
    let size = size.map(|size| format!(" ({})", HumanBytes(size))).unwrap_or_default();
    let asset = asset.as_deref().map(|asset| format!("  {asset}{size}")).unwrap_or_default();
    let mut text = format!("{platform}: {verdict}{asset}\n");
    for CheckedFile { file, what, key, verified } in
        checked.iter().filter(|file| file.what != "asset")
    {
        let by = key.as_deref().map(|key| format!(" by {key}")).unwrap_or_default();
        let not = if *verified { "" } else { " (not verified: by no known key)" };
        text += &format!("  {file}: {what}{by}{not}\n");
    }
    for FileProblem { file, problem } in problems {
        text += &format!("  {file}: {}\n", error_chain(problem));
    }
    text
}
