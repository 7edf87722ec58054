//! `loom release sign`

use std::{path::PathBuf, time::SystemTime};

use loom_runtime::{
    config::Flags,
    release::{Placed, ReleaseFolder, sign},
};
use serde_json::json;

use super::signers;
use crate::cli::{Exit, Outcome, context::Context, path_text::shown};

/// Arguments of `loom release sign`.
#[derive(Debug, clap::Args)]
pub(super) struct ReleaseSignArgs {
    /// Folder that `loom release pack` made
    dir: PathBuf,
    /// minisign secret key: makes .minisig files [password: LOOM_SIGN_PASSWORD_FILE, else a prompt]
    #[arg(long, value_name = "KEY")]
    minisign: Option<PathBuf>,
    /// P-256 secret key in PEM, as cosign and openssl use it: makes .sig and .sigstore.json files
    #[arg(long, value_name = "KEY")]
    cosign: Option<PathBuf>,
    /// Sign with the gpg program, with its default key or this one: makes .asc files
    #[arg(long, value_name = "KEYID", num_args = 0..=1)]
    #[expect(clippy::option_option, reason = "absent, without a value, with one")]
    gpg: Option<Option<String>>,
}

pub(super) fn run(args: &ReleaseSignArgs, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let cwd = context.cwd()?;
    let mut keys = Vec::new();
    if let Some(path) = &args.minisign {
        keys.push(signers::minisign(context, &cwd.join(path))?);
    }
    if let Some(path) = &args.cosign {
        keys.push(signers::cosign(&cwd.join(path))?);
    }
    if let Some(key) = &args.gpg {
        keys.push(signers::gpg(key.clone()));
    }
    if keys.is_empty() {
        return Err(signers::none());
    }
    let folder = ReleaseFolder::read(&cwd.join(&args.dir), &resolved.binary.value)?;
    let made = sign::sign(&folder, &keys, SystemTime::now())?;
    let created = |placed: Placed| placed == Placed::Created;
    let document = json!({
        "schema": 1, "version": folder.version, "folder": shown(&folder.path),
        "signatures": made.iter().map(|file| json!({
            "name": file.name, "of": file.of, "created": created(file.placed),
        })).collect::<Vec<_>>(),
    });
    context.printer.answer(&document, || {
        let lines = made.iter().map(|file| {
            let unchanged = if created(file.placed) { "" } else { " (unchanged)" };
            format!("{}{unchanged}\n", file.name)
        });
        lines.collect()
    })?;
    Ok(Exit::Success)
}
