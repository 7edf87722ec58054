//! `loom release pack`

use std::{
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use indicatif::HumanBytes;
use loom_runtime::{
    config::Flags,
    release::{
        Placed,
        checksum_files::SUMS,
        pack::{self, AdditionalFile, AttachedFile, PackRequest, PackedAsset},
    },
};
use loom_source::{Platform, Product, Version};
use serde_json::{Value, json};

use crate::cli::{CommandError, Exit, Outcome, context::Context, path_text::shown, version_arg};

/// The time of packed files where `SOURCE_DATE_EPOCH` is not set: 1980-01-01, the first one that zip can hold.
const DEFAULT_TIME: u64 = 315_532_800;

/// The last second that zip can hold: 2107-12-31.
const LAST_TIME: u64 = 4_354_819_199;

/// The variable that sets the time of packed files (<https://reproducible-builds.org/specs/source-date-epoch/>).
const TIME_VARIABLE: &str = "SOURCE_DATE_EPOCH";

/// Arguments of `loom release pack`.
#[derive(Debug, clap::Args)]
pub(super) struct PackArgs {
    /// The program, or a folder with the programs of several platforms, such as cargo's target folder
    #[arg(long, value_name = "FILE|DIR", default_value = "target")]
    program: PathBuf,
    /// Version of the release
    #[arg(long, value_parser = version_arg::version)]
    version: Version,
    /// Platforms to pack [default: this machine's]
    #[arg(long = "platform", value_name = "PLATFORM", num_args = 1..)]
    platforms: Vec<Platform>,
    /// Further file to pack beside the program, such as LICENSE; may be repeated
    #[arg(long, value_name = "FILE")]
    include: Vec<PathBuf>,
    /// Further files to publish beside the archives, such as wheels
    #[arg(long, value_name = "FILE", num_args = 1..)]
    attach: Vec<PathBuf>,
    /// Folder for the archives
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

pub(super) fn run(args: &PackArgs, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let cwd = context.cwd()?;
    let (place, to) = (cwd.join(&args.program), cwd.join(&args.to));
    let mut platforms = args.platforms.clone();
    if platforms.is_empty() {
        platforms.push(context.line(&resolved)?.platform);
    }
    platforms.sort_unstable();
    platforms.dedup();
    let time = time(context)?;
    let include: Vec<_> =
        args.include.iter().map(|path| AdditionalFile { path: cwd.join(path) }).collect();
    let mut packed = Vec::new();
    for platform in platforms {
        let product = Product {
            authority: resolved.authority.value.clone(),
            binary: resolved.binary.value.clone(),
            platform,
        };
        let request = PackRequest {
            program: pack::find_program(&place, &product)?,
            release: product.at_version(args.version.clone()),
            include: include.clone(),
            time,
            to: to.clone(),
        };
        context.printer.detail(format!("packing {}", request.program.display()));
        packed.push((platform, pack::pack(&request)?));
    }
    let attached = args.attach.iter().map(|file| pack::attach(&cwd.join(file), &to));
    let attached: Vec<AttachedFile> = attached.collect::<Result<_, _>>()?;
    let assets = packed.iter().map(|(_, asset)| (asset.name.clone(), asset.sha256));
    let others = attached.iter().map(|file| (file.name.clone(), file.sha256));
    pack::write_sums(&to, assets.chain(others))?;
    let document = json!({
        "schema": 1, "version": args.version, "folder": shown(&to), "sums": SUMS,
        "assets": packed.iter().map(|(platform, asset)| asset_json(*platform, asset)).collect::<Vec<_>>(),
        "attached": attached.iter().map(|file| &file.name).collect::<Vec<_>>(),
    });
    context.printer.answer(&document, || {
        let attached = attached.iter().map(|file| format!("{}  {}\n", file.sha256, file.name));
        packed.iter().map(|(_, asset)| asset_line(asset)).chain(attached).collect()
    })?;
    Ok(Exit::Success)
}

/// The time of the packed files.
fn time(context: &Context) -> Result<SystemTime, CommandError> {
    let seconds = match context.env().get(TIME_VARIABLE) {
        None => DEFAULT_TIME,
        Some(text) => {
            text.parse().ok().filter(|seconds| *seconds <= LAST_TIME).ok_or_else(|| {
                let message = format!(
                    "{TIME_VARIABLE} is {text:?}: expected seconds since 1970, at most {LAST_TIME}"
                );
                CommandError::new(Exit::Usage, message).hint(format!(
                    "set it with {TIME_VARIABLE}=$(git log -1 --format=%ct), or unset it"
                ))
            })?
        }
    };
    Ok(UNIX_EPOCH + Duration::from_secs(seconds))
}

fn asset_json(platform: Platform, asset: &PackedAsset) -> Value {
    json!({
        "name": asset.name, "platform": platform, "path": shown(&asset.path), "sha256": asset.sha256,
        "size": asset.size, "tree": asset.tree, "created": asset.placed == Placed::Created,
    })
}

fn asset_line(asset: &PackedAsset) -> String {
    let unchanged = if asset.placed == Placed::Unchanged { ", unchanged" } else { "" };
    let size = HumanBytes(asset.size);
    format!("{}  {} ({size}{unchanged})\n", asset.sha256, asset.name)
}
