//! `loom man [COMMAND | --to DIR]`

use std::path::{Path, PathBuf};

use clap::Command;

use super::{CommandError, Done, Exit, Outcome, context::Context, parse};

/// Arguments of `loom man`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The page of this command instead of the one of loom itself
    command: Option<String>,
    /// Write all pages into this folder
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    to: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let mut whole = parse::whole();
    whole.build();
    if let Some(folder) = &args.to {
        write_all(&whole, folder).map_err(|e| {
            CommandError::of(Exit::Failure, &e)
                .hint(format!("check that {} can be written", folder.display()))
        })?;
        return Ok(Done::Well);
    }
    let page = match &args.command {
        None => whole,
        Some(name) => whole.find_subcommand(name).cloned().ok_or_else(|| {
            CommandError::new(Exit::Usage, format!("there is no command {name:?}"))
                .hint("see `loom --help`")
        })?,
    };
    context.printer.bytes(&render(page)?)?;
    Ok(Done::Well)
}

fn render(command: Command) -> Result<Vec<u8>, CommandError> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut page)
        .map_err(|e| CommandError::of(Exit::Failure, &e))?;
    Ok(page)
}

fn write_all(whole: &Command, folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(whole.clone(), folder)
}
