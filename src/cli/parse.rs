//! Finds the command that was typed and builds the parser of that one only.
//!
//! Building the parsers of all commands costs more than a warm `which` does.

use std::{
    ffi::{OsStr, OsString},
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{ArgMatches, Args as _, Command, FromArgMatches as _};

use super::{
    command::{ALL, Entry},
    exit::Exit,
    global::{Global, WITH_VALUE},
    report::Failure,
};

pub(super) struct Parsed {
    pub(super) entry: &'static Entry,
    pub(super) matches: ArgMatches,
    pub(super) global: Global,
}

/// The run ends here: help, version, or wrong usage.
pub(super) struct Stop {
    error: clap::Error,
    json: bool,
}

impl Stop {
    pub(super) fn print(self) -> ExitCode {
        if !self.error.use_stderr() {
            // The reader of a pipe may have gone; help that nobody reads is no failure.
            let _ = self.error.print();
            return ExitCode::SUCCESS;
        }
        if self.json {
            let text = self.error.render().to_string();
            let (message, _) = text.split_once("\n\nFor more").unwrap_or((&text, ""));
            let message = message.trim_start_matches("error: ").trim_end();
            let failure = Failure::new(Exit::Usage, message).hint("try `loom COMMAND --help`");
            // As above; `println!` would panic.
            let _ = writeln!(io::stdout(), "{}", failure.json());
        } else {
            let _ = self.error.print();
        }
        ExitCode::from(Exit::Usage.code())
    }
}

/// The root command with the global options and these subcommands.
fn root(entries: impl IntoIterator<Item = &'static Entry>) -> Command {
    Global::augment_args(Command::new("loom"))
        .version(env!("CARGO_PKG_VERSION"))
        .about("Finds, verifies, stores and runs the Loom agent runtime")
        .long_about(None)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(entries.into_iter().map(Entry::command))
}

/// The whole command line, for help, completions and manual pages.
pub(super) fn whole() -> Command {
    root(ALL)
}

/// The first argument that is neither an option nor the value of a global one.
fn typed(args: &[OsString]) -> Option<&OsStr> {
    let mut rest = args.iter().skip(1);
    while let Some(arg) = rest.next() {
        let text = arg.to_string_lossy();
        if WITH_VALUE.contains(&text.as_ref()) {
            rest.next();
        } else if !text.starts_with('-') {
            return Some(arg);
        }
    }
    None
}

pub(super) fn parse(args: &[OsString]) -> Result<Parsed, Stop> {
    let entry = typed(args).and_then(|name| ALL.iter().find(|entry| name == entry.name));
    let parser = entry.map_or_else(whole, |entry| root([entry]));
    let json = args.iter().take_while(|arg| *arg != "--").any(|arg| arg == "--json");
    let stop = |error| Stop { error, json };
    let mut parser = parser;
    let matches = parser.try_get_matches_from_mut(args).map_err(stop)?;
    let global = Global::from_arg_matches(&matches).map_err(stop)?;
    let (entry, matches) = match (entry, matches.subcommand()) {
        (Some(entry), Some((_, matches))) => (entry, matches.clone()),
        _ => {
            let kind = clap::error::ErrorKind::MissingSubcommand;
            return Err(stop(parser.error(kind, "no command was given")));
        }
    };
    Ok(Parsed { entry, matches, global })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_found_behind_global_options() {
        for (line, expected) in [
            ("loom which", Some("which")),
            ("loom --cache-dir get which --json", Some("which")),
            ("loom --cache-dir=x --json -vv which", Some("which")),
            ("loom --json", None),
        ] {
            let args: Vec<OsString> = line.split(' ').map(Into::into).collect();
            assert_eq!(typed(&args).and_then(OsStr::to_str), expected, "{line}");
        }
    }

    #[test]
    fn the_whole_command_line_is_consistent() {
        whole().debug_assert();
    }

    #[test]
    fn every_value_option_is_known_before_clap_runs() {
        let with_value: Vec<String> = root([])
            .get_arguments()
            .filter(|arg| arg.get_action().takes_values())
            .filter_map(|arg| arg.get_long().map(|long| format!("--{long}")))
            .collect();
        assert_eq!(with_value, WITH_VALUE);
    }
}
