//! `loom mirror bundle --to FILE`

use std::path::{Path, PathBuf};

use loom_mirror::bundle::{BundleContent, BundleWriter};
use loom_source::{Platform, Selector};
use serde_json::json;

use super::{
    bundle_format::BundleFormat, bundle_images::ImageBundle, bundle_key,
    mirror_location::MirrorLocation,
};
use crate::cli::{
    CommandError, Exit, Outcome, context::Context, image_layers::ImageArgs, path_text::shown,
    report, report::source_error::unanswered,
};
use loom_runtime::{
    acquire::SourceRuntime,
    config::{Flags, Resolved, SourceKind},
    lock::LockFile,
    mirror::{
        StoreRelease,
        bundle::{
            BundleSelection, Collected, LOCK, MirrorMetadata, WrittenBundle, collect, write_bundle,
        },
    },
    sources::Candidate,
    store::Store,
};

/// The folder of the Python package in a bundle.
const WHEELS: &str = "python";

/// The variable with the time that all files of a bundle get, in seconds since 1970.
const SOURCE_DATE_EPOCH: &str = "SOURCE_DATE_EPOCH";

/// Arguments of `loom mirror bundle`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// File to write, such as loom-0.2.0.loombundle
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// Format of the file: `loom`, `oci-layout` for `--source oci-layout:FILE`, podman and skopeo, or `docker-archive` for
    /// `docker load`
    #[arg(
        long,
        value_name = "FORMAT",
        value_enum,
        hide_possible_values = true,
        default_value = "loom"
    )]
    format: BundleFormat,
    /// Mirror to take the releases from [default: the store of this machine]
    #[arg(long, value_name = "MIRROR")]
    from: Option<MirrorLocation>,
    /// Version, range, or latest; may be repeated [default: the version of the lock file, else latest]
    #[arg(long = "version", value_name = "VERSION")]
    versions: Vec<Selector>,
    /// Platform; may be repeated [default: those of the lock file, else this machine's]
    #[arg(long = "platform", value_name = "PLATFORM")]
    platforms: Vec<Platform>,
    /// Lock file to put into the bundle: `loom up --locked` uses it once the signature of the bundle is verified
    #[arg(long, value_name = "FILE")]
    lock: Option<PathBuf>,
    /// minisign secret key to sign the bundle with [password: LOOM_SIGN_PASSWORD_FILE, else a prompt]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Put releases that this machine's store accepted without a checksum, too
    #[arg(long)]
    allow_unverified: bool,
    /// Put this program into the bundle, for machines without it
    #[arg(long)]
    with_loom: bool,
    /// Put a wheel of the Python package into the bundle; may be repeated
    #[arg(long, value_name = "FILE")]
    with_wheel: Vec<PathBuf>,
    #[command(flatten)]
    images: ImageArgs,
}

pub(super) fn run(args: &Args, context: &Context) -> Outcome {
    let allow_unverified = args.allow_unverified;
    let resolved = context.resolve(Flags { allow_unverified, ..Flags::default() })?;
    let to = context.cwd()?.join(&args.to);
    let folder = to.parent().unwrap_or(Path::new("/")).to_owned();
    let lock = args.lock.as_deref().map(|path| read_lock(context, path)).transpose()?;
    let selection = selection(args, context, &resolved, lock.as_ref())?;
    let candidate = open(args, context, &resolved)?;
    let runtime = SourceRuntime::default();
    // What this machine refuses does not go to others. An index that has expired does: its readers judge the time.
    runtime.block_on(candidate.verified_index())?.map_err(|error| unanswered(&error))?;
    if args.format != BundleFormat::Loom {
        check_images(args, &selection)?;
        let source = candidate.source.as_ref();
        let releases = runtime.block_on(selection.select(source))??;
        let metadata = runtime.block_on(MirrorMetadata::read(source))??;
        let images = ImageBundle {
            from: args.from.as_ref(),
            selected: &releases,
            metadata: &metadata,
            verified: !allow_unverified,
            format: args.format,
            args: &args.images,
        };
        return images.write(context, &resolved, &to);
    }
    args.images.check_unused()?;
    let collecting = collect(candidate.source.as_ref(), &selection, &folder);
    let mut collected = runtime.block_on(collecting)??;
    if !allow_unverified {
        check_verified(args, context, &resolved, &collected)?;
    }
    add_extras(args, context, lock, &mut collected.writer)?;
    let written = write_bundle(&collected, &to)?;
    answer(context, &to, &collected, &written)?;
    if written.manifest.signer.is_none() {
        context.printer.warning(
            "the bundle is not signed, so `loom up --locked` does not use its lock file; --key signs it",
        );
    }
    Ok(Exit::Success)
}

/// Fails where an option has no meaning for images.
fn check_images(args: &Args, selection: &BundleSelection) -> Result<(), CommandError> {
    if args.format == BundleFormat::DockerArchive && selection.platforms.len() > 1 {
        let message = "docker-archive holds images for one platform".to_owned();
        return Err(CommandError::new(Exit::Usage, message).hint("give one --platform"));
    }
    let is_given =
        args.lock.is_some() || args.key.is_some() || args.with_loom || !args.with_wheel.is_empty();
    if !is_given {
        return Ok(());
    }
    let message = "--lock, --key, --with-loom and --with-wheel have no meaning for images";
    Err(CommandError::new(Exit::Usage, message).hint("omit them"))
}

fn answer(
    context: &Context,
    to: &Path,
    collected: &Collected,
    written: &WrittenBundle,
) -> Result<(), CommandError> {
    let releases: Vec<String> = collected.releases.iter().map(ToString::to_string).collect();
    let WrittenBundle { manifest, digest, size } = written;
    let document = json!({
        "schema": 1, "path": shown(to), "sha256": digest, "size": size,
        "files": manifest.files.len(), "signer": manifest.signer, "releases": releases,
    });
    let text = || format!("{}\n{digest}  {}", releases.join("\n"), to.display());
    context.printer.answer(&document, text)
}

fn read_lock(context: &Context, path: &Path) -> Result<LockFile, CommandError> {
    let path = context.cwd()?.join(path);
    LockFile::read(&path)?.ok_or_else(|| report::lock::missing(Some(&path), "--lock"))
}

/// The releases: those that the options name, else those of the lock file, else the latest one for this machine.
fn selection(
    args: &Args,
    context: &Context,
    resolved: &Resolved,
    lock: Option<&LockFile>,
) -> Result<BundleSelection, CommandError> {
    let product = context.line(resolved)?;
    let locked = lock.and_then(|file| file.lock.binary(&product.authority, &product.binary));
    let mut versions = args.versions.clone();
    let mut platforms = args.platforms.clone();
    if versions.is_empty() {
        versions.push(
            locked.map_or(Selector::Latest, |binary| Selector::Exact(binary.version.clone())),
        );
    }
    if platforms.is_empty() {
        platforms.extend(locked.iter().flat_map(|binary| binary.platforms.keys()));
    }
    if platforms.is_empty() {
        platforms.push(product.platform);
    }
    Ok(BundleSelection {
        authority: product.authority,
        binary: product.binary,
        versions,
        platforms,
    })
}

/// The mirror that the releases are taken from. A store has the layout of a mirror.
fn open(args: &Args, context: &Context, resolved: &Resolved) -> Result<Candidate, CommandError> {
    match &args.from {
        Some(mirror) => mirror.open(context, resolved),
        None => MirrorLocation::folder(&resolved.cache_dir.value).open(context, resolved),
    }
}

/// Fails where a release of a store was accepted without a checksum. A mirror has no verifications.
fn check_verified(
    args: &Args,
    context: &Context,
    resolved: &Resolved,
    collected: &Collected,
) -> Result<(), CommandError> {
    let folder = match &args.from {
        None => Some(resolved.cache_dir.value.clone()),
        Some(from) => match from.spec(context, resolved)?.kind {
            SourceKind::Mirror(mirror) if mirror.url.scheme() == "file" => {
                mirror.url.to_file_path().ok()
            }
            _ => None,
        }
        .filter(|folder| folder.join("verifications").is_dir()),
    };
    let Some(folder) = folder else { return Ok(()) };
    let store = Store::open(&folder)?;
    for release in &collected.releases {
        if let Some(one) = StoreRelease::of(&store, release)? {
            one.check_verified(&store)?;
        }
    }
    Ok(())
}

/// Adds what is not part of the mirror: lock file, program, Python package, time and key.
fn add_extras(
    args: &Args,
    context: &Context,
    lock: Option<LockFile>,
    writer: &mut BundleWriter,
) -> Result<(), CommandError> {
    if let Some(lock) = lock {
        writer.add(LOCK, BundleContent::Bytes(lock.text().as_bytes().to_vec()));
    }
    if args.with_loom {
        let program = std::env::current_exe().map_err(|error| {
            let message = format!("could not find the program of this process: {error}");
            CommandError::new(Exit::Failure, message)
        })?;
        let name = format!("loom{}", std::env::consts::EXE_SUFFIX);
        writer.add_program(name, BundleContent::File(program));
    }
    for wheel in &args.with_wheel {
        let name = wheel.file_name().and_then(|name| name.to_str());
        let name = name.filter(|name| name.ends_with(".whl")).ok_or_else(|| {
            CommandError::new(Exit::Usage, format!("{} is not a wheel", wheel.display()))
                .hint("a wheel is a file whose name ends with .whl")
        })?;
        let path = context.cwd()?.join(wheel);
        writer.add(format!("{WHEELS}/{name}"), BundleContent::File(path));
    }
    if let Some(text) = context.env().get(SOURCE_DATE_EPOCH) {
        let time = text.parse().map_err(|_| {
            let message = format!("{SOURCE_DATE_EPOCH} is not a number of seconds: {text:?}");
            CommandError::new(Exit::Usage, message)
        })?;
        writer.set_time(time);
    }
    if let Some(key) = &args.key {
        writer.set_key(bundle_key::read(context, key)?);
    }
    Ok(())
}
