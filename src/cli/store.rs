//! `loom store`

use std::path::PathBuf;

use indicatif::HumanBytes;
use loom_source::{Digest, Platform, Release, Selector, Slot, Version};
use serde_json::json;

use super::{
    CommandError, Exit, Outcome, context::Context, path_text::shown, progress::ProgressReporter,
    ready, selection::Selection, version_arg,
};
use loom_runtime::{
    acquire::{AcquireOptions, Acquirer, ProgramRule},
    config::{Flags, Resolved},
    store::{Damage, EvidenceCheck, EvidenceResult, Store, StoreUsage, VerifyReport},
};

/// Arguments of `loom store`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: StoreCommand,
}

#[derive(Debug, clap::Subcommand)]
enum StoreCommand {
    /// Hash all trees and objects, and follow all records and links; exit 6 if there is damage
    Verify(VerifyArgs),
    /// Show disk usage
    Du,
    /// Remove what nothing needs: damaged and abandoned trees, and files that no release names
    Gc,
    /// Print the store's folder, or the folder of a release's tree
    Path(PathArgs),
    /// Add an archive or a program as a release
    Add(AddArgs),
}

#[derive(Debug, clap::Args)]
struct VerifyArgs {
    /// Check the signatures, checksums and statements of all installed versions again, with the keys of the configuration
    #[arg(long)]
    evidence: bool,
}

#[derive(Debug, clap::Args)]
struct PathArgs {
    /// The tree of this version, or of the cargo build (dev)
    #[arg(long)]
    version: Option<Selector>,
    /// Print the path of the version's link (with --version latest that of `latest`), whether it is here or not
    #[arg(long, requires = "version")]
    expected: bool,
}

#[derive(Debug, clap::Args)]
struct AddArgs {
    /// A .tar.gz, .tar.zst or .zip archive, or the program itself
    file: PathBuf,
    /// Its version
    #[arg(long, value_parser = version_arg::version)]
    version: Version,
    /// Its platform [default: this machine's]
    #[arg(long)]
    platform: Option<Platform>,
    /// The SHA-256 of the file
    #[arg(long, value_name = "HEX")]
    sha256: Option<Digest>,
    /// Accept the file without a digest
    #[arg(long)]
    allow_unverified: bool,
    /// Accept a program that is neither an executable of the platform nor a script
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let allow_unverified = matches!(&args.command, StoreCommand::Add(add) if add.allow_unverified);
    let resolved = context.resolve(Flags { allow_unverified, ..Flags::default() })?;
    let store = context.store(&resolved)?;
    match &args.command {
        StoreCommand::Verify(args) => verify(args, context, &resolved, &store),
        StoreCommand::Du => du(context, &store),
        StoreCommand::Gc => gc(context, &store),
        StoreCommand::Path(path) => show_path(path, context, &resolved, &store),
        StoreCommand::Add(add_args) => add(add_args, context, &resolved, &store),
    }
}

fn verify(args: &VerifyArgs, context: &Context, resolved: &Resolved, store: &Store) -> Outcome {
    let mut report = store.verify()?;
    let mut checks = None;
    if args.evidence {
        let evidence = store.verify_evidence(&ready::policy(resolved)?.keys)?;
        report.findings.extend(evidence.findings);
        checks = Some(evidence.checks);
    }
    let findings: Vec<_> = report
        .findings
        .iter()
        .map(|damage| json!({"path": shown(&damage.path), "what": damage.what, "cure": damage.fix}))
        .collect();
    let evidence: Option<Vec<_>> = checks.as_ref().map(|all| all.iter().map(check_json).collect());
    let document = json!({
        "schema": 1, "sound": findings.is_empty(), "releases": report.releases, "trees": report.trees,
        "objects": report.objects, "bytes": report.bytes, "evidence": evidence, "findings": findings,
    });
    context.printer.answer(&document, || verify_text(&report, checks.as_deref()))?;
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
    let line =
        |damage: &Damage| format!("{}: {}; {}\n", damage.path.display(), damage.what, damage.fix);
    let damages: String = report.findings.iter().map(line).collect();
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

/// `1 object`, `2 objects`.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn du(context: &Context, store: &Store) -> Outcome {
    let usage = store.du()?;
    let releases: Vec<_> = usage
        .releases
        .iter()
        .map(|r| {
            json!({
                "binary": r.release.binary, "version": r.release.slot.to_string(), "platform": r.release.platform,
                "tree": r.tree, "objects": r.objects, "shared": r.shared,
            })
        })
        .collect();
    let document = json!({
        "schema": 1, "releases": releases, "trees": usage.trees, "objects": usage.objects,
        "partial": usage.partial, "garbage": usage.garbage, "total": usage.total,
    });
    context.printer.answer(&document, || usage_text(&usage))?;
    if usage.garbage > 0 {
        context.printer.message("`loom store gc` removes the garbage");
    }
    Ok(Exit::Success)
}

fn gc(context: &Context, store: &Store) -> Outcome {
    let collected = store.collect_garbage()?;
    if collected.unreadable {
        context.printer.warning(
            "a record cannot be read, so trees and objects that it may need were kept; `loom store verify` names it",
        );
    }
    let left = HumanBytes(collected.left);
    if collected.left > 0 {
        context.printer.message(format!(
            "{left} of garbage stay: a process runs from it, it is less than a day old, or it belongs to another user"
        ));
    }
    let document = json!({"schema": 1, "freed": collected.freed, "garbage": collected.left});
    context.printer.answer(&document, || format!("removed {}", HumanBytes(collected.freed)))?;
    Ok(Exit::Success)
}

fn usage_text(usage: &StoreUsage) -> String {
    let row = |what: &str, bytes: u64| format!("{:>12}  {what}\n", HumanBytes(bytes).to_string());
    let mut text: String =
        usage.releases.iter().map(|r| row(&r.release.to_string(), r.tree + r.objects)).collect();
    text += &row("partial downloads", usage.partial);
    text += &row("garbage", usage.garbage);
    text + &row("total", usage.total)
}

fn show_path(args: &PathArgs, context: &Context, resolved: &Resolved, store: &Store) -> Outcome {
    let product = context.line(resolved)?;
    let root = store.root().to_owned();
    let path = match &args.version {
        None => root.clone(),
        Some(Selector::Latest) if args.expected => store.latest_path(&product.in_slot(Slot::Dev)),
        Some(Selector::Exact(version)) => {
            slot_path(args.expected, store, product.in_slot(Slot::Version(version.clone())))?
        }
        Some(Selector::Dev) => slot_path(args.expected, store, product.in_slot(Slot::Dev))?,
        Some(several) => {
            return Err(CommandError::new(
                Exit::Usage,
                format!("{several} matches several versions"),
            )
            .hint("give one version, such as 0.2.0; `loom which` prints the one that is used"));
        }
    };
    let document = json!({
        "schema": 1, "path": shown(&path), "root": shown(&root), "platform": product.platform,
    });
    context.printer.answer_path(&document, &path)?;
    Ok(Exit::Success)
}

/// The link of a release, or the tree behind it.
fn slot_path(expected: bool, store: &Store, release: Release) -> Result<PathBuf, CommandError> {
    if expected {
        return Ok(store.link_path(&release));
    }
    let installed = store.find(&release)?.ok_or_else(|| {
        CommandError::new(Exit::Absent, format!("{release} is not here"))
            .hint(format!("`loom get {}` fetches it", release.slot))
    })?;
    Ok(store.tree(&installed.tree))
}

fn add(args: &AddArgs, context: &Context, resolved: &Resolved, store: &Store) -> Outcome {
    let mut product = context.line(resolved)?;
    product.platform = args.platform.unwrap_or(product.platform);
    let release = product.at_version(args.version.clone());
    let reporter = ProgressReporter::new(context, &[]);
    let options = AcquireOptions {
        offline: true,
        force: true,
        quarantine: false,
        program: if args.force { ProgramRule::Any } else { ProgramRule::Known },
        ..ready::options(resolved, &Selection::default())
    };
    let policy = ready::policy(resolved)?;
    let acquirer = Acquirer::new(store, &resolved.state_dir.value, &[], policy, options, &reporter);
    let added = acquirer.add(&release, &context.cwd()?.join(&args.file), args.sha256);
    context.notices(store);
    let installed = added?.installed;
    let document = json!({
        "schema": 1, "binary": product.binary, "version": args.version, "platform": product.platform,
        "tree": installed.tree, "path": shown(&installed.link),
    });
    context.printer.answer_path(&document, &installed.link)?;
    Ok(Exit::Success)
}
