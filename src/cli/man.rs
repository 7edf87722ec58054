//! `loom man [COMMAND…] [--to DIR]`

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::Command;
use clap_mangen::{
    Man,
    roff::{Roff, bold, roman},
};

use super::{
    CommandError, Exit, Outcome,
    context::Context,
    environment,
    examples::{self, Example},
    report::exit::EXIT_CODES,
};
use loom_runtime::config::dirs;

/// Arguments of `loom man`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Command whose page is printed, such as `get` or `store verify` [default: loom itself]
    command: Vec<String>,
    /// Write all pages to this folder
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    to: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let mut root = context.invocation.command_line();
    root.build();
    if let Some(folder) = &args.to {
        let home = std::env::home_dir();
        let folder = &dirs::expand_tilde(folder, home.as_deref()).unwrap_or_else(|| folder.clone());
        write_all(&root, folder).map_err(|e| {
            CommandError::of(Exit::Failure, &e)
                .hint(format!("check that {} can be written", folder.display()))
        })?;
        return Ok(Exit::Success);
    }
    let mut command = &root;
    for name in &args.command {
        command = command.find_subcommand(name).ok_or_else(|| {
            let path = args.command.join(" ");
            CommandError::new(Exit::Usage, format!("there is no command {path:?}"))
                .hint("see `loom --help`")
        })?;
    }
    let page = page(command).map_err(|e| CommandError::of(Exit::Failure, &e))?;
    context.printer.bytes(&page)?;
    Ok(Exit::Success)
}

/// Writes the pages of `command` and its subcommands: `loom.1`, `loom-store.1`, `loom-store-verify.1`.
fn write_all(command: &Command, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join(format!("{}.1", name(command))), page(command)?)?;
    let subcommands = command.get_subcommands().filter(|c| c.get_name() != "help");
    subcommands.into_iter().try_for_each(|command| write_all(command, folder))
}

/// The name of the page, such as `loom-store-verify`.
fn name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

/// The page in roff.
fn page(command: &Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    // The examples of the help text have a section of their own.
    let man = Man::new(command.clone().after_help(""))
        .source(concat!("loom ", env!("CARGO_PKG_VERSION")));
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    synopsis(command).to_writer(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.get_subcommands().any(|command| !command.is_hide_set()) {
        man.render_subcommands_section(&mut page)?;
    }
    let path = name(command).trim_start_matches("loom").trim_start_matches('-').replace('-', " ");
    let examples = examples::of(&path).iter().map(|Example { line, does }| (*line, *does));
    section("EXAMPLES", examples).to_writer(&mut page)?;
    let variables = environment::variables().map(|variable| (variable.name, variable.does));
    section("ENVIRONMENT", variables).to_writer(&mut page)?;
    let codes: Vec<(String, &str)> =
        EXIT_CODES.iter().map(|exit| (exit.codes(), exit.meaning)).collect();
    section("EXIT STATUS", codes.iter().map(|(code, meaning)| (code.as_str(), *meaning)))
        .to_writer(&mut page)?;
    Ok(page)
}

/// The usage line of the help text: it names the options as `[OPTIONS]`, which the next section describes.
fn synopsis(command: &Command) -> Roff {
    let usage = command.clone().render_usage().to_string();
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    roff.text([roman(usage.trim_start_matches("Usage: "))]);
    roff
}

/// A section of terms, each with its description.
fn section<'a>(title: &str, entries: impl IntoIterator<Item = (&'a str, &'a str)>) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", [title]);
    for (term, description) in entries {
        roff.control("TP", []);
        roff.text([bold(term)]);
        roff.text([roman(description)]);
    }
    roff
}
