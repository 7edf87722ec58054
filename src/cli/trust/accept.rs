//! `loom trust accept`: the user accepts a release that changed since it was first seen.

use std::time::SystemTime;

use loom_base::time::format_rfc3339;
use loom_source::{Digest, Name, Platform, Version};
use serde_json::json;

use crate::cli::{Exit, Outcome, context::Context, version_arg};
use loom_runtime::{
    acquire::first_seen,
    config::Flags,
    trust::{Pin, PinOrigin, Pins},
};

/// Arguments of `loom trust accept`.
#[derive(Debug, clap::Args)]
pub(crate) struct Accept {
    /// Name of the program
    binary: Name,
    /// Its version
    #[arg(value_parser = version_arg::version)]
    version: Version,
    /// Its platform [default: this machine's]
    platform: Option<Platform>,
    /// Digest of its files, as the error names it that says that the release changed
    #[arg(long)]
    digest: Digest,
}

/// Keeps the digest in place of the one that was first seen.
pub(super) fn run(args: &Accept, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let mut product = context.line(&resolved)?;
    product.binary = args.binary.clone();
    product.platform = args.platform.unwrap_or(product.platform);
    let release = product.at_version(args.version.clone());
    let at = format_rfc3339(SystemTime::now());
    let pin = Pin { digest: args.digest, origin: PinOrigin::Accepted { at } };
    let before = first_seen::accept(&resolved.state_dir.value, &release, pin)?;
    let Pins { tree: before, .. } = before;
    let document = json!({
        "schema": 1, "binary": release.binary, "version": args.version, "platform": release.platform,
        "digest": args.digest,
        "before": before.as_ref().map(|pin| json!({"digest": pin.digest, "origin": pin.origin.to_string()})),
    });
    context.printer.answer(&document, || {
        let before = match &before {
            Some(Pin { digest, origin }) => format!("instead of {digest} ({origin})"),
            None => "it was not seen before".to_owned(),
        };
        let get = format!("`loom get {} --force-download` fetches it", args.version);
        format!("{release} is accepted with the digest {}; {before}; {get}", args.digest)
    })?;
    Ok(Exit::Success)
}
