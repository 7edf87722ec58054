//! `loom mirror serve FOLDER`

use std::{net::SocketAddr, path::PathBuf};

use serde_json::json;

use super::mirror_location::MirrorLocation;
use crate::cli::{CommandError, Exit, Outcome, context::Context, path_text::shown};
use loom_runtime::{
    acquire::SourceRuntime,
    config::Flags,
    launch::EndSignals,
    mirror::serve::{MirrorServer, PullThrough, ServeLimits, ServedFolder},
    sources::Candidate,
};

/// Arguments of `loom mirror serve`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder of the mirror
    folder: PathBuf,
    /// Address and port to listen on; port 0 is a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8180")]
    listen: SocketAddr,
    /// Let other machines connect: everybody who can reach the address can read the mirror
    #[arg(long)]
    remote: bool,
    /// Fetch what the folder does not have from this mirror, verify it, and keep it
    #[arg(long, value_name = "MIRROR")]
    pull_through: Option<MirrorLocation>,
}

pub(super) fn run(args: &Args, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let candidate =
        args.pull_through.as_ref().map(|mirror| mirror.open(context, &resolved)).transpose()?;
    if candidate.is_some() {
        std::fs::create_dir_all(&args.folder).map_err(|error| {
            let message = format!("could not make the folder {}", args.folder.display());
            let causes = vec![error.to_string()];
            CommandError { causes, ..CommandError::new(Exit::Failure, message) }
        })?;
    }
    SourceRuntime::default().block_on(serve(args, context, candidate))?
}

async fn serve(args: &Args, context: &Context, candidate: Option<Candidate>) -> Outcome {
    let folder = ServedFolder::open(&args.folder)?;
    let shown_folder = shown(folder.path());
    let pull = match candidate {
        Some(candidate) => Some(PullThrough::open(candidate.source, &folder).await?),
        None => None,
    };
    let limits = ServeLimits::default();
    let mut signals = EndSignals::listen().map_err(|error| CommandError {
        causes: vec![error.to_string()],
        ..CommandError::new(Exit::Failure, "could not handle signals")
    })?;
    let server = MirrorServer::bind(args.listen, args.remote, folder, pull, limits).await?;
    let url = format!("http://{}/", server.address());
    let document = json!({"schema": 1, "url": url, "folder": shown_folder});
    context.printer.answer(&document, || url.clone())?;
    context.printer.message("press Ctrl+C to stop");
    server.run(async { _ = signals.next().await }).await;
    Ok(Exit::Success)
}
