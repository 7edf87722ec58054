//! `loom store`

use std::path::PathBuf;

use indicatif::HumanBytes;
use loom_source::{Digest, Platform, Release, Selector, Slot, Version};
use serde_json::json;

use super::{
    CommandError, Exit, Outcome, context::Context, progress::ProgressReporter, ready, version_arg,
};
use loom_runtime::{
    acquire::{Acquirer, SourceRuntime, TransferRetry},
    config::{Flags, Resolved},
    store::{Store, TreeLimits},
};

/// Arguments of `loom store`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Hash everything and follow all links; exit 6 if anything is wrong
    Verify,
    /// How much room things take
    Du,
    /// Print the store's folder, or the folder of a release's tree
    Path(PathArgs),
    /// Take in an archive or a program as a release
    Add(AddArgs),
}

#[derive(Debug, clap::Args)]
struct PathArgs {
    /// The tree of this version, or of the cargo build (dev)
    #[arg(long)]
    version: Option<Selector>,
    /// The link where the version (or `latest`) would stand, whether it is here or not
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
    /// The SHA-256 that the file has to have
    #[arg(long, value_name = "HEX")]
    sha256: Option<Digest>,
    /// Take it as it is, without a digest
    #[arg(long)]
    allow_unverified: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let allow_unverified = matches!(&args.command, Command::Add(add) if add.allow_unverified);
    let resolved = context.resolve(Flags { allow_unverified, ..Flags::default() })?;
    let store = context.store(&resolved)?;
    match &args.command {
        Command::Verify => verify(context, &store),
        Command::Du => du(context, &store),
        Command::Path(path) => show_path(path, context, &resolved, &store),
        Command::Add(add_args) => add(add_args, context, &resolved, &store),
    }
}

fn verify(context: &Context, store: &Store) -> Outcome {
    let report = store.verify()?;
    let findings: Vec<_> = report
        .findings
        .iter()
        .map(|f| json!({"path": f.path, "what": f.what, "cure": f.cure}))
        .collect();
    let document = json!({
        "schema": 1, "sound": findings.is_empty(), "releases": report.releases, "trees": report.trees,
        "objects": report.objects, "bytes": report.bytes, "findings": findings,
    });
    context.printer.answer(&document, || {
        let line = |f: &loom_runtime::store::Damage| {
            format!("{}: {}; {}\n", f.path.display(), f.what, f.cure)
        };
        let findings: String = report.findings.iter().map(line).collect();
        let (trees, objects, bytes) = (report.trees, report.objects, HumanBytes(report.bytes));
        let verdict = if findings.is_empty() { "sound" } else { "damaged" };
        format!("{findings}{verdict}: {trees} trees, {objects} objects, {bytes}")
    })?;
    // The document has said it all; a second one for the error would make two.
    Ok(if report.findings.is_empty() { Exit::Success } else { Exit::Integrity })
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
    context.printer.answer(&document, || {
        let row =
            |what: &str, bytes: u64| format!("{:>12}  {what}\n", HumanBytes(bytes).to_string());
        let mut text: String = usage
            .releases
            .iter()
            .map(|r| row(&r.release.to_string(), r.tree + r.objects))
            .collect();
        text += &row("partial downloads", usage.partial);
        text += &row("garbage", usage.garbage);
        text + &row("in all", usage.total)
    })?;
    Ok(Exit::Success)
}

fn show_path(args: &PathArgs, context: &Context, resolved: &Resolved, store: &Store) -> Outcome {
    let (line, root) = (context.line(resolved)?, store.root().to_owned());
    let path = match &args.version {
        None => root.clone(),
        Some(Selector::Latest) if args.expected => store.latest_path(&line.in_slot(Slot::Dev)),
        Some(Selector::Exact(version)) => {
            slot_path(args.expected, store, line.in_slot(Slot::Version(version.clone())))?
        }
        Some(Selector::Dev) => slot_path(args.expected, store, line.in_slot(Slot::Dev))?,
        Some(several) => {
            return Err(CommandError::new(
                Exit::Usage,
                format!("{several} may mean many versions"),
            )
            .hint("give one version, such as 0.2.0; `loom which` says which one is meant"));
        }
    };
    let document = json!({"schema": 1, "path": path, "root": root, "platform": line.platform});
    context.printer.answer(&document, || path.display().to_string())?;
    Ok(Exit::Success)
}

/// The link of a release, or the tree behind it.
fn slot_path(expected: bool, store: &Store, release: Release) -> Result<PathBuf, CommandError> {
    if expected {
        return Ok(store.link_path(&release));
    }
    let installed = store.find(&release)?.ok_or_else(|| {
        CommandError::new(Exit::Absent, format!("{release} is not here"))
            .hint(format!("`loom get --version {}` fetches it", release.slot))
    })?;
    Ok(store.tree(&installed.tree))
}

fn add(args: &AddArgs, context: &Context, resolved: &Resolved, store: &Store) -> Outcome {
    let mut line = context.line(resolved)?;
    line.platform = args.platform.unwrap_or(line.platform);
    let release = line.at_version(args.version.clone());
    let teller = ProgressReporter::new(context, &[]);
    let acquirer = Acquirer {
        store,
        state: &resolved.state_dir.value,
        candidates: &[],
        policy: ready::policy(resolved),
        observer: &teller,
        limits: TreeLimits::default(),
        retry: TransferRetry::default(),
        keep_archives: resolved.store.keep_archives.value,
        freshness: resolved.update.check_interval.value,
        offline: true,
        force: true,
        allow_downgrade: false,
        quarantine: false,
        network: SourceRuntime::default(),
    };
    let added = acquirer.add(&release, &context.cwd()?.join(&args.file), args.sha256);
    context.notices(store);
    let installed = added?.installed;
    let document = json!({
        "schema": 1, "binary": line.binary, "version": args.version, "platform": line.platform,
        "tree": installed.tree, "path": installed.link,
    });
    context.printer.answer(&document, || installed.link.display().to_string())?;
    Ok(Exit::Success)
}
